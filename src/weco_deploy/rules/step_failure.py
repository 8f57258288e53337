"""What a step's failure means for its deployment: the status, the reason, and whether the steps so far are undone.

    failed with     no service redeployed yet     a service was redeployed
    LeaseLost       failed, nothing undone        failed, nothing undone
    Interrupted     interrupted, nothing undone   interrupted, nothing undone
    another error   failed, undone                failed, nothing undone
    NotReplicated   timed_out, undone             timed_out, nothing undone
    TaskFailed      failed, undone                failed, nothing undone
    CheckFailed     failed, nothing undone        failed, nothing undone
    Unsuccessful    as its services ended, nothing undone

A step says itself whether its failure undoes anything (`Step.undo_on_failure`). What was redeployed is put back by a rollback
only, if that is wanted and something speaks against the images. After an interruption the tags stay, because running the
command again goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from weco_deploy.errors import AccessDenied, DeployError, Interrupted, LeaseLost
from weco_deploy.model.deployment import DeploymentStatus, ServiceOutcome, ServiceStatus, reasons
from weco_deploy.rules.deployment_status import not_redeployed, verdict

# What is recorded is read elsewhere too, so it names commands without options: the report has the lines to paste.
_GOES_ON = "ECS goes on with the services that are not done: `confirm-deploy` tells how that ends"

_NOTHING_WRONG = "no look at the services told that anything is wrong with it"
_REFUSED = "that ECS was not told to redeploy a service says nothing against its images"
_NOT_RESTARTED = "no service was restarted"
_NOT_CHECKED = "a check that can't run says nothing against its images"
_TAKEN_OVER = "later deployments took services over, which says nothing against its images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How polling went, in addition to the outcome of each service.

    `last_error` is why the last poll failed; empty if it did not fail. `unfinished` says that the last poll that succeeded found
    a service for which more than time was missing, `blamed` that it found evidence against the image of one. `paused` are the
    services that a lifecycle hook pauses.
    """

    last_error: str = ""
    unfinished: bool = False
    blamed: bool = False
    paused: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why the state of the services is not known at the end; empty if it is known."""
        return f"the last look at the services failed: {self.last_error}" if self.last_error else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuccessful:
    """The services were watched, for so many seconds at most, and some of them failed or are not done."""

    waited: float
    polled: Polled


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReplicated:
    """Replicas from which services pull did not have the release in time. `reason` says which, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed:
    """A task that runs before services restart did not succeed. `reason` says which, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFailed:
    """A check did not succeed after the services had settled. `reason` says which, and why.

    `not_run` says that it could not run, which says nothing about the release.
    """

    reason: str
    not_run: bool = False


StepFailure: TypeAlias = Unsuccessful | NotReplicated | TaskFailed | CheckFailed
"""What a step returns if it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a deployment ends.

    Args:
        status: its status.
        reason: why, where that is no single service's matter.
        undo: whether the steps so far are undone.
        lease_lost: the environment is not ours any more, so it can't be rolled back either.
        innocent: why nothing that was observed speaks against the images, so that nothing is rolled back; empty if
            something does.

    """

    status: DeploymentStatus
    reason: str = ""
    undo: bool = False
    lease_lost: bool = False
    innocent: str = ""


def ending(
    failure: DeployError | StepFailure,
    services: Sequence[ServiceOutcome],
    *,
    undo_on_failure: bool,
    redeployed: bool,
) -> Ending:
    """How a deployment ends after a step's failure.

    Args:
        failure: what the step raised or returned.
        services: the deployment's services, as far as is known.
        undo_on_failure: the failed step's.
        redeployed: whether any service was redeployed.

    """
    match failure:
        case Unsuccessful():
            return _ending_of_watch(failure, services)
        case NotReplicated():
            undo = undo_on_failure and not redeployed
            status = DeploymentStatus.TIMED_OUT
            return Ending(status=status, reason=failure.reason, undo=undo, innocent=_NOT_RESTARTED)
        case TaskFailed():
            undo = undo_on_failure and not redeployed
            status = DeploymentStatus.FAILED
            return Ending(status=status, reason=failure.reason, undo=undo, innocent=_NOT_RESTARTED)
        case CheckFailed():
            innocent = _NOT_CHECKED if failure.not_run else ""
            return Ending(status=DeploymentStatus.FAILED, reason=failure.reason, innocent=innocent)
        case Interrupted():
            in_progress = any(service.status is ServiceStatus.IN_PROGRESS for service in services)
            reason = reasons(failure.message, _GOES_ON if in_progress else "")
            return Ending(status=DeploymentStatus.INTERRUPTED, reason=reason)
        case LeaseLost():
            return Ending(status=DeploymentStatus.FAILED, reason=failure.message, lease_lost=True)
        case _:
            undo = undo_on_failure and not redeployed
            reason = failure.with_advice if isinstance(failure, AccessDenied) else failure.message
            innocent = (
                "" if _any_rollout_failed(services) else _NOTHING_WRONG if redeployed else _NOT_RESTARTED
            )
            return Ending(status=DeploymentStatus.FAILED, reason=reason, undo=undo, innocent=innocent)


def _ending_of_watch(failure: Unsuccessful, services: Sequence[ServiceOutcome]) -> Ending:
    status, polled = verdict(services), failure.polled
    if status is not DeploymentStatus.TIMED_OUT:
        blamed = polled.blamed or _any_rollout_failed(services)
        innocent = "" if blamed else _REFUSED if not_redeployed(services) else _TAKEN_OVER
        return Ending(status=status, reason=polled.reason, innocent=innocent)
    unverified = [service.service_id for service in services if service.status is ServiceStatus.UNVERIFIED]
    if unverified and not any(service.status is ServiceStatus.IN_PROGRESS for service in services):
        reason = reasons(
            f"nothing tells what {', '.join(unverified)} runs, after {failure.waited:g} s", polled.reason
        )
        return Ending(status=status, reason=reason, innocent=_NOTHING_WRONG)
    late = f"{'still not done' if polled.unfinished else 'not seen to be done'} after {failure.waited:g} s"
    in_progress = {service.service_id for service in services if service.status is ServiceStatus.IN_PROGRESS}
    if polled.paused and in_progress <= {*polled.paused}:
        late = ""
    reason = reasons(late, _paused(polled), polled.reason, _GOES_ON)
    return Ending(status=status, reason=reason, innocent="" if polled.blamed else _NOTHING_WRONG)


def _paused(polled: Polled) -> str:
    if not polled.paused:
        return ""
    hooks = "a lifecycle hook pauses" if len(polled.paused) == 1 else "lifecycle hooks pause"
    return f"{hooks} {', '.join(polled.paused)}, until somebody continues the deployment or rolls it back"


def _any_rollout_failed(services: Sequence[ServiceOutcome]) -> bool:
    """Whether a service failed with the release. Without an ECS deployment it was never redeployed."""
    return any(service.status is ServiceStatus.FAILED and service.ecs_deployment_id for service in services)
