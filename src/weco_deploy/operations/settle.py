"""Closes the record of a deployment with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

from weco_deploy.errors import AwsError, DeployError, Interrupted, LeaseLost
from weco_deploy.model.deployment import Deployment, DeploymentStatus, reasons
from weco_deploy.model.events import Event, Notice, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.observe import tags_now
from weco_deploy.ports import Ports
from weco_deploy.rules.deployment_status import ahead_of_services, half_deployed
from weco_deploy.rules.tag_drift import tags_on_failed_images, was_rolled_out

TAGS_READ_WITHIN = timedelta(seconds=5)


def settle(
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
    undone: Deployment | None = None,
    gone: Collection[str] = (),
) -> Deployment:
    """Close the record with the verdict, and release the lock.

    Returns the deployment to report. If its record can't be closed, that says so and does not claim success. `undone` is a
    failed deployment that this one rolled back, with its new status: its record is closed together with this one's. `gone` are
    the services that count as failed for reasons that say nothing about their images.
    """
    services = tuple(service for service in ledger.deployment.services if service.service_id not in gone)
    left_behind = _left_behind(replace(ledger.deployment, services=services), ports)
    remark = reasons(half_deployed(services), ahead_of_services(ledger.deployment), left_behind)
    if remark:
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


def _left_behind(deployment: Deployment, ports: Ports) -> str:
    """A remark for the reader if a service failed and the tags of its images still point at the failed digests.

    Somebody may have moved a tag meanwhile, so the tags are read. If they can't be read, the remark says so.
    """
    images = tags_on_failed_images(deployment)
    if not images:
        return ""
    environment = ports.project.environment(deployment.environment)
    in_time = replace(ports, calls=ports.calls.until(ports.clock.utc() + TAGS_READ_WITHIN))
    try:
        found = tags_now(environment, images, in_time)
    except DeployError as error:
        tags = " and ".join(ports.project.floating_tags(environment, images))
        where = (
            f"{tags} of {', '.join(images)} was left at the image that failed "
            f"(where it points now can't be read: {error.message})"
        )
    else:
        still = [
            image_id
            for image_id in images
            if image_id not in found or found[image_id] == deployment.images[image_id].to_digest
        ]
        if not still:
            return ""
        names = ports.project.floating_tags(environment, still)
        which = (
            "that failed, also where ECS put the service back by itself"
            if was_rolled_out(deployment, still)
            else "that the failed services do not run"
        )
        where = f"{' and '.join(names)} still {'points' if len(names) == 1 else 'point'} at the image of {', '.join(still)} {which}"
    if not deployment.can_roll_back:
        return where
    # A rollback without a release would be this one again.
    how = "rollback --to-release" if deployment.kind is Kind.ROLLBACK else "rollback"
    return f"{where}; `{how}` moves it back"


def _not_claimed(deployment: Deployment, why: str) -> Deployment:
    """The deployment to report where its record could not be closed: no success is claimed."""
    succeeded = deployment.status is DeploymentStatus.SUCCEEDED
    reason = f"{why}: `confirm-deploy` tells how it stands"
    return replace(
        deployment,
        status=DeploymentStatus.IN_PROGRESS if succeeded else deployment.status,
        reason=reasons(deployment.reason, reason),
    )
