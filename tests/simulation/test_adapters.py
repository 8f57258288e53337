"""The tool's own adapters in front of the simulation, for what no other emulator shows."""

from __future__ import annotations

import pytest

from tests.contracts.aws_setting import StillClock
from tests.simulation.account import simulated_account
from tests.simulation.cloud import ACCOUNT, CLUSTER, CRASH, REGION, SERVICE, Cloud, breaker
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.errors import AwsError, Throttled
from weco_deploy.model.service import Service, ServiceKey
from weco_deploy.sandbox.ecs import RequestLimit, Settings


def runtime_of(cloud: Cloud) -> EcsRuntime:
    return EcsRuntime(simulated_account(cloud.simulation, ACCOUNT, REGION, lambda: cloud.now), StillClock())


def described(cloud: Cloud) -> Service:
    (service,) = runtime_of(cloud).describe(CLUSTER, [SERVICE])
    return service


def test_what_a_deployment_pinned_is_read_from_its_revision() -> None:
    cloud = Cloud()
    before = cloud.service()
    digest, _ = cloud.deploy()
    unresolved = runtime_of(cloud).resolved(described(cloud))
    cloud.settle()

    resolved = runtime_of(cloud).resolved(described(cloud))

    assert [image.digest for image in unresolved] == [None]
    assert [image.digest for image in resolved] == [digest] != [before]


def test_tasks_name_their_deployment_and_their_digest() -> None:
    cloud = Cloud()
    cloud.service()
    digest, ours = cloud.deploy()
    cloud.settle()
    runtime = runtime_of(cloud)

    (task,) = runtime.tasks(CLUSTER, runtime.tasks_listed(CLUSTER, SERVICE).arns)

    assert task.deployment_id == ours
    assert [container.digest for container in task.containers] == [digest]


def test_a_rollback_by_the_breaker_shows_the_earlier_deployment_as_primary() -> None:
    cloud = Cloud()
    cloud.service(deploymentConfiguration=breaker())
    before = described(cloud).primary
    _, ours = cloud.deploy(CRASH)
    cloud.pass_until(lambda: cloud.look()["deployments"][0]["id"] != ours)

    primary = described(cloud).primary

    assert before is not None
    assert primary is not None
    assert (primary.id, primary.created_at) == (before.id, before.created_at)
    assert primary.rollout_reason.startswith("ECS deployment circuit breaker: rolling back")


def test_throttling_is_told_from_other_errors() -> None:
    cloud = Cloud(Settings(limits=(RequestLimit(frozenset({"ecs:ListClusters"}), 1, 0),)))
    runtime = runtime_of(cloud)
    runtime.clusters()

    with pytest.raises(Throttled):
        runtime.clusters()
    with pytest.raises(AwsError, match="ServiceNotFoundException"):
        runtime.redeploy(ServiceKey(CLUSTER, "none"))
