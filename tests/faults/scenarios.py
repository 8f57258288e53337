"""What is done while something goes wrong: each use case on a world of five images and eight services."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from tests.operations.all_steps import with_all_steps
from tests.operations.migrations import behaviour, migrating, migrations
from tests.operations.runs import confirm_deploy, deploy_release, release, release_deploy, request, rollback
from tests.world import Call, Killed, World, slow
from tests.world.projects import FIVE_AND_EIGHT
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.kind import Kind
from weco_deploy.model.steps import StepStatus
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.promote import running_release
from weco_deploy.operations.rollback import earlier_release

PATIENT = 400.0
"""Seconds that a second run waits for the lock of the first one, which is dead: longer than its lease."""

LEASE_AND_GRACE = 120 + 15
"""Seconds after which nobody waits for a run that is dead."""

STABLE_FOR = timedelta(seconds=10)
"""For so long the tasks of a service have been running before it counts as deployed."""

UNCERTAIN = 2
"""So many calls more or fewer a run may make than another: notes of the record come while workers change things."""


@dataclass(frozen=True)
class Scenario:
    """`environment` is where `act` deploys to; `declare` makes the world and answers the digests that must run then.

    `check` asserts what else is true when all is well.
    It is run again so many seconds after it ended, or was killed.
    """

    name: str
    environment: str
    declare: Callable[[], tuple[World, Mapping[str, str]]]
    act: Callable[[World], Deployment]
    again_after: float = 1.0
    check: Callable[[World], None] = lambda _: None


def _new_images() -> tuple[World, Mapping[str, str]]:
    world = World.of(FIVE_AND_EIGHT)
    release_deploy(world, "stage")
    return world, {image_id: world.push(image_id) for image_id in ("search", "transformer", "merger")}


def _released(world: World) -> Deployment:
    return release_deploy(world, "stage", wait_for_lock=PATIENT)


def _staged() -> tuple[World, Mapping[str, str]]:
    world, pushed = _new_images()
    release_deploy(world, "stage")
    world.push("items")  # not in stage: it must not come along
    return world, pushed


def _promoted(world: World) -> Deployment:
    ports = world.ports()
    release, new = running_release(ports, "stage", override=None)
    wanted = request(release, "prod", new_release=new, kind=Kind.PROMOTE, wait_for_lock=PATIENT)
    return deploy(wanted, ports, lambda _: True, lambda _: None)


def _twice_released() -> tuple[World, Mapping[str, str]]:
    world = World.of(FIVE_AND_EIGHT)
    first = {image_id: world.push(image_id) for image_id in ("search", "transformer")}
    release_deploy(world, "stage")
    for image_id in ("search", "transformer", "items"):
        world.push(image_id)
    release_deploy(world, "stage")
    return world, first


def _rolled_back(world: World) -> Deployment:
    ports = world.ports()
    release, new = earlier_release(ports, "stage", first_deployed(world), print)
    wanted = request(release, "stage", new_release=new, kind=Kind.ROLLBACK, wait_for_lock=PATIENT)
    return deploy(wanted, ports, lambda _: True, lambda _: None)


def first_deployed(world: World) -> str:
    """The first release that was deployed. It is named, because a rollback that is done and run again goes further."""
    deployments = world.tables[world.project.release_table].deployments.values()
    return min(deployments, key=lambda deployment: deployment.date_created).release_id


def _rolled_back_from_history(world: World) -> Deployment:
    """A rollback that names no release. Once it is done, nobody would run it again: that would go further back."""
    last = max(
        world.tables[world.project.release_table].deployments.values(),
        key=lambda deployment: deployment.date_created,
    )
    if (last.kind, last.status) == (Kind.ROLLBACK, DeploymentStatus.SUCCEEDED):
        return last
    return rollback(world, wait_for_lock=PATIENT)


def _unindexed() -> tuple[World, Mapping[str, str]]:
    """Nothing was deployed yet, and the tagging API knows no service: they are found by listing the clusters.

    All of them are behind load balancers.
    """
    world = World.of(FIVE_AND_EIGHT, indexed=False, balanced=True)
    world.scale("loader-nightly", "stage", 0)
    world.scale("search-worker", "stage", 0)
    pushed = {image_id: world.push(image_id) for image_id in ("search", "transformer")}
    release(world.ports(), save=True)
    world.settle_down()
    return world, pushed


def _latest_deployed(world: World) -> Deployment:
    return deploy_release(world, "latest", wait_for_lock=PATIENT)


def _cut_off() -> tuple[World, Mapping[str, str]]:
    """A release that was deployed by a run that was killed while it watched, long enough ago.

    One image starts slowly. The old tasks of a service are protected from scale-in until shortly before that.
    """
    world, pushed = _new_images()
    world.protect_tasks("search-api", "stage", minutes=3)
    pushed = {**pushed, "items": world.push("items", slow(200))}
    world.pass_time(1)
    world.cut_before(1, "clock.wait")
    with suppress(Killed):
        release_deploy(world, "stage")
    world.pass_time(LEASE_AND_GRACE)
    return world, pushed


def _confirmed(world: World) -> Deployment:
    return confirm_deploy(world, wait=300.0)


def _migrating() -> tuple[World, Mapping[str, str]]:
    world = migrating()
    release_deploy(world, "stage")
    return world, {"search": world.push("search", behaviour(seconds=20.0)), "items": world.push("items")}


def _all_steps() -> tuple[World, Mapping[str, str]]:
    """A migration, three waves of which the second has nothing to do, and a check."""
    world = with_all_steps()
    release_deploy(world, "stage")
    return world, {"search": world.push("search", behaviour(seconds=20.0)), "web": world.push("web")}


def assert_went_through_all_steps(world: World) -> None:
    assert_migrated_once(world, redeployed=("search-api", "web", "web-admin"))
    assert_deployed_in_waves(world)
    assert_checked(world)


def assert_checked(world: World) -> None:
    """The check ran with the release when all of its services had been running it for long enough."""
    last = world.ports().store.deployments(["stage"], 1)[0]
    assert last.steps[-1].status is StepStatus.SUCCEEDED
    assert last.steps[-1].started is not None
    assert last.steps[-1].started >= world.declared("web", "stage").primary.created_at + STABLE_FOR
    assert world.machine.started[-1].variables["DEPLOYED_RELEASE"] == last.release_id


def assert_deployed_in_waves(world: World) -> None:
    """The last wave's service was redeployed once the first wave's ran its release for long enough."""
    first, last = (world.declared(service_id, "stage").primary for service_id in ("search-api", "web"))
    assert last.created_at >= first.created_at + STABLE_FOR


def _asking() -> tuple[World, Mapping[str, str]]:
    """The same after a run that was killed when it had asked ECS for the task, before it knew the answer."""
    world, pushed = _migrating()
    world.pass_time(1)
    world.cut_after(1, "tasks.run")
    with suppress(Killed):
        release_deploy(world, "stage")
    world.pass_time(LEASE_AND_GRACE)
    return world, pushed


def assert_migrated_once(world: World, redeployed: Collection[str] = ("search-api", "items-api")) -> None:
    """The migration ran once, and succeeded with the release's image before these services were redeployed."""
    (task,) = migrations(world)
    (container,) = task.containers
    assert container.digest == world.tag("search", "env.stage")
    assert (task.status, container.exit_code) == ("STOPPED", 0)
    assert task.stopped_at is not None
    for service_id in redeployed:
        assert world.declared(service_id, "stage").primary.created_at >= task.stopped_at


