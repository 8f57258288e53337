"""Which value counts: the flag's or variable's, the project file's, or the default."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.snapshots import release
from weco_deploy.model.kind import Kind
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DEFAULT_STABLE_FOR, ConfirmRequest, DeployRequest
from weco_deploy.rules import precedence


def request(**options: Any) -> DeployRequest:
    return DeployRequest(release=release(), environment_id="stage", description="", **options)


def stage(**keys: Any) -> Environment:
    return Environment(id="stage", name="Stage", **keys)


@pytest.mark.parametrize(
    ("given", "in_file", "expected"),
    [
        (None, None, DEFAULT_STABLE_FOR),
        (None, 30.0, 30.0),
        (None, 0.0, 0.0),
        (5.0, 30.0, 5.0),
        (0.0, 30.0, 0.0),
    ],
)
def test_stable_for(given: float | None, in_file: float | None, expected: float) -> None:
    assert precedence.stable_for(request(stable_for=given), stage(stable_for=in_file)) == expected
    asked = ConfirmRequest(environment_id="stage", stable_for=given)
    assert precedence.stable_for(asked, stage(stable_for=in_file)) == expected


@pytest.mark.parametrize(
    ("given", "in_file", "kind", "expected"),
    [
        (None, "leave", Kind.DEPLOY, False),
        (None, "rollback", Kind.DEPLOY, True),
        (None, "rollback", Kind.ROLLBACK, False),
        (True, "leave", Kind.ROLLBACK, True),
        (False, "rollback", Kind.DEPLOY, False),
    ],
)
def test_rollback_on_failure(given: bool | None, in_file: str, kind: Kind, expected: bool) -> None:
    wanted = precedence.rollback_wanted(
        request(rollback_on_failure=given, kind=kind), stage(on_failure=in_file)
    )
    assert wanted is expected
