"""What pyproject.toml asks for, and what the constraints files pin."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.packaging.action_file import ROOT


def pyproject() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def product() -> list[Requirement]:
    """What the tool itself needs, and what `publish` needs besides."""
    project = pyproject()["project"]
    return [
        Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["publish"]
    ]


def pins(name: str) -> dict[str, Version]:
    """The version of each package in a constraints file, on this Python and platform."""
    lines = (ROOT / name).read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    return {
        canonicalize_name(requirement.name): Version(str(requirement.specifier).removeprefix("=="))
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    }
