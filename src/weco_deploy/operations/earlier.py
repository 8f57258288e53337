"""Finds again what an environment ran, as a release that can be deployed.

A release may be partial: deploying an earlier one does not put back the images that it lacks. Those are
added as the first later deployment that moved them found them, which makes a new release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from weco_deploy.errors import NotFound
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.model.project import Environment
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.operations.release import new_release, ref_of
from weco_deploy.pipeline import fan
from weco_deploy.ports import Ports
from weco_deploy.rules.history import moved_since

REACH = 200
"""Among so many newest deployments of an environment an earlier one is looked for."""


def recorded(environment: Environment, newest: Deployment | None, ports: Ports) -> tuple[Deployment, ...]:
    """The environment's deployments, the newest first; `newest` is among them even if the index still lacks it."""
    found = ports.store.deployments([environment.id], REACH)
    if newest is None or any(one.deployment_id == newest.deployment_id for one in found):
        return found
    return (newest, *found)


def as_it_was(
    target: DeployedRelease, deployments: Sequence[Deployment], ports: Ports
) -> tuple[Release, bool]:
    """The release that the environment ran after an earlier deployment, and whether it is new, not recorded yet.

    `deployments` are the environment's, the newest first. Raises NotFound if the release is not recorded
    any more.
    """
    release = ports.store.release(target.release_id)
    if release is None:
        raise NotFound(f"release {target.release_id}, which would be gone back to, is not recorded any more")
    deployment = ports.store.deployment(target.deployment_id)
    later = [one for one in deployments if deployment and one.date_created > deployment.date_created]
    lacking = {
        image_id: version
        for image_id, version in before(later, ports).items()
        if image_id not in release.versions
    }
    if not lacking:
        return release, False
    description = f"release {release.release_id} and what else {later[0].environment} ran with it"
    images = {**release.images, **lacking}
    return new_release(ports, ports.caller(), images, description=description), True


def before(deployments: Sequence[Deployment], ports: Ports) -> Mapping[str, ImageVersion]:
    """What the environment's tags pointed at before these deployments (the newest first), by image id."""
    digests = {
        image_id: change.from_digest
        for image_id, change in moved_since(deployments).items()
        if change.from_digest is not None and image_id in {image.id for image in ports.project.images}
    }
    found = fan.read(partial(_version, image_id, digest, ports) for image_id, digest in digests.items())
    return dict(zip(digests, found, strict=True))


def _version(image_id: str, digest: str, ports: Ports) -> ImageVersion:
    """The version of a digest; named after the digest where it has no `ref.*` tag, or is gone (the plan says that)."""
    found = ports.registry.find(ports.project.image(image_id).repository, digest)
    refs = (found.refs if found else ()) or (ref_of(digest),)
    return ImageVersion(ref=refs[0], refs=refs, digest=digest)
