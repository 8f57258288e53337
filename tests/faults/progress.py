"""What the record must tell of a run that was killed: all that it tells is true, and nothing old is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.operations.runs import deployments, recorded
from tests.world import Call, World
from weco_deploy.local.concurrent_calls import WORKERS
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import EnvironmentRecord

REDEPLOYING = ("runtime.redeploy", "runtime.roll_back")
"""The calls after which ECS brings a service somewhere else."""
LAG = 1 + 2 * WORKERS
"""So many services may be redeployed without that being noted: the first one, which goes alone; those that ECS answered
within a second of the last note; and those in progress."""

CLAIMS = ("store.claim", "store.resume")


@dataclass(frozen=True, slots=True)
class Before:
    """What was recorded before the run, and how many calls there had been."""

    record: EnvironmentRecord
    deployments: Sequence[Deployment]
    calls: int

    @classmethod
    def of(cls, world: World, environment: str) -> Before:
        record, known = recorded(world, environment), deployments(world, environment)
        return cls(record, known, len(world.calls))


def assert_progress_recorded(world: World, environment: str, before: Before, cut: str) -> None:
    """What is recorded of the run that made the calls since `before`, and was killed by that `cut`.

    What it claimed last counts: a deployment that undoes a failed one comes after that.
    """
    calls = world.calls[before.calls :]
    record, known = recorded(world, environment), deployments(world, environment)
    claimed = [number for number, call in enumerate(calls) if call.name in CLAIMS and _acted(call, cut)]
    if not claimed:
        assert (record, known) == (before.record, before.deployments)
        return
    since = calls[claimed[-1] :]
    last = known[0]
    assert record.current is not None
    assert record.current.deployment_id == last.deployment_id
    if any(call.name == "store.settle" and _acted(call, cut) for call in since):
        assert last.finished
        assert record.lock is None
        return
    assert last.status is DeploymentStatus.IN_PROGRESS
    assert record.lock is not None
    assert record.lock.deployment_id == last.deployment_id
    assert_true(world, last)
    assert_complete(world, last, [call.name for call in since])


def assert_true(world: World, deployment: Deployment) -> None:
    """Every tag that the record calls moved was, and every deployment that it names is the service's last one."""
    for image_id, change in deployment.images.items():
        if change.tag_moved:
            assert world.tag(image_id, f"env.{deployment.environment}") == change.to_digest, image_id
    for service in deployment.services:
        if service.ecs_deployment_id is not None:
            primary = world.declared(service.service_id, deployment.environment).primary
            assert primary.id == service.ecs_deployment_id, service


def assert_complete(world: World, deployment: Deployment, calls: Sequence[str]) -> None:
    """The tags are on record before a service is redeployed, the services before they are watched."""
    redeployed = [number for number, name in enumerate(calls) if name in REDEPLOYING]
    if redeployed:
        assert all(change.applied for change in deployment.images.values()), deployment.images
    missing = unrecorded(world, deployment)
    assert len(missing) <= LAG, missing
    if redeployed and "runtime.describe" in calls[redeployed[-1] :]:
        assert not missing


def unrecorded(world: World, deployment: Deployment) -> list[str]:
    """The services that were redeployed or rolled back, as far as the record does not know of it yet."""
    return [
        service.service_id
        for service in deployment.services
        if not service.begun
        and world.declared(service.service_id, deployment.environment).primary.created_at
        >= deployment.date_created
    ]


def _acted(call: Call, cut: str) -> bool:
    """Whether a call acted that the main thread made alone, in a run that was killed by that `cut`."""
    return call.outcome == "done" or cut == "cut_after"
