"""A deployment with a migration, waves and a check: each of them fails once, and the same command is run again."""

from __future__ import annotations

import pytest

from tests.operations.all_steps import with_all_steps
from tests.operations.migrations import behaviour, migrations
from tests.operations.runs import deployments, release_deploy, statuses
from tests.world import World, crash, good
from tests.world.machine import Behaves
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.steps import StepStatus

IMAGES = {"search-api": "search", "items-api": "items", "web": "web", "web-admin": "web"}


def pushed() -> tuple[World, dict[str, str]]:
    world = with_all_steps()
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.pass_time(1)
    return world, {image_id: world.push(image_id, behaviour()) for image_id in ("search", "items", "web")}


def steps(deployment: Deployment) -> dict[str, StepStatus]:
    return {step.id: step.status for step in deployment.steps}


def assert_succeeds_again(world: World, digests: dict[str, str], waves: tuple[StepStatus, ...]) -> None:
    """The same command succeeds; the migration is not repeated."""
    world.pass_time(1)
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert {image_id: world.tag(image_id, "env.stage") for image_id in digests} == digests
    for service_id, image_id in IMAGES.items():
        assert world.running(service_id, "stage") == {digests[image_id]}
    assert len(migrations(world)) == 1
    # A deployment with nothing to do does not even skip it.
    assert steps(deployment).get("migrate", StepStatus.SKIPPED) is StepStatus.SKIPPED
    assert tuple(steps(deployment)[f"wave {number}"] for number in (1, 2, 3)) == waves
    assert steps(deployment)["smoke"] is StepStatus.SUCCEEDED
    assert steps(deployments(world)[0]) == steps(deployment)


@pytest.mark.parametrize(
    ("image_id", "wave", "again"),
    [
        ("search", 1, (StepStatus.SUCCEEDED, StepStatus.SUCCEEDED, StepStatus.SUCCEEDED)),
        ("items", 2, (StepStatus.SKIPPED, StepStatus.SUCCEEDED, StepStatus.SUCCEEDED)),
    ],
)
def test_failed_wave_stops_the_deployment_and_the_same_command_goes_on_there(
    image_id: str, wave: int, again: tuple[StepStatus, ...]
) -> None:
    world, digests = pushed()
    world.before("runtime.redeploy", lambda _: world.spoil(image_id, crash()))

    failed = release_deploy(world)

    assert failed.status is DeploymentStatus.FAILED
    assert steps(failed)["migrate"] is StepStatus.SUCCEEDED
    assert steps(failed)[f"wave {wave}"] is StepStatus.FAILED
    assert steps(failed)["wave 3"] is StepStatus.PENDING
    assert steps(failed)["smoke"] is not StepStatus.SUCCEEDED
    assert not world.machine.started[1:], "only the first deployment ran the check"
    assert statuses(failed)["web"] is ServiceStatus.NOT_STARTED
    world.spoil(image_id, good())
    assert_succeeds_again(world, digests, again)


def test_failed_check_fails_the_deployment_and_the_same_command_repeats_only_the_check() -> None:
    world, digests = pushed()
    world.machine.next.append(Behaves(code=1))

    failed = release_deploy(world)

    assert failed.status is DeploymentStatus.FAILED
    assert steps(failed)["smoke"] is StepStatus.FAILED
    assert steps(failed)["wave 3"] is StepStatus.SUCCEEDED
    assert_succeeds_again(world, digests, (StepStatus.SKIPPED,) * 3)


def test_failed_migration_begins_no_wave_and_runs_no_check() -> None:
    world, _ = pushed()
    before = {image_id: world.tag(image_id, "env.stage") for image_id in IMAGES.values()}
    world.push("search", behaviour(code=3))

    failed = release_deploy(world)

    assert failed.status is DeploymentStatus.FAILED
    assert steps(failed)["migrate"] is StepStatus.FAILED
    assert {steps(failed)[f"wave {number}"] for number in (1, 2, 3)} == {StepStatus.PENDING}
    assert {image_id: world.tag(image_id, "env.stage") for image_id in before} == before
    assert not world.machine.started[1:], "only the first deployment ran the check"
