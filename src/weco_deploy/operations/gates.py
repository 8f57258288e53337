"""Checks by the record, and by git's history, whether a release may be deployed. `override` is the reason for passing a closed gate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import PRESUMED_GOOD, Deployment, DeploymentStatus
from weco_deploy.model.direction import Backwards, Direction
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import ClosedGate, Plan
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.ports import Ports
from weco_deploy.rules.backwards import concerns, policy
from weco_deploy.rules.gates import source_refusal, unmet_requirements, unverified

MANY = 1000
OVERRIDE = "if it must be, say why with --override-gate REASON, which is recorded"


def once_it_runs(environment: Environment) -> str:
    """The advice if an environment is in no state to be copied."""
    return f"run this again once a deployment to {environment.id} has succeeded and its images run there; {OVERRIDE}"


def check_label(label: str, override: str | None, ports: Ports) -> None:
    """Raise GateClosed if the label is the tag of an environment that may be half deployed, or may have failed."""
    if override is not None:
        return
    images = {image.id for image in ports.project.images}
    for environment in ports.project.labelled_environments(label):
        against = source_refusal(ports.store.environment(environment.id), images)
        if against:
            raise GateClosed(
                f"no release is made from {label}:",
                [against],
                once_it_runs(environment),
            )


def _ran_there(environment: Environment, request: DeployRequest, ports: Ports) -> bool:
    """Whether this is a rollback to what was deployed there before. A rollback's new release is made of exactly that.

    A rollback that passed once and did not succeed passes again.
    """
    if request.kind is not Kind.ROLLBACK or request.new_release:
        return request.kind is Kind.ROLLBACK
    found = ports.store.deployments([environment.id], MANY, request.release.release_id)
    return any(
        deployment.status in PRESUMED_GOOD
        or (deployment.kind is Kind.ROLLBACK and deployment.gate_override is None)
        for deployment in found
    )


def check(gate: ClosedGate | None) -> None:
    """Raise GateClosed if there is a closed gate."""
    if gate is not None:
        raise GateClosed(gate.message, gate.reasons, gate.hint)


def requirements_gate(environment: Environment, request: DeployRequest, ports: Ports) -> ClosedGate | None:
    """The gate that is closed if the release never succeeded in an environment that this one requires, or never ran there.

    A rollback to what ran there before passes.
    """
    if (
        request.override_gate is not None
        or not environment.requires
        or _ran_there(environment, request, ports)
    ):
        return None
    required = environment.requires
    release_id = request.release.release_id
    calls, store = ports.calls, ports.store
    deployed = [
        calls.begin(partial(store.deployments, [environment_id], MANY, release_id))
        for environment_id in required
    ]
    recorded = [calls.begin(partial(store.environment, environment_id)) for environment_id in required]
    deployments = dict(zip(required, calls.answers(deployed), strict=True))
    records = dict(zip(required, calls.answers(recorded), strict=True))
    named = {image.id for image in ports.project.images}
    images = {image_id: version for image_id, version in request.release.images.items() if image_id in named}
    unmet = unmet_requirements(replace(request.release, images=images), environment, deployments, records)
    if not unmet and environment.requires_verified:
        return _verification_gate(environment, deployments, records, ports)
    if not unmet:
        return None
    return _not_yet(environment, unmet.values(), f"deploy it to {' and '.join(unmet)} first")


def _verification_gate(
    environment: Environment,
    deployments: Mapping[str, Sequence[Deployment]],
    records: Mapping[str, EnvironmentRecord],
    ports: Ports,
) -> ClosedGate | None:
    """The gate that is closed if checks did not succeed in a required environment, where the release did."""
    newest: dict[str, Deployment | None] = {}
    for required in environment.requires_verified:
        succeeded = [it for it in deployments[required] if it.status is DeploymentStatus.SUCCEEDED]
        current = records[required].current
        # A release that was made of what runs there was never deployed there under its own id.
        newest[required] = (
            succeeded[0] if succeeded else ports.store.deployment(current.deployment_id) if current else None
        )
    checks = {it: ports.project.environment(it).checks for it in environment.requires_verified}
    unmet = unverified(environment, checks, newest)
    if not unmet:
        return None
    return _not_yet(
        environment, unmet.values(), f"run the checks of {' and '.join(unmet)} again with `verify`"
    )


def _not_yet(environment: Environment, reasons: Iterable[str], remedy: str) -> ClosedGate:
    return ClosedGate(
        message=f"the release may not go to {environment.id} yet:",
        reasons=tuple(reasons),
        hint=f"{remedy}; {OVERRIDE}",
    )


def directions_gate(
    plan: Plan, environment: Environment, request: DeployRequest, ports: Ports
) -> ClosedGate | None:
    """The gate that is closed if the environment refuses images that don't certainly move forward, and the plan has some."""
    if policy(environment, request) is not Backwards.REFUSE:
        return None
    against = concerns(plan.images, ports.project.branch)
    if not against:
        return None
    unknown = any(image.direction.direction is Direction.UNKNOWN for image in plan.moves)
    clone = "run it in a git clone with the whole history (fetch-depth: 0 at GitHub); " if unknown else ""
    return ClosedGate(
        message=f"{environment.id} takes only images that move forward (backwards: refuse):",
        reasons=against,
        hint=f"{clone}{OVERRIDE}",
    )
