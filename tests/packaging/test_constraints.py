"""The constraints files agree with pyproject.toml. `make constraints` writes them."""

from __future__ import annotations

import itertools

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.packaging.requirements import pins, product, pyproject


def groups() -> list[Requirement]:
    found = itertools.chain.from_iterable(pyproject()["dependency-groups"].values())
    return [Requirement(entry) for entry in found if isinstance(entry, str)]


def extras() -> list[Requirement]:
    found = itertools.chain.from_iterable(pyproject()["project"]["optional-dependencies"].values())
    return [Requirement(entry) for entry in found]


@pytest.mark.parametrize("requirement", product() + extras() + groups(), ids=str)
def test_constraints_pin_a_version_that_pyproject_allows(requirement: Requirement) -> None:
    pinned = pins("constraints.txt")[canonicalize_name(requirement.name)]

    assert requirement.specifier.contains(pinned, prereleases=True)


@pytest.mark.parametrize("requirement", product(), ids=str)
def test_lowest_constraints_pin_the_lower_bound_itself(requirement: Requirement) -> None:
    (bound,) = requirement.specifier
    pinned = pins("constraints-lowest.txt")[canonicalize_name(requirement.name)]

    assert bound.operator == ">="
    assert pinned == Version(bound.version)


def test_the_stubs_have_the_bound_of_boto3() -> None:
    bounds = {requirement.name: requirement.specifier for requirement in product() + groups()}

    assert bounds["boto3-stubs"] == bounds["boto3"]