RELEASE_DEPLOY = Scenario("release-deploy", "stage", _new_images, _released)
DEPLOYING = (
    RELEASE_DEPLOY,
    Scenario("promote", "prod", _staged, _promoted),
    Scenario("rollback", "stage", _twice_released, _rolled_back),
    Scenario("rollback to what history tells", "stage", _twice_released, _rolled_back_from_history),
    Scenario("deploy to services found by listing", "stage", _unindexed, _latest_deployed),
    Scenario(
        "release-deploy with a task, waves and a check",
        "stage",
        _all_steps,
        _released,
        check=assert_went_through_all_steps,
    ),
    Scenario("release-deploy with a task", "stage", _migrating, _released, check=assert_migrated_once),
    Scenario(
        "release-deploy that goes on with a task", "stage", _asking, _released, check=assert_migrated_once
    ),
)
CONFIRM = Scenario("confirm-deploy", "stage", _cut_off, _confirmed, again_after=LEASE_AND_GRACE)
SCENARIOS = (*DEPLOYING, CONFIRM)


def declared(scenario: Scenario) -> tuple[World, Mapping[str, str]]:
    """The scenario's world a moment later: what is recorded from now on is newer."""
    world, wanted = scenario.declare()
    world.pass_time(1)
    return world, wanted


def made_by(scenario: Scenario) -> list[Call]:
    """The calls that it makes when nothing goes wrong, in order."""
    world, _ = declared(scenario)
    before = len(world.calls)
    assert scenario.act(world).status is DeploymentStatus.SUCCEEDED
    return world.calls[before:]


def calls_of(scenario: Scenario) -> list[str]:
    """The names of these calls."""
    return [call.name for call in made_by(scenario)]


def assert_right(world: World, scenario: Scenario, wanted: Mapping[str, str], last: Deployment) -> None:
    """All is as if nothing had gone wrong: tags, what runs, the record, the lock."""
    environment = scenario.environment
    record = world.ports().store.environment(environment)
    assert last.status is DeploymentStatus.SUCCEEDED
    for image_id, digest in wanted.items():
        assert world.tag(image_id, f"env.{environment}") == digest
        assert record.images[image_id].digest == digest
    for service_id, image_ids in world.project.services.items():
        running = world.running(service_id, environment)
        tags = {world.tag(image_id, f"env.{environment}") for image_id in image_ids}
        assert running == (tags if world.declared(service_id, environment).desired else set()), service_id
    assert record.lock is None
    assert record.current is not None
    assert record.current.release_id == last.release_id
    assert record.current.status is DeploymentStatus.SUCCEEDED
    assert record.good == record.current
    scenario.check(world)
    recorded = world.ports().store.deployments([environment], 50)
    assert all(deployment.finished for deployment in recorded), [deployment.status for deployment in recorded]
    assert recorded[0].deployment_id == last.deployment_id
