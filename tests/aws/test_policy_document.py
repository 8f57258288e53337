"""A policy that is too long for IAM is split into managed policies that together allow the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from tests.world.projects import project
from weco_deploy.aws.policy import policy
from weco_deploy.aws.policy_document import PolicyDocument, Statement
from weco_deploy.model.project import Address, Environment, Project

LONG = "a-service-of-a-team-that-likes-names-with-many-words"
NAMED = Address(cluster="{environment}-cluster-of-that-team", name="{environment}-{service}")


def large(images: int) -> Project:
    return project({f"{LONG}-image-{n}": [f"{LONG}-{n}"] for n in range(images)})


def named(images: int) -> Project:
    tagged = large(images)
    return replace(tagged, addresses=dict.fromkeys(tagged.services, NAMED))


def policy_of(of: Project, *environments: Environment) -> PolicyDocument:
    return policy(of, environments or of.environments, "111122223333", read_only=False)


def allowed(policies: list[PolicyDocument]) -> set[tuple[str, ...]]:
    """Each action on each resource with each combination of tags."""
    return {entry for document in policies for statement in document.statements for entry in _of(statement)}


def _of(statement: Statement) -> Iterator[tuple[str, ...]]:
    tags = [[f"{tag}={value}" for value in values] for tag, values in statement.tags.items()]
    return product([statement.sid], statement.actions, statement.resources, *tags)


@pytest.mark.parametrize(
    "of", [large(30), named(30), large(300), named(100)], ids=["30", "30 named", "300", "100 named"]
)
def test_parts_of_a_large_project_fit_managed_policies_and_allow_the_same(of: Project) -> None:
    whole = policy_of(of)

    parts = whole.parts()

    assert whole.length > PolicyDocument.MOST_INLINE
    assert all(part.length <= PolicyDocument.MOST_MANAGED for part in parts)
    assert allowed(list(parts)) == allowed([whole])


def test_parts_are_few_enough_for_a_role() -> None:
    """IAM lets ten managed policies be attached to a role, unless the account asks for more."""
    assert len(policy_of(named(30)).parts()) <= 10
    assert len(policy_of(large(60)).parts()) <= 10


def test_statement_is_once_in_each_part() -> None:
    for part in policy_of(large(100)).parts():
        sids = [statement.sid for statement in part.statements]
        assert len(sids) == len(set(sids))


def test_policy_that_fits_has_one_part() -> None:
    small = policy_of(project({"search": ["search-api"]}))

    assert small.parts() == [small]


def test_white_space_does_not_count() -> None:
    document = PolicyDocument([Statement("A", ["ecr:PutImage"], ["*"])])

    assert document.length == len(
        '{"Version":"2012-10-17","Statement":'
        '[{"Sid":"A","Effect":"Allow","Action":["ecr:PutImage"],"Resource":["*"]}]}'
    )
