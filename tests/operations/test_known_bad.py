"""A plan warns of images that failed in the environment, or were rolled back from it."""

from __future__ import annotations

from tests.operations.runs import Told, deploy_release, release_deploy, rollback
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.events import Claimed


def warnings(told: Told) -> list[str]:
    (claimed,) = [event for event in told.events if isinstance(event, Claimed)]
    assert claimed.plan is not None
    return [warning for warning in claimed.plan.warnings if "this image" in warning]


def test_plan_warns_of_an_image_that_failed_here() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.push("search", crash())
    failed = release_deploy(world, rollback_on_failure=True)
    world.pass_time(60)
    told = Told()

    release_deploy(world, told=told)

    (warning,) = warnings(told)
    assert warning == (
        f"search: this image failed here on {failed.date_created:%Y-%m-%d %H:%M}Z "
        f"(deployment {failed.deployment_id[:8]})"
    )


def test_plan_warns_of_an_image_that_was_rolled_back_from_here_until_it_is_deployed_again() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.pass_time(1)
    world.push("search")
    second = release_deploy(world)
    world.pass_time(1)
    undone = rollback(world)
    world.pass_time(1)
    told, later = Told(), Told()

    release_deploy(world, told=told)
    world.push("search")
    release_deploy(world)
    world.pass_time(1)
    deploy_release(world, second.release_id, told=later)

    assert warnings(told) == [
        f"search: this image was rolled back from here on {undone.date_created:%Y-%m-%d %H:%M}Z "
        f"(deployment {undone.deployment_id[:8]})"
    ]
    assert warnings(later) == []


def test_plan_for_another_environment_does_not_warn() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)
    world.push("search", crash())
    release_deploy(world)
    told = Told()

    release_deploy(world, "prod", told=told)

    assert warnings(told) == []
