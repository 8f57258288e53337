"""Closes the record of a deployment with its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weco_deploy.errors import AwsError, Interrupted, LeaseLost
from weco_deploy.model.deployment import Deployment, DeploymentStatus, reasons
from weco_deploy.model.events import Event, Notice, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.model.project import Project
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Ports
from weco_deploy.rules.tag_drift import tags_on_failed_images


def settle(
    ledger: Ledger, ports: Ports, notify: Callable[[Event], None], undone: Deployment | None = None
) -> Deployment:
    """Close the record with the verdict, and release the lock.

    Returns the deployment to report. If its record can't be closed, that says so and does not claim success. `undone` is a
    failed deployment that this one rolled back, with its new status: its record is closed together with this one's.
    """
    if remark := _left_behind(ports.project, ledger.deployment):
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
    """Close the record even if a signal asks to stop: a signal ends the wait for a busy table, but only once."""
    try:
        ledger.settle(undone)
    except Interrupted:
        ledger.settle(undone)


def _left_behind(project: Project, deployment: Deployment) -> str:
    """A remark for the reader if a service failed and the tags of its images still point at the failed digests."""
    images = tags_on_failed_images(deployment)
    if not images:
        return ""
    # A rollback without a release would be this one again.
    how = "rollback --to-release" if deployment.kind is Kind.ROLLBACK else "rollback"
    tags = project.floating_tags(project.environment(deployment.environment), images)
    return (
        f"{' and '.join(tags)} still {'points' if len(tags) == 1 else 'point'} at the image of {', '.join(images)} that failed, also where ECS "
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
