"""Two deployments at once in one process, in two threads with ports from two connections, on the sandbox."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from threading import Event

import pytest

from tests.commands.team import Team
from weco_deploy.connect import connect
from weco_deploy.errors import Interrupted
from weco_deploy.local.concurrent_calls import Workers
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.events import Progress
from weco_deploy.model.requests import DeployRequest, ReleaseRequest
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.prepare import prepare

PATIENCE = 120.0
"""Seconds."""
LONG_INTERVAL = 60.0
"""Seconds between two polls: much longer than an interrupted deployment takes to close its record."""


def deployed(
    shop: Team,
    environment: str,
    signals: Signals,
    interval: float = 0.3,
    notify: Callable[[object], None] = lambda _: None,
) -> tuple[Deployment, EnvironmentRecord]:
    """Deploy what `latest` points at with a connection of its own; also what is recorded then."""
    ports = connect(shop.project, signals, purpose=f"deploy {environment}")
    release = prepare(
        ports, ReleaseRequest(from_label="latest", description=""), lambda _: None, save=False
    ).release
    request = DeployRequest(
        release=release, environment_id=environment, description="", new_release=True, interval=interval
    )
    deployment = deploy(request, ports, lambda _: True, notify)
    return deployment, ports.store.environment(environment)


def test_two_deployments_at_once_succeed_and_each_is_on_record(shop: Team) -> None:
    pushed = shop.push_all()

    signals, threads = Signals(), Workers(2)
    begun = {name: threads.begin(partial(deployed, shop, name, signals)) for name in ("stage", "prod")}
    ended = {environment: future.result(PATIENCE) for environment, future in begun.items()}

    for environment, (deployment, record) in ended.items():
        assert deployment.status is DeploymentStatus.SUCCEEDED
        assert deployment.environment == environment
        assert record.lock is None
        assert record.current is not None
        assert record.current.deployment_id == deployment.deployment_id
        assert shop.aws.digests(f"env.{environment}") == pushed
    assert shop.aws.running("stage") == shop.aws.running("prod")


def test_signal_interrupts_two_deployments_in_other_threads_while_they_wait(shop: Team) -> None:
    shop.push("search", "slow=1000")
    signals, threads = Signals(), Workers(2)
    polled = {"stage": Event(), "prod": Event()}

    def notify(environment: str, event: object) -> None:
        if isinstance(event, Progress):
            polled[environment].set()

    with signals.installed(), signals.deferred():
        begun = [
            threads.begin(partial(deployed, shop, name, signals, LONG_INTERVAL, partial(notify, name)))
            for name in polled
        ]
        assert all(event.wait(PATIENCE) for event in polled.values())
        signal.raise_signal(signal.SIGTERM)
        ended = [future.result(LONG_INTERVAL / 2) for future in begun]

    for deployment, record in ended:
        assert deployment.status is DeploymentStatus.INTERRUPTED
        assert record.lock is None
        assert record.current is not None
        assert record.current.status is DeploymentStatus.INTERRUPTED


def test_signal_interrupts_a_read_of_an_operation_in_another_thread(shop: Team) -> None:
    signals, reading, answered = Signals(), Event(), Event()

    def unanswered() -> bool:
        reading.set()
        return answered.wait(PATIENCE)

    def operation() -> None:
        connect(shop.project, signals, purpose="read").calls.read([unanswered])

    try:
        with signals.installed(), signals.deferred():
            begun = Workers(1).begin(operation)
            assert reading.wait(PATIENCE)
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(Interrupted, match="by SIGTERM"):
                begun.result(PATIENCE / 4)
    finally:
        answered.set()
