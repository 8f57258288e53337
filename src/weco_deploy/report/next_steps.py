"""Suggests the next commands after a deployment that did not succeed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from weco_deploy.errors import Command
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.faults import spares_images
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance
from weco_deploy.model.planned_task import BEFORE
from weco_deploy.model.requests import (
    DEFAULT_DESCRIPTION,
    DEFAULT_ROLLBACK_DESCRIPTION,
    ConfirmRequest,
    DeployRequest,
)
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.report.flags import flags_for_any, flags_for_this, flags_for_watching
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import listed, person

Request: TypeAlias = DeployRequest | ConfirmRequest | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command to copy, and when to run it."""

    when: str
    command: str

    def __str__(self) -> str:
        return f"{self.when}: {self.command}"


def next_steps(
    deployment: Deployment, options: Sequence[str] = (), request: Request = None
) -> tuple[NextStep, ...]:
    """The commands that may help next; empty after a success.

    The commands repeat the global `options`, such as `("--project-id", "catalogue")`: without them they would ask, or use
    another project file. They also repeat the flags of `request`, the request of this run. If it is a ConfirmRequest, only
    the recorded options of the deployment are known.
    """
    steps = _steps(deployment, options, request)
    if not isinstance(request, DeployRequest) or request.lock_afterwards is None:
        return steps
    # The lock keeps out everybody, also whoever asked for it.
    when = (
        "it is locked; before you deploy to it again"
        if steps
        else "it is locked now; once deployments may begin again"
    )
    unlock = command(*options, "unlock", "--environment-id", deployment.environment)
    return (NextStep(when, unlock), *steps)


def next_steps_since(details: DeploymentDetails, options: Sequence[str] = ()) -> tuple[NextStep, ...]:
    """The commands that may help after a deployment of the past; empty if something was deployed there since.

    After a lock by hand, the first of them unlocks.
    """
    if details.last is not None:
        return ()
    deployment, lock = details.deployment, details.lock
    steps = next_steps(deployment, options)
    if lock is None:
        return steps
    build = f", build {lock.build_url}" if lock.build_url else ""
    when = (
        f"{deployment.environment} is locked by {person(lock.holder)}{build}: {lock.why or 'no reason given'}"
    )
    unlock = command(*options, "unlock", "--environment-id", deployment.environment)
    return (NextStep(one_line(f"{when}; once deployments may begin again"), unlock), *steps)


def _steps(deployment: Deployment, options: Sequence[str], request: Request) -> tuple[NextStep, ...]:
    rollback = deployment.rollback
    if rollback and rollback.status is not DeploymentStatus.SUCCEEDED:
        return (
            NextStep(
                "what ran before is not back; check its current state", _watch(deployment, options, request)
            ),
            NextStep("and try again", _again(rollback, options, _of_automatic_rollback(request))),
        )
    again, watch = _again(deployment, options, request), _watch(deployment, options, request)
    run_it_again = _run_it_again(request)
    after_fixing = f"{_effects(deployment)}after fixing the cause, "
    match deployment.status:
        case DeploymentStatus.SUCCEEDED | DeploymentStatus.UNVERIFIED:
            return ()
        case DeploymentStatus.IN_PROGRESS:
            return (NextStep("watch it", watch),)
        case DeploymentStatus.FAILED | DeploymentStatus.TIMED_OUT if _nothing_to_watch(deployment):
            return (NextStep(f"{after_fixing}run it again", again),)
        case DeploymentStatus.FAILED | DeploymentStatus.TIMED_OUT if _only_starts_failed(deployment):
            # A rollback's tasks would need the same room, network or secrets.
            return (
                NextStep(f"{after_fixing}{run_it_again}", again),
                NextStep("or only check its current state", watch),
            )
        case DeploymentStatus.TIMED_OUT:
            return (
                NextStep("the services may still get there; go on watching", watch),
                NextStep(f"or {run_it_again}", again),
                *_or(_roll_back(deployment, options, request)),
            )
        case DeploymentStatus.INTERRUPTED:
            return (
                NextStep(run_it_again, again),
                NextStep("or only check its current state", watch),
                *_or(_roll_back(deployment, options, request)),
            )
        case DeploymentStatus.FAILED if deployment.superseded:
            show = command(*options, "show-deployments", "--environment-id", deployment.environment)
            return (NextStep("see what was deployed since", show),)
        case DeploymentStatus.FAILED if deployment.kind is Kind.ROLLBACK:
            return (
                NextStep("check its current state", watch),
                *_or(_roll_back(deployment, options, request)),
                NextStep(f"{after_fixing}{run_it_again}", again),
            )
        case DeploymentStatus.FAILED:
            return (
                *_roll_back(deployment, options, request),
                NextStep("check its current state", watch),
                NextStep(f"{after_fixing}{run_it_again}", again),
            )
        case DeploymentStatus.ROLLED_BACK:
            return (NextStep(f"{after_fixing}{run_it_again}", again),)


