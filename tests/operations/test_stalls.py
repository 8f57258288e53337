"""AWS gives no answer for minutes while a deployment holds its environment: the lease is kept, and a signal heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from tests.operations.runs import deployments, recorded, release_deploy, statuses
from tests.world import Call, World, crash, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

PATIENCE = 30.0
"""Real seconds after which what never comes fails the test instead of hanging it."""
QUICKLY = 0.01
"""Real seconds between two looks at lease and signals while a call is awaited."""
LEASE = 120
LONGER_THAN_LEASE_AND_GRACE = 150

SELDOM = 60.0
"""Seconds between polls: the circuit breaker trips before stopped tasks are listed for another reason."""

POLL = ("runtime.describe", "runtime.tasks_listed", "runtime.tasks")
DIAGNOSIS = ("runtime.tasks", "runtime.defined", "logs.tail")
"""After the list of stopped tasks."""
UNDOING = (
    "store.environment",
    "store.deployments",
    "store.deployment",
    "store.release",
    "check_account",
    "runtime.tagged",
    "registry.repositories",
    "registry.manifest_and_tag",
)
"""Reads that a rollback begins with, and that watching does not make."""


class Stall:
    """A call that takes minutes of the world's time, in which the lease must be renewed."""

    def __init__(self, world: World) -> None:
        self.happened = False
        self._world = world
        self._renewed = Event()
        world.after("store.renew", lambda _: self._renewed.set(), times=1000)

    def __call__(self, _: Call) -> None:
        self.happened = True
        for _quarter in range(0, LONGER_THAN_LEASE_AND_GRACE, LEASE // 4):
            self._renewed.clear()
            self._world.pass_time(LEASE // 4)
            # If the time passed while the renewal before was being noted, the next one is due a little later.
            for _attempt in range(LEASE // 4):
                if self._renewed.wait(PATIENCE / LEASE):
                    break
                self._world.pass_time(1)
            assert self._renewed.wait(PATIENCE), "the lease was not renewed"


class Silence:
    """A call during which a signal comes, and which is not answered before the test is over."""

    def __init__(self) -> None:
        self.happened = False
        self.over = Event()

    def __call__(self, call: Call) -> None:
        self.happened = True
        call.run.signal()
        assert self.over.wait(PATIENCE), "the call was waited for"


@pytest.fixture
def silence() -> Iterator[Silence]:
    silence = Silence()
    yield silence
    silence.over.set()


def when_watching(world: World, name: str, act: Callable[[Call], None]) -> None:
    """Have it happen at the first call of that name after the service was redeployed."""
    world.after("runtime.redeploy", lambda _: world.before(name, act))


def when_diagnosing(world: World, name: str, act: Callable[[Call], None]) -> None:
    """Have it happen at the first call of that name after stopped tasks were listed to find out why it failed.

    Polls list stopped tasks, too, but by then ECS has not rolled the service back yet.
    """

    def once_redeployed(_: Call) -> None:
        ours = primary(world)

        def once_rolled_back(_: Call) -> None:
            if primary(world) != ours:
                world.before(name, act)

        world.after("runtime.tasks_listed", once_rolled_back, about="STOPPED", times=1000)

    world.after("runtime.redeploy", once_redeployed)


def primary(world: World) -> str:
    (deployment,) = [
        deployment
        for deployment in world.declared("search-api", "stage").deployments
        if deployment.status == "PRIMARY"
    ]
    return deployment.id


def slow_image() -> World:
    world = World.of(ONE_AND_ONE)
    world.interval = QUICKLY
    world.push("search", slow(30))
    return world


def bad_image() -> World:
    """The circuit breaker counts its stops, so that stopped tasks are listed only to find out why it failed."""
    world = World.of(ONE_AND_ONE, breaker=True)
    world.interval = QUICKLY
    world.push("search")
    release_deploy(world)
    world.pass_time(1)
    world.push("search", crash())
    return world


# The lease.


@pytest.mark.parametrize("name", POLL)
def test_a_poll_that_stalls_for_longer_than_the_lease_does_not_lose_it(name: str) -> None:
    world = slow_image()
    stall = Stall(world)
    when_watching(world, name, stall)

    deployment = release_deploy(world, lease=LEASE)

    assert stall.happened
    assert deployment.status is DeploymentStatus.SUCCEEDED


@pytest.mark.parametrize("name", DIAGNOSIS)
def test_finding_out_why_it_failed_does_not_lose_the_lease_either(name: str) -> None:
    world = bad_image()
    stall = Stall(world)
    when_diagnosing(world, name, stall)

    deployment = release_deploy(world, lease=LEASE, interval=SELDOM)

    assert stall.happened
    assert deployment.status is DeploymentStatus.FAILED
    assert deployments(world)[0].status is DeploymentStatus.FAILED


@pytest.mark.parametrize("name", UNDOING)
def test_nor_does_the_observing_before_a_rollback(name: str) -> None:
    world = bad_image()
    good = world.tag("search", "env.stage")
    stall = Stall(world)
    when_watching(world, name, stall)

    deployment = release_deploy(world, lease=LEASE, rollback_on_failure=True)

    assert stall.happened
    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == good


# Signals.


@pytest.mark.parametrize("name", POLL)
def test_a_signal_during_a_poll_without_an_answer_settles_the_deployment_at_once(
    name: str, silence: Silence
) -> None:
    world = slow_image()
    when_watching(world, name, silence)

    deployment = release_deploy(world)

    assert silence.happened
    assert not silence.over.is_set()
    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert "confirm-deploy" in deployment.reason
    assert deployments(world)[0].status is DeploymentStatus.INTERRUPTED
    assert recorded(world).lock is None


@pytest.mark.parametrize("name", DIAGNOSIS)
def test_a_signal_while_it_is_found_out_why_a_service_failed_keeps_that_it_did(
    name: str, silence: Silence
) -> None:
    world = bad_image()
    when_diagnosing(world, name, silence)

    deployment = release_deploy(world, interval=SELDOM)

    assert silence.happened
    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert statuses(deployment) == {"search-api": ServiceStatus.FAILED}
    assert statuses(deployments(world)[0]) == {"search-api": ServiceStatus.FAILED}
    assert recorded(world).lock is None


@pytest.mark.parametrize("name", UNDOING)
def test_a_signal_before_a_rollback_has_begun_leaves_the_deployment_failed(
    name: str, silence: Silence
) -> None:
    world = bad_image()
    bad = world.tag("search", "latest")
    when_watching(world, name, silence)

    deployment = release_deploy(world, rollback_on_failure=True)

    assert silence.happened
    assert deployment.status is DeploymentStatus.FAILED
    assert "it could not be rolled back: interrupted" in deployment.reason
    assert world.tag("search", "env.stage") == bad
    assert recorded(world).lock is None


# The waiting time.


def test_answers_that_never_come_do_not_prolong_the_waiting_time_by_much() -> None:
    world = slow_image()
    over = Event()

    def never(_: Call) -> None:
        world.pass_time(80)
        assert over.wait(PATIENCE), "the call was waited for"

    world.after("runtime.redeploy", lambda _: world.before("runtime.describe", never, times=100))
    begun = world.now()
    try:
        deployment = release_deploy(world, wait=60.0, interval=1.0)
    finally:
        over.set()

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert "had not answered" in deployment.reason
    assert (world.now() - begun).total_seconds() < 400
    assert world.count("runtime.describe") <= 5
