"""Whole deployments while somebody else follows their events, who may be slow, blocked or broken."""

import threading
from collections.abc import Callable

import pytest

from tests.operations.runs import release, release_deploy, request
from tests.world import World
from tests.world.behaviour import crash
from tests.world.projects import project
from weco_deploy.local.event_sinks import EventDispatcher, Sink
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import Claimed, Envelope, Event, Settled
from weco_deploy.operations.deploy import deploy

IN_TIME = 60.0


def followed(
    world: World, sink: Sink, *, rollback: bool = False
) -> tuple[Deployment, EventDispatcher, list[Event]]:
    """Deploy what is latest, with a sink besides the terminal."""
    ports = world.ports()
    shown: list[Event] = []
    dispatcher = EventDispatcher(shown.append, {"follower": sink}, environment="stage", now=ports.clock.utc)
    wanted = request(release(ports, "latest"), rollback_on_failure=rollback)
    return deploy(wanted, ports, lambda _: True, dispatcher), dispatcher, shown


def pushed() -> World:
    world = World.of(project(images={"search": ["search-api"]}))
    world.push("search")
    return world


def blocks(until: threading.Event) -> Sink:
    def sink(_: Envelope) -> None:
        until.wait(IN_TIME)

    return sink


def raises(_: threading.Event) -> Sink:
    def sink(_: Envelope) -> None:
        raise ConnectionError("nobody answers")

    return sink


def is_slow(until: threading.Event) -> Sink:
    def sink(_: Envelope) -> None:
        until.wait(0.05)

    return sink


@pytest.mark.parametrize("bad", [blocks, raises, is_slow])
def test_a_bad_sink_changes_no_call_no_renewal_and_no_verdict(
    bad: Callable[[threading.Event], Sink],
) -> None:
    alone, accompanied = pushed(), pushed()
    undisturbed = release_deploy(alone)
    released = threading.Event()
    try:
        deployment, dispatcher, shown = followed(accompanied, bad(released))
    finally:
        released.set()
    dispatcher.close(IN_TIME)

    assert deployment.status is undisturbed.status is DeploymentStatus.SUCCEEDED
    assert isinstance(shown[-1], Settled)
    renewals = [world.count("store.renew") + world.count("store.note") for world in (alone, accompanied)]
    assert renewals[0] == renewals[1]


def test_the_envelopes_of_an_automatic_rollback_name_the_rollback() -> None:
    world = pushed()
    release_deploy(world)
    world.push("search", crash())
    envelopes: list[Envelope] = []

    deployment, dispatcher, shown = followed(world, envelopes.append, rollback=True)
    dispatcher.close(IN_TIME)

    assert deployment.rollback is not None
    first, rollback = deployment.deployment_id, deployment.rollback.deployment_id
    assert [envelope.event for envelope in envelopes] == shown
    claims = [position for position, event in enumerate(shown) if isinstance(event, Claimed)]
    assert len(claims) == 2
    named = [envelope.deployment_id for envelope in envelopes]
    assert set(named[claims[0] : claims[1]]) == {first}
    assert set(named[claims[1] : -1]) == {rollback}
    assert [event.deployment for event in shown if isinstance(event, Settled)] == [
        deployment.rollback,
        deployment,
    ]
    assert named[-2:] == [rollback, first]
    assert {envelope.environment for envelope in envelopes} == {"stage"}
