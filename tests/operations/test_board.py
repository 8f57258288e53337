"""`board` reads the state of the environments and their last deployments, with what explains them, and nothing twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.operations.runs import promote, release_deploy
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.operations import board as operations
from weco_deploy.operations.board import BoardReader

LINES = ("starting", "no index called works")


def deployed() -> World:
    """A world with a release in both environments."""
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    promote(world)
    world.pass_time(60)
    return world


def failing(world: World) -> None:
    world.push("search", crash(code=3, lines=LINES))
    release_deploy(world)


def test_board_has_the_deployments_to_each_environment_the_newest_first() -> None:
    world = deployed()
    failing(world)

    found = BoardReader(world.ports()).read()

    stage = [details.deployment for details in found.deployments["stage"]]
    assert [made.status for made in stage] == [DeploymentStatus.FAILED, DeploymentStatus.SUCCEEDED]
    assert [details.deployment.environment for details in found.deployments["prod"]] == ["prod"]
    assert found.project_id == ONE_AND_ONE.id
    assert all(details.release for listed in found.deployments.values() for details in listed)


def test_failure_on_the_board_has_its_log_lines() -> None:
    world = deployed()
    failing(world)

    (outcome,) = BoardReader(world.ports()).read().deployments["stage"][0].deployment.services

    assert next(failure for failure in outcome.failures if failure.kind == "task").log_lines == LINES


def test_board_tells_what_followed_a_deployment_in_its_environment() -> None:
    world = deployed()
    failing(world)

    last, first = BoardReader(world.ports()).read().deployments["stage"]

    assert first.following is not None
    assert first.following.deployment_id == last.deployment.deployment_id
    assert last.following is None


def test_board_has_no_more_deployments_than_it_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    world = deployed()
    failing(world)
    monkeypatch.setattr(operations, "LISTED", 1)

    (only,) = BoardReader(world.ports()).read().deployments["stage"]

    assert only.deployment.status is DeploymentStatus.FAILED


def test_environment_that_cannot_be_read_does_not_hide_the_others() -> None:
    world = deployed()
    world.fail("store.environment", AccessDenied("dynamodb:GetItem", "not allowed"), times=1)

    found = BoardReader(world.ports()).read()

    assert len(found.status.errors) == 1
    assert len(found.deployments) == 1


def test_board_makes_no_call_twice() -> None:
    world = deployed()
    failing(world)
    ports = world.ports()
    before = len(world.calls)

    BoardReader(ports).read()

    made = Counter(map(repr, world.calls[before:]))
    assert made
    assert {call: times for call, times in made.items() if times > 1} == {}


def test_next_look_reads_releases_and_logs_of_ended_deployments_no_more() -> None:
    world = deployed()
    failing(world)
    reader = BoardReader(world.ports())
    first = reader.read()
    before = Counter(call.name for call in world.calls)

    again = reader.read()

    made = Counter(call.name for call in world.calls) - before
    assert before["store.release"]
    assert before["logs.tail"]
    assert again.deployments == first.deployments
    assert made["store.environment"] == 2
    assert (made["store.release"], made["logs.tail"]) == (0, 0)


def test_next_look_shows_what_changed_since() -> None:
    world = deployed()
    reader = BoardReader(world.ports())
    reader.read()
    failing(world)

    last, _ = reader.read().deployments["stage"]

    assert last.deployment.status is DeploymentStatus.FAILED
    (outcome,) = last.deployment.services
    assert next(failure for failure in outcome.failures if failure.kind == "task").log_lines == LINES
    assert last.release is not None
