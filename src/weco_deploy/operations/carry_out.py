"""Carries a claimed plan out to its verdict, and closes the record with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weco_deploy.errors import AwsError, DeployError, Interrupted, LeaseLost
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Kind, ServiceStatus, reasons
from weco_deploy.model.events import Event, Notice, Settled
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.tags import environment_tag
from weco_deploy.pipeline.execute import execute
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.watch import Patience, Watched, tracks, watch
from weco_deploy.ports import Ports
from weco_deploy.rules.deployment_status import verdict
from weco_deploy.rules.tag_drift import tags_on_failed_images

# What is recorded is read elsewhere too, so it names commands without options: the report has the lines to paste.
_GOES_ON = "ECS goes on with the services that it was told to redeploy: `confirm-deploy` tells how that ends"


def carry_out(
    planned: Plan,
    environment: Environment,
    request: DeployRequest,
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Deployment:
    """Move the tags, redeploy, watch. Whatever happens ends in the deployment's verdict, not recorded yet."""
    reason = ""
    try:
        execute(planned, environment, ledger, ports, notify)
        patience = Patience(wait=request.wait, interval=request.interval)
        watched = watch(tracks(planned, ledger, ports), environment, patience, ledger, ports, notify)
        status = verdict(ledger.deployment.services)
        reason = not_seen(watched)
        if status is DeploymentStatus.TIMED_OUT:
            ledger.unseen = not watched.unfinished
            late = "still not done" if watched.unfinished else "not seen to be done"
            reason = reasons(f"{late} after {request.wait:g} s", reason, _GOES_ON)
    except Interrupted as interrupted:
        status, reason = DeploymentStatus.INTERRUPTED, interrupted.message
        if any(service.status is ServiceStatus.IN_PROGRESS for service in ledger.deployment.services):
            reason = f"{reason}; {_GOES_ON}"
    except DeployError as error:
        ledger.lost = isinstance(error, LeaseLost)
        status, reason = DeploymentStatus.FAILED, error.message
    return ledger.verdict(status, ports.clock.utc(), reason)


def not_seen(watched: Watched) -> str:
    """Why it is not known how the services stand at the end of the watch, if it is not."""
    if not watched.blind_because:
        return ""
    return f"the last look at the services failed: {watched.blind_because}"


def settle(ledger: Ledger, notify: Callable[[Event], None], undone: Deployment | None = None) -> Deployment:
    """Close the record with the verdict. If that can't be done, the answer says so and does not claim success.

    `undone` is a failed deployment that this one put right, with the status that it has now.
    """
    if remark := _left_behind(ledger.deployment):
        ledger.deployment = replace(ledger.deployment, reason=reasons(ledger.deployment.reason, remark))
    deployment = ledger.deployment
    try:
        _close(ledger, undone)
    except LeaseLost as lost:
        deployment = _not_claimed(deployment, f"{lost.message}; the verdict was {deployment.status}")
        notify(Notice(lost.message))
    except AwsError as error:
        why = f"the record could not be closed ({error.message}); the verdict was {deployment.status}"
        deployment = _not_claimed(deployment, why)
        notify(Notice(deployment.reason))
    notify(Settled(deployment))
    return deployment


def _close(ledger: Ledger, undone: Deployment | None) -> None:
    """Close the record, also if a signal asks to stop: it ends the wait for a table that is busy, once."""
    try:
        ledger.settle(undone)
    except Interrupted:
        ledger.settle(undone)


def _left_behind(deployment: Deployment) -> str:
    """What to say where a service failed and its images' tags still point at what it failed with."""
    images = tags_on_failed_images(deployment)
    if not images:
        return ""
    # A rollback without a release would be this one again.
    how = "rollback --to-release" if deployment.kind is Kind.ROLLBACK else "rollback"
    return (
        f"{environment_tag(deployment.environment)} still points at the image of {', '.join(images)} that failed, also where ECS "
        f"put the service back by itself; `{how}` moves it back"
    )


def _not_claimed(deployment: Deployment, why: str) -> Deployment:
    """The deployment to report where its record could not be closed: no success is claimed."""
    succeeded = deployment.status is DeploymentStatus.SUCCEEDED
    reason = f"{why}: `confirm-deploy` tells how it stands"
    return replace(
        deployment,
        status=DeploymentStatus.IN_PROGRESS if succeeded else deployment.status,
        reason=reasons(deployment.reason, reason),
    )
