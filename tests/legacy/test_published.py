"""The published 5.7.4 and this version deploy alternately to the same environment."""

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
    directory = tmp_path / "published"
    directory.mkdir()
    tool = Published(Path(python).absolute(), team.sandbox.environment(), directory)
    tool.open(team.project)
    return tool


def test_stored_history_is_what_5_x_writes(team: Team, published: Published, account: str) -> None:
    stored = history.read(account)

    new = history.collect(team.sandbox, published, history.make_history(published, team.sandbox))

    assert new.options == stored.options
    assert new.table == stored.table
    assert [structure(item) for item in new.items] == [structure(item) for item in stored.items]


def test_5_x_can_read_and_continue_a_history_of_this_version(team: Team, published: Published) -> None:
    first, second, third, fourth = history.make_history(published, team.sandbox)
    shown = team.json("show-deployments").json["deployments"]
    assert [deployment["release_id"] for deployment in shown] == [third, second, second, first]
    assert json.loads(team.run("show-release").out)["release_id"] == fourth

    deployed = team.json("deploy", "--release-id", first, "--environment-id", "stage", *SOON)
    rolled_back = team.json("rollback", "--environment-id", "stage", *SOON)
    prepared = team.json("prepare", "--description", "By the new one")

    assert (deployed.code, rolled_back.code, prepared.code) == (0, 0, 0)
    assert rolled_back.json["deployment"]["release_id"] == third
    new_release = prepared.json["release"]["release_id"]
    assert json.loads(published.run("show-release"))["release_id"] == new_release
    published.run("show-deployments")
    published.run(
        "deploy",
        "--release-id",
        new_release,
        "--environment-id",
        "stage",
        "--description",
        "Back again",
        "--confirmation-interval",
        "1",
    )
    assert team.json("show-deployments", "--limit", "1").json["deployments"][0]["release_id"] == new_release


def structure(value: object) -> object:
    """The keys and types of an item, without ids, times and commits, which always differ."""
    if isinstance(value, dict):
        return {key: structure(child) for key, child in value.items()}
    return [structure(child) for child in value] if isinstance(value, list) else type(value).__name__