def _nothing_to_watch(deployment: Deployment) -> bool:
    """Whether it ended while it waited for a replica or for a task before the restart."""
    waited = deployment.status is DeploymentStatus.TIMED_OUT or any(step.bad for step in deployment.steps)
    return waited and _nothing_restarted(deployment)


def _effects(deployment: Deployment) -> str:
    """A remark on the tasks that ran: a failure, and also a rollback, leaves what they did. Empty if none ran."""
    ran = [step.id for step in deployment.steps if step.kind == BEFORE and step.started is not None]
    return f"what {listed(ran)} did remains; " if ran else ""


def _or(steps: tuple[NextStep, ...]) -> tuple[NextStep, ...]:
    """The steps as alternatives to those before them."""
    return tuple(replace(step, when=f"or {step.when}") for step in steps)


def _nothing_restarted(deployment: Deployment) -> bool:
    """Whether the deployment ended before any service was redeployed, so that there is nothing to watch."""
    statuses = {service.status for service in deployment.services}
    left_alone = {ServiceStatus.UNCHANGED, ServiceStatus.NOTHING_RUNNING}
    return statuses - left_alone == {ServiceStatus.PENDING}


def _only_starts_failed(deployment: Deployment) -> bool:
    """Whether services are not good only because their tasks could not be placed or started, and no image is to blame."""
    left = deployment.services_to_blame
    return bool(left) and all(map(spares_images, left))


def _run_it_again(request: Request) -> str:
    forced = isinstance(request, DeployRequest) and request.force_redeploy
    left = "all services are redeployed" if forced else "healthy services are left alone"
    return f"run it again ({left})"


def _of_automatic_rollback(request: Request) -> Request:
    """The request of an automatic rollback: it allows missing services and has no other options."""
    if not isinstance(request, DeployRequest):
        return request
    return replace(request, allow_missing=True, force_redeploy=False, rollback_on_failure=None)


def _watch(deployment: Deployment, options: Sequence[str], request: Request) -> str:
    """The command that watches this deployment. It names the release only if the request did."""
    named = isinstance(request, ConfirmRequest) and request.release_id is not None
    release = ("--release-id", deployment.release_id) if named else ()
    flags = flags_for_watching(request) if request else ()
    return command(*options, "confirm-deploy", *release, "--environment-id", deployment.environment, *flags)


def _roll_back(deployment: Deployment, options: Sequence[str], request: Request) -> tuple[NextStep, ...]:
    """The command that rolls back, if tags were moved, or already pointed at an image that failed.

    After a rollback, `rollback` would repeat it. So the step is to find another release.
    """
    if deployment.kind is Kind.ROLLBACK:
        show = command(*options, "show-deployments", "--environment-id", deployment.environment)
        return (NextStep("find another release for `rollback --to-release`", show),)
    failed = {
        image_id
        for service in deployment.services
        if service.status is ServiceStatus.FAILED
        for image_id in service.images
    }
    if not deployment.can_roll_back or not any(
        change.from_digest and (change.tag_moved or (change.applied and change.image_id in failed))
        for change in deployment.images.values()
    ):
        return ()
    flags = flags_for_any(request) if isinstance(request, DeployRequest) else ()
    rollback = command(*options, "rollback", "--environment-id", deployment.environment, *flags)
    return (NextStep("go back to the last release that worked", rollback),)


def _again(deployment: Deployment, options: Sequence[str], request: Request) -> str:
    """The command that deploys the same release again.

    It names the release, because `release-deploy` would make a new release, and `promote` would take the images that the
    other environment has by then. The description, the reason for overriding a gate, and whether missing services were allowed
    come from the record, because the plan would refuse what was allowed then.
    """
    environment = ("--environment-id", deployment.environment)
    flags = (*flags_for_any(request), *flags_for_this(request)) if isinstance(request, DeployRequest) else ()
    override = ("--override-gate", deployment.gate_override) if deployment.gate_override else ()
    if "--allow-missing" not in flags and any(
        left.why is Allowance.ALLOW_MISSING for left in deployment.left_out
    ):
        flags = (*flags, "--allow-missing")
    if deployment.kind is Kind.ROLLBACK:
        words: tuple[str, ...] = ("rollback", *environment, "--to-release", deployment.release_id)
        if isinstance(request, DeployRequest) and request.lock_afterwards is not None:
            words = (*words, "--lock", request.lock_afterwards)
        default = DEFAULT_ROLLBACK_DESCRIPTION
    else:
        words = ("deploy", "--release-id", deployment.release_id, *environment)
        default = DEFAULT_DESCRIPTION
    description = ("--description", deployment.description) if deployment.description != default else ()
    return command(*options, *words, *description, *flags, *override)


def command(*words: str) -> str:
    """A command line of this tool, quoted for a shell. The words need not be safe."""
    return Command(*map(one_line, words)).line()
