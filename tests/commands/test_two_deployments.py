"""Two deployments at once in one process, in two threads with ports from two connections, on the sandbox."""

from __future__ import annotations

from functools import partial

from tests.commands.team import Team
from weco_deploy.connect import connect
from weco_deploy.local.concurrent_calls import Workers
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.release import prepare

PATIENCE = 120.0
"""Seconds."""


def deployed(shop: Team, environment: str) -> tuple[Deployment, EnvironmentRecord]:
    """Deploy what `latest` points at with a connection of its own; also what is recorded then."""
    ports = connect(shop.project, Signals(), purpose=f"deploy {environment}")
    release = prepare(ports, from_label="latest", description="", save=False).release
    request = DeployRequest(
        release=release, environment_id=environment, description="", new_release=True, interval=0.3
    )
    deployment = deploy(request, ports, lambda _: True, lambda _: None)
    return deployment, ports.store.environment(environment)


def test_two_deployments_at_once_succeed_and_each_is_on_record(shop: Team) -> None:
    pushed = shop.push_all()

    threads = Workers(2)
    begun = {name: threads.begin(partial(deployed, shop, name)) for name in ("stage", "prod")}
    ended = {environment: future.result(PATIENCE) for environment, future in begun.items()}

    for environment, (deployment, record) in ended.items():
        assert deployment.status is DeploymentStatus.SUCCEEDED
        assert deployment.environment == environment
        assert record.lock is None
        assert record.current is not None
        assert record.current.deployment_id == deployment.deployment_id
        assert shop.aws.digests(f"env.{environment}") == pushed
    assert shop.aws.running("stage") == shop.aws.running("prod")
