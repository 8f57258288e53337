"""Other people redeploy, delete and create services again while the tool deploys to them."""

from __future__ import annotations

from random import Random

import pytest

from tests.operations.runs import deployments, recorded, release_deploy, statuses
from tests.world import Behaviour, Call, World, crash, good, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

SEARCH = ("search-api", "stage")
SEEDS = 120
LONGEST_LAG = 3.0


def deployed_before(behaviour: Behaviour | None = None, **options: bool) -> tuple[World, str]:
    """A world with a good release deployed, and a new image pushed. The digest of that."""
    world = World.of(ONE_AND_ONE, **options)  # type: ignore[arg-type]  # options of a service
    world.push("search")
    release_deploy(world)
    world.pass_time(60)
    return world, world.push("search", behaviour)


def test_somebodys_redeployment_of_the_same_image_is_followed_and_recorded() -> None:
    world, new = deployed_before(slow(60))
    theirs: list[str] = []
    world.at(30, lambda: theirs.append(world.somebody_redeploys(*SEARCH)))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running(*SEARCH) == {new}
    (service,) = deployment.services
    assert service.ecs_deployment_id == theirs[0]
    assert f"by a later deployment, {theirs[0]}, of the same images" in service.reason
    assert recorded(world).services["search-api"].ecs_deployment_id == theirs[0]
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.UNCHANGED}


def test_new_task_definition_that_uses_the_same_tag_is_followed() -> None:
    world, new = deployed_before(slow(60))
    world.at(30, lambda: world.redefine(*SEARCH, "env.stage"))

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert world.running(*SEARCH) == {new}
    assert world.count("runtime.defined") <= 3, "each task definition is read once"


def test_new_task_definition_that_uses_another_tag_supersedes_ours_and_nothing_is_rolled_back() -> None:
    world, new = deployed_before(slow(60))
    world.at(30, lambda: world.redefine(*SEARCH, "latest"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert statuses(deployment) == {"search-api": ServiceStatus.SUPERSEDED}
    assert "it was not rolled back" in deployment.reason
    assert world.tag("search", "env.stage") == new
    assert len(deployments(world)) == 2


def test_redeployment_of_another_image_supersedes_ours() -> None:
    world, new = deployed_before(slow(60))
    other = world.push("search")

    def deploys_another() -> None:
        world.point("search", "env.stage", other)
        world.somebody_redeploys(*SEARCH)

    world.point("search", "latest", new)
    world.at(30, deploys_another)

    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUPERSEDED}


def test_waiting_time_is_not_restarted_for_a_deployment_that_is_followed() -> None:
    world, _ = deployed_before(slow(60))
    world.at(30, lambda: world.somebody_redeploys(*SEARCH))
    began = world.now()

    deployment = release_deploy(world, wait=80.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert (world.now() - began).total_seconds() == pytest.approx(80, abs=5)
    assert deployment.rollback is None


def test_followed_deployment_that_fails_is_named_and_nothing_is_rolled_back() -> None:
    world, _ = deployed_before(crash(), breaker=False)
    theirs: list[str] = []
    world.at(20, lambda: theirs.append(world.somebody_redeploys(*SEARCH)))

    deployment = release_deploy(world, rollback_on_failure=True)

    (service,) = deployment.services
    assert deployment.status is DeploymentStatus.FAILED
    assert service.status is ServiceStatus.SUPERSEDED
    assert f"a later deployment, {theirs[0]}, took over from ours" in service.reason
    assert "and failed: " in service.reason
    assert service.failures
    assert deployment.rollback is None
    assert recorded(world).services["search-api"].failed


def test_deleted_service_is_waited_for_until_the_time_is_over_and_nothing_is_rolled_back() -> None:
    world, new = deployed_before(slow(60))
    world.at(30, lambda: world.delete_service(*SEARCH))

    deployment = release_deploy(world, wait=120.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert deployment.services[0].reason == "the service was deleted: waiting for somebody to create it again"
    assert deployment.rollback is None
    assert world.tag("search", "env.stage") == new


def test_service_that_is_deleted_and_created_again_is_followed() -> None:
    world, new = deployed_before(slow(60))
    world.at(30, lambda: world.trouble(*SEARCH, "recreated"))

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running(*SEARCH) == {new}
    assert "by a later deployment" in deployment.services[0].reason


# Reads that lag


@pytest.mark.parametrize(
    "share", [0, *(pytest.param(share, marks=pytest.mark.exhaustive) for share in range(1, 4))]
)
def test_redeployment_just_before_ours_is_an_old_answer_whatever_the_reads_lag(share: int) -> None:
    for seed in range(share, SEEDS, 4):
        chance = Random(seed)  # noqa: S311 - a generated history, the same each time
        world, new = deployed_before(good())

        def redeploys_the_old_image(
            _: Call, world: World = world, ahead: float = chance.uniform(1, 30)
        ) -> None:
            world.somebody_redeploys(*SEARCH)
            world.pass_time(ahead)

        world.before("registry.point", redeploys_the_old_image)
        world.lag(lambda chance=chance: chance.uniform(0, LONGEST_LAG))  # type: ignore[misc]  # mypy can't infer defaults of a lambda

        deployment = release_deploy(world, interval=1.0)

        assert deployment.status is DeploymentStatus.SUCCEEDED, f"seed {seed}: {deployment.services}"
        assert world.running(*SEARCH) == {new}, f"seed {seed}"


@pytest.mark.parametrize("new_id", [True, False])
def test_rollback_by_ecs_is_a_failure_whatever_the_reads_lag(new_id: bool) -> None:
    for seed in range(20):
        chance = Random(seed)  # noqa: S311 - as above
        world, _ = deployed_before(crash(code=7))
        world.ecs.simulation.settings.rollback_has_new_id = new_id
        if chance.random() < 0.5:
            world.before("runtime.redeploy", lambda _, world=world: world.somebody_redeploys(*SEARCH))  # type: ignore[misc]  # as above
        world.lag(lambda chance=chance: chance.uniform(0, LONGEST_LAG))  # type: ignore[misc]  # as above

        deployment = release_deploy(world, interval=chance.choice([1.0, 5.0, 10.0]))

        assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}, f"seed {seed}"
