"""One command answers a question on one screen of 80 columns and 24 rows, for a project of 40 images and 120 services."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

import pyte
import pytest

from tests.cli.desk import Desk
from tests.operations.runs import promote, release_deploy
from tests.world.behaviour import crash
from tests.world.projects import project
from tests.world.world import World
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.report.screen import Screen

COLUMNS, ROWS = 80, 24
IMAGES = [f"{part}-{number:02}" for part in ("catalogue", "search") for number in range(20)]
LARGE = project(
    {image_id: [f"{image_id}-{role}" for role in ("api", "worker", "indexer")] for image_id in IMAGES},
    project_id="shop",
)
CHANGED = IMAGES[::5]
CRASHING = CHANGED[:4]


@pytest.fixture(scope="module")
def large_world() -> World:
    """A release ran in stage and prod. A day later new images came to stage, and some of them crash there."""
    world = World.of(LARGE)
    for image_id in IMAGES:
        world.push(image_id)
    release_deploy(world)
    promote(world)
    world.pass_time(24 * 3600)
    for image_id in CHANGED:
        world.push(image_id)
    release_deploy(world)
    world.pass_time(3600)
    for image_id in CRASHING:
        world.push(image_id, crash(code=3, lines=("loading", f"no index of {image_id}")))
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(600)
    return world


@dataclass(frozen=True)
class Terminal:
    desk: Desk

    def screen(self, *arguments: str) -> str:
        """What a terminal shows after the command, with the shell's prompt below."""
        ran = self.desk.run(*arguments)
        assert ran.code == 0, ran.err
        screen = pyte.Screen(COLUMNS, ROWS)
        pyte.Stream(screen).feed((ran.err + ran.out).replace("\n", "\r\n") + "$ ")
        return " ".join(" ".join(screen.display).split())


@pytest.fixture
def terminal(
    large_world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    document = {
        "shop": {
            "name": "Shop",
            "environments": [{"id": "stage", "name": "Staging"}, {"id": "prod", "name": "Production"}],
            "image_repositories": [
                {"id": image.id, "services": [{"id": service} for service in image.services]}
                for image in LARGE.images
            ],
        }
    }
    Path(".wellcome_project").write_text(json.dumps(document))

    def screen_of(_: TextIO, now: datetime | None = None) -> Screen:
        return Screen(width=COLUMNS, height=ROWS, terminal=True, now=now)

    monkeypatch.setattr(Screen, "of", screen_of)
    return Terminal(Desk(large_world, monkeypatch, capsys))


def newest_commit(terminal: Terminal, image_id: str) -> str:
    document = terminal.desk.run("--output", "json", "show-images", "--label", "latest").json
    return str(document["images"][image_id]["ref"]).removeprefix("ref.")


def test_status_shows_what_runs_in_an_environment_since_when_and_who_deployed_it(terminal: Terminal) -> None:
    shown = terminal.screen("status", "--environment-id", "prod")

    assert "environment release deployed by state ✓ prod" in shown
    assert "1 day ago run-2 (role ci) in sync, 120 up" in shown
    assert f"{IMAGES[0]} " in shown
    assert "more images, in sync (--verbose lists all)" in shown
    assert "Can't be promoted: stage to prod: " in shown


def test_status_of_all_environments_shows_what_differs_and_what_went_wrong(terminal: Terminal) -> None:
    shown = terminal.screen("status")

    assert "environment release deployed by state ✗ stage" in shown
    assert "✓ prod" in shown
    assert f"{CRASHING[0]} " in shown
    for heading in ("Drifted", "Can't be promoted: stage to prod", "Crashed lately", "Known bad"):
        assert heading in shown
    assert "exited with 3" in shown


def test_changes_shows_what_a_promotion_would_bring(terminal: Terminal) -> None:
    shown = terminal.screen("changes")

    assert "prod..stage: " in shown
    assert newest_commit(terminal, CHANGED[-1])[:7] in shown
    assert "Images unchanged: 32 (--verbose shows all)" in shown


def test_plan_of_a_promotion_shows_what_would_be_done(terminal: Terminal) -> None:
    shown = terminal.screen("plan", "--environment-id", "prod")

    assert "Plan: deploy release" in shown
    assert "Tags that move (8 of 40):" in shown
    assert "Services that change (24 of 120)" in shown
    assert "To do: move 8 tags, redeploy 24 of 120 services." in shown


def test_changes_shows_where_a_commit_is_live(terminal: Terminal) -> None:
    commit = newest_commit(terminal, CHANGED[-1])

    shown = terminal.screen("changes", "--commit", commit)

    assert f"{commit[:7]} Change {CHANGED[-1]} once more" in shown
    assert "live in stage since" in shown.replace("live in part in", "live in")
    assert "not in prod" in shown
    assert "Releases with it, the newest first (2):" in shown


def test_show_deployment_shows_why_the_last_one_failed_and_what_to_do(terminal: Terminal) -> None:
    shown = terminal.screen("show-deployment")

    assert "✗ Release" in shown
    assert "to stage failed" in shown
    assert "by run-4 (role ci)" in shown
    assert "exit code 3" in shown
    assert f"| no index of {CRASHING[0]}" in shown
    assert "9 more services failed otherwise" in shown
    assert "Ran when it ended: " in shown
    assert "Next: " in shown
    assert "weco-deploy rollback --environment-id stage" in shown


@pytest.mark.parametrize(
    "arguments", [["changes"], ["plan", "--environment-id", "prod"], ["show-deployment"], ["status"]]
)
def test_verbose_shows_more_than_a_screen(terminal: Terminal, arguments: list[str]) -> None:
    short = terminal.desk.run(*arguments).out
    complete = terminal.desk.run("--verbose", *arguments).out

    assert "(--verbose " in short
    assert "(--verbose " not in complete
    assert len(complete.splitlines()) > ROWS > len(short.splitlines())
