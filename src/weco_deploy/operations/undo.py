"""Puts an environment back after a deployment that failed, under the same lock and as a deployment of its own.

It goes to the release that was last good. Where none ever was, it goes to what the tags pointed at before
the first of the failed deployments began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Kind
from weco_deploy.model.events import Claimed, Event, Notice
from weco_deploy.model.project import Environment
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.carrying import carry_out, settle
from weco_deploy.pipeline import fan
from weco_deploy.pipeline.claim import take_over
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports, StaleFence
from weco_deploy.rules import planning

UNDONE = frozenset({DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT})
"""Statuses after which things are put back, where that is wanted."""
FAR = 100
"""How many deployments back the first failed one is looked for."""


def undo(
    failed: Deployment,
    environment: Environment,
    request: DeployRequest,
    ledger: Ledger,
    ports: Ports,
    tell: Callable[[Event], None],
) -> Deployment:
    """The failed deployment, `rolled_back` if all of it was put back, with the deployment that tried.

    Where that can't even begin, the failed deployment is settled as it is and its reason says why.
    """
    try:
        back = _request(failed, environment, request, ports)
        release, seen = observe(environment, back.release, ports)
        back = replace(back, release=release)
        planned = planning.plan(ports.project, back, seen)
        ledger.renew_if_due()
        after = take_over(planned, back, failed, ledger.held, ports)
    except (DeployError, StaleFence) as error:
        why = error.message if isinstance(error, DeployError) else "somebody else changed the environment"
        reason = "; ".join(part for part in (failed.reason, f"it could not be rolled back: {why}") if part)
        tell(Notice(reason))
        ledger.verdict(failed.status, ports.clock.utc(), reason)
        return settle(ledger, tell)
    tell(Claimed(after.deployment, planned))
    rollback = carry_out(planned, environment, back, after, ports, tell)
    done = rollback.status is DeploymentStatus.SUCCEEDED
    undone = replace(
        failed, status=DeploymentStatus.ROLLED_BACK if done else failed.status, rollback=rollback
    )
    rollback = settle(after, tell, undone)
    return replace(undone, rollback=rollback)


def _request(
    failed: Deployment, environment: Environment, request: DeployRequest, ports: Ports
) -> DeployRequest:
    back = replace(
        request,
        kind=Kind.ROLLBACK,
        description=f"puts back {failed.deployment_id}, which is {failed.status}",
        force_redeploy=False,
        allow_missing=True,
        rollback_on_failure=False,
    )
    good = ports.store.environment(environment.id).good
    if good is None:
        return replace(back, release=_before(failed, environment, ports), new_release=True)
    release = ports.store.release(good.release_id)
    if release is None:
        raise DeployError(f"release {good.release_id}, the last good one, is not recorded any more")
    if release.release_id == failed.release_id:
        raise DeployError("the last good release is this very one")
    return replace(back, release=release, new_release=False)


def _before(failed: Deployment, environment: Environment, ports: Ports) -> Release:
    """A release of what the tags pointed at before the first deployment of those that failed in a row."""
    first = failed
    for one in ports.store.deployments([environment.id], FAR):
        if one.status is DeploymentStatus.SUCCEEDED:
            break
        first = one
    digests = {
        image_id: change.from_digest
        for image_id, change in first.images.items()
        if change.from_digest is not None
    }
    if not digests:
        raise DeployError("nothing was deployed before, so there is nothing to go back to")
    refs = dict(zip(digests, fan.read(_refs(digests.items(), ports)), strict=True))
    caller = ports.caller()
    return Release(
        release_id=ports.new_id(),
        project_id=ports.project.id,
        project_name=ports.project.name,
        date_created=ports.clock.utc(),
        requested_by=caller.requested_by,
        build_url=caller.build_url,
        description=f"what {environment.id} ran before deployment {first.deployment_id}",
        images={
            image_id: ImageVersion(ref=refs[image_id][0], refs=refs[image_id], digest=digest)
            for image_id, digest in digests.items()
        },
    )


def _refs(digests: Iterable[tuple[str, str]], ports: Ports) -> list[Callable[[], tuple[str, ...]]]:
    return [partial(_ref_tags, image_id, digest, ports) for image_id, digest in digests]


def _ref_tags(image_id: str, digest: str, ports: Ports) -> tuple[str, ...]:
    """The `ref.*` tags of a digest; one made of the digest where it has none, or is gone (the plan says that)."""
    image = ports.project.image(image_id)
    found = ports.registry.find(image.repository, digest)
    return (found.refs if found else ()) or (f"ref.{digest.removeprefix('sha256:')[:12]}",)
