"""The published 5.7.4 and this version take turns on one environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.commands.team import SOON, Team
from tests.legacy import history
from tests.legacy.published import PYTHON_VARIABLE, Published

pytestmark = pytest.mark.e2e


@pytest.fixture
def published(team: Team, tmp_path: Path) -> Published:
    python = os.environ.get(PYTHON_VARIABLE)
    if not python:
        pytest.skip(
            f"{PYTHON_VARIABLE} does not name a Python with weco-deploy 5.7.4: `make test-e2e` installs one"
        )
    there = tmp_path / "published"
    there.mkdir()
    found = Published(Path(python).absolute(), team.sandbox.environment(), there)
    found.open(team.project)
    return found


def test_the_kept_history_is_what_5_x_writes(team: Team, published: Published, account: str) -> None:
    kept = history.read(account)

    now = history.taken(team.sandbox, published, history.happen(published, team.sandbox))

    assert now.options == kept.options
    assert now.table == kept.table
    assert [shape(item) for item in now.items] == [shape(item) for item in kept.items]


def test_a_history_goes_on_and_5_x_can_still_read_it(team: Team, published: Published) -> None:
    first, second, third, fourth = history.happen(published, team.sandbox)
    shown = team.json("show-deployments").json["deployments"]
    assert [each["release_id"] for each in shown] == [third, second, second, first]
    assert json.loads(team.run("show-release").out)["release_id"] == fourth

    deployed = team.json("deploy", "--release-id", first, "--environment-id", "stage", *SOON)
    rolled_back = team.json("rollback", "--environment-id", "stage", *SOON)
    made = team.json("prepare", "--description", "By the new one")

    assert (deployed.code, rolled_back.code, made.code) == (0, 0, 0)
    assert rolled_back.json["deployment"]["release_id"] == third
    new = made.json["release"]["release_id"]
    assert json.loads(published.run("show-release"))["release_id"] == new
    published.run("show-deployments")
    published.run(
        "deploy",
        "--release-id",
        new,
        "--environment-id",
        "stage",
        "--description",
        "Back again",
        "--confirmation-interval",
        "1",
    )
    assert team.json("show-deployments", "--limit", "1").json["deployments"][0]["release_id"] == new


def shape(value: object) -> object:
    """An item without what differs each time: the ids, the times, the commits."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__
