"""Rolls an environment back after a deployment that failed, under the same lock and with a deployment of its own.

It goes back to the last good release. If there never was one, it goes back to the images that the tags pointed at before the
first of the failed deployments began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from weco_deploy.errors import DeployError, StaleFence
from weco_deploy.model.deployment import Deployment, DeploymentStatus, reasons
from weco_deploy.model.events import Claimed, Event, Notice, RollingBack, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.carry_out import carry_out
from weco_deploy.operations.planned import planned_with_health
from weco_deploy.operations.rollback import as_before, as_it_was, before, recorded, remark_on_created_tags
from weco_deploy.operations.settle import settle
from weco_deploy.pipeline.claim import take_over
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports

ROLLED_BACK_IF_WANTED = frozenset({DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT})
"""Statuses after which a deployment is rolled back, if that is wanted."""


def roll_back(
    failed: Deployment,
    environment: Environment,
    request: DeployRequest,
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Deployment:
    """Deploy what was good, and return the failed deployment with that rollback; `rolled_back` if it succeeded.

    If the rollback can't begin, the failed deployment is settled as it is, and its reason says why.
    """
    holding = ledger.holding(ports)
    try:
        back = _request(failed, environment, request, holding, notify)
        release, observed = observe(environment, back.release, holding)
        back = replace(back, release=release)
        planned = planned_with_health(environment, back, observed, holding)
        ledger.renew_if_due()
        after = take_over(planned, back, failed, ledger.held, ports)
    except (DeployError, StaleFence) as error:
        why = error.message if isinstance(error, DeployError) else "somebody else changed the environment"
        why = f"it could not be rolled back: {why}"
        ledger.verdict(failed.status, ports.clock.utc(), reasons(failed.reason, why))
        return settle(ledger, ports, notify)
    notify(RollingBack(failed, after.deployment.release_id))
    notify(Claimed(after.deployment, planned))
    end = carry_out(planned, environment, back, after, ports, notify)
    done = end.status is DeploymentStatus.SUCCEEDED
    status = DeploymentStatus.ROLLED_BACK if done else failed.status
    undone = replace(failed, status=status, rollback=after.deployment)
    rollback = settle(after, ports, notify, undone)
    undone = replace(undone, rollback=rollback)
    notify(Settled(undone))
    return undone


def _request(
    failed: Deployment,
    environment: Environment,
    request: DeployRequest,
    ports: Ports,
    notify: Callable[[Event], None],
) -> DeployRequest:
    release, new = _earlier(failed, environment, ports, notify)
    return replace(
        request,
        release=release,
        new_release=new,
        kind=Kind.ROLLBACK,
        description=f"puts back {failed.deployment_id}, which is {failed.status}",
        force_redeploy=False,
        allow_missing=True,
        rollback_on_failure=None,
        override_gate=None,
        step=(),
        lock_afterwards=None,  # the failed deployment's claim requested it already
    )


def _earlier(
    failed: Deployment, environment: Environment, ports: Ports, notify: Callable[[Event], None]
) -> tuple[Release, bool]:
    """The release to go back to, and whether it is new, not recorded yet."""
    known = ports.calls.begin(partial(ports.store.environment, environment.id))
    deployments = recorded(environment, failed, ports)
    good = ports.calls.answer(known).good
    if good is not None:
        if good.release_id == failed.release_id:
            raise DeployError("the last good release is this very one")
        release, new = as_it_was(good, deployments, ports)
        if _has_the_same_images(release, failed):
            raise DeployError("the last good release has the same images")
        return release, new
    images = before(deployments, ports)
    if not images:
        raise DeployError("nothing was deployed before, so there is nothing to go back to")
    if remark := remark_on_created_tags(ports.project, environment, deployments):
        notify(Notice(remark))
    return as_before(environment, deployments, images, ports), True


def _has_the_same_images(release: Release, failed: Deployment) -> bool:
    return all(
        image_id in release.versions and release.versions[image_id].digest == change.to_digest
        for image_id, change in failed.images.items()
    )
