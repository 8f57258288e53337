"""Tasks before the restart, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.operations.migrations import behaviour, define, with_tasks
from tests.world import World

PROJECT_FILE = """
sample:
  environments:
    - id: stage
      before:
        - {id: migrate, task_definition: "migrate-{environment}", command: [migrate, --all], like: search-api}
    - id: prod
  image_repositories:
    - {id: search, services: [search-api]}
    - {id: items, services: [items-api]}
"""


@pytest.fixture
def migrating_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A command line in a directory with a project whose deployments to stage run a task."""
    (tmp_path / ".wellcome_project").write_text(PROJECT_FILE)
    monkeypatch.chdir(tmp_path)
    world = World.of(with_tasks())
    define(world)
    return Desk(world, monkeypatch, capsys)


def test_plan_shows_the_task_its_command_and_which_tags_move_before_it(migrating_desk: Desk) -> None:
    migrating_desk.world.push("search")
    migrating_desk.world.push("items")

    ran = migrating_desk.run("--dry-run", "release-deploy", "--environment-id", "stage")
    planned = migrating_desk.run("--dry-run", "--output", "json", "release-deploy").json["plan"]

    text = ran.out + ran.err
    assert ran.code == 0
    assert "Tasks before the services restart (1):" in text
    assert "migrate --all" in text
    assert "Before them move the tags of search; the others move after they have succeeded." in text
    assert "move 2 tags, run migrate, redeploy all 2 services" in text
    (step,) = planned["steps"]
    assert step["task_definition"].endswith("task-definition/migrate-stage:1")
    del step["task_definition"], step["cluster"]
    assert step == {
        "id": "migrate",
        "kind": "before",
        "action": "run",
        "why": "",
        "container": "migrate",
        "command": ["migrate", "--all"],
        "images": ["search"],
    }


def test_failed_task_is_told_with_its_log_and_that_what_it_did_remains(migrating_desk: Desk) -> None:
    migrating_desk.world.push("search", behaviour(code=3, lines=("no such column",)))

    ran = migrating_desk.run("--confirm", "release-deploy")

    assert ran.code == 1
    assert "migrate | no such column" in ran.err
    assert "✗ migrate (before) failed after" in ran.out
    assert "| no such column" in ran.out
    assert "  what migrate did remains; after fixing the cause, run it again:" in ran.out
    assert "confirm-deploy" not in ran.out  # nothing restarted, so there is nothing to look at
    assert "1 tag to move, migrate to run, 1 service to redeploy" in ran.err
    shown = migrating_desk.run("show-deployment")
    assert "✗ migrate (before) failed after" in shown.out
    assert "| no such column" in shown.out


def test_step_option_says_that_a_task_is_done(migrating_desk: Desk) -> None:
    migrating_desk.world.push("search")
    ran = migrating_desk.run("--confirm", "--output", "json", "release-deploy", "--step", "migrate=done")
    assert ran.code == 0
    (step,) = ran.json["deployment"]["steps"]
    assert step["status"] == "skipped"


@pytest.mark.parametrize("given", ["migrate", "migrate=maybe", "=done"])
def test_step_option_takes_only_done_and_run(migrating_desk: Desk, given: str) -> None:
    ran = migrating_desk.run("release-deploy", "--step", given)
    assert ran.code == 2
    assert f"{given!r} is not the id of a step with =done or =run" in ran.err


def test_unpinned_service_is_refused_with_what_to_do(migrating_desk: Desk) -> None:
    world = migrating_desk.world
    world.delete_service("search-api", "stage")
    world.service("search-api", "stage", ["search"], name="search-unpinned", pins_tags=False)
    world.push("search")
    ran = migrating_desk.run("--confirm", "release-deploy")
    assert ran.code == 1
    assert "is not pinned" in ran.err
    assert "--allow-unpinned" in ran.err
