"""Waiting until services that were just made are steady."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import CreatedServices
from weco_deploy.sandbox.threads import side_by_side

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

SERVICES_A_CALL = 10
_STEADY_WITHIN = 60.0
_LOOKS_EVERY = 0.1


def wait_until_steady(aws: LocalAws, made: Sequence[CreatedServices], *, may_fail: bool = False) -> None:
    """Wait until each service runs as many tasks as it should.

    With `may_fail` a service whose deployment failed counts as steady too: that is how one ends whose image
    does not exist. SandboxError names the services that are not steady after a minute, and why.
    """
    moving = [
        (aws.ecs(services.place), services.cluster, services.names[first : first + SERVICES_A_CALL])
        for services in made
        for first in range(0, len(services.names), SERVICES_A_CALL)
    ]
    pause = Event()
    for _ in range(int(_STEADY_WITHIN / _LOOKS_EVERY)):
        left = side_by_side(partial(_unsteady, *batch, may_fail=may_fail) for batch in moving)
        moving = [
            (ecs, cluster, names) for (ecs, cluster, _), names in zip(moving, left, strict=True) if names
        ]
        if not moving:
            return
        pause.wait(_LOOKS_EVERY)
    raise SandboxError(
        "these services do not become steady: " + ", ".join(_complaints(moving)),
        "the sandbox's log may say why: emulator.log in its directory",
    )


def _unsteady(ecs: ECSClient, cluster: str, names: Sequence[str], *, may_fail: bool) -> tuple[str, ...]:
    seen = ecs.describe_services(cluster=cluster, services=list(names))["services"]
    return tuple(
        service["serviceName"]
        for service in seen
        if service["runningCount"] != service["desiredCount"] and not (may_fail and _rollout_failed(service))
    )


def _rollout_failed(service: ServiceTypeDef) -> bool:
    return service["deployments"][0].get("rolloutState") == "FAILED"


def _complaints(moving: Sequence[tuple[ECSClient, str, Sequence[str]]]) -> Iterator[str]:
    for ecs, cluster, names in moving:
        for service in ecs.describe_services(cluster=cluster, services=list(names))["services"]:
            deployment = service["deployments"][0]
            yield f"{cluster}/{service['serviceName']} ({deployment.get('rolloutStateReason') or 'no reason given'})"
