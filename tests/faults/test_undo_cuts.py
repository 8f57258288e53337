"""The tool is killed at every change of a deployment that fails and is rolled back; then it is run again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.points import kills
from tests.faults.progress import Before, assert_progress_recorded
from tests.faults.scenarios import PATIENT, UNCERTAIN
from tests.figures import Count
from tests.operations.runs import deployments, recorded, release_deploy
from tests.world import Call, Killed, World, crash
from tests.world.projects import project
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.project import Project

AT_ONCE = project({"search": ["search-api"], "items": ["items-api", "items-worker"]})
IN_WAVES = replace(AT_ONCE, after={"items-api": ("search-api",), "items-worker": ("items-api",)})
"""The second of three waves fails, so that two are undone, backwards."""
SHARES = 2


def bad(built: Project) -> tuple[World, dict[str, str]]:
    """A world whose good release is deployed, with new images pushed of which one is bad. The good digests."""
    world = World.of(built, breaker=False)
    good = {image_id: world.push(image_id) for image_id in ("search", "items")}
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    world.push("items", crash())
    world.pass_time(1)
    return world, good


def act(world: World) -> Deployment:
    return release_deploy(world, rollback_on_failure=True, wait_for_lock=PATIENT)


def made(built: Project = AT_ONCE) -> list[Call]:
    """The calls that it makes when nothing kills it, in order."""
    world, _ = bad(built)
    before = len(world.calls)
    assert act(world).status is DeploymentStatus.ROLLED_BACK
    return world.calls[before:]


def calls() -> list[str]:
    """The names of these calls."""
    return [call.name for call in made()]


@pytest.mark.parametrize("built", [AT_ONCE, IN_WAVES], ids=["at once", "in waves"])
@pytest.mark.parametrize("share", range(SHARES))
def test_an_undoing_that_was_killed_anywhere_is_made_good_by_running_it_again(
    built: Project, share: int, count: Count
) -> None:
    points, killed = kills(made(built))[share::SHARES], 0
    for cut, nth in points:
        world, good = bad(built)
        before = Before.of(world, "stage")
        getattr(world, cut)(nth)
        try:
            act(world)
        except Killed:
            killed += 1
            assert_progress_recorded(world, "stage", before, cut)
        world.pass_time(1)

        last = act(world)

        assert last.status is DeploymentStatus.ROLLED_BACK
        assert last.rollback is not None
        world.settle_down()
        for image_id, digest in good.items():
            assert world.tag(image_id, "env.stage") == digest
        for service_id, image_ids in built.services.items():
            assert world.running(service_id, "stage") == {good[image_id] for image_id in image_ids}
        record = recorded(world)
        assert record.lock is None
        assert record.current is not None
        assert record.current.deployment_id == last.rollback.deployment_id
        assert record.current == record.good
        assert {image_id: one.digest for image_id, one in record.images.items()} == good
        assert all(deployment.finished for deployment in deployments(world))
    assert killed >= len(points) - UNCERTAIN
    count("in process: kills at each change of a deployment that is rolled back, made good", killed)
