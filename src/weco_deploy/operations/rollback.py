"""Finds the release that an environment ran before.

A release may be partial, so deploying an earlier release does not put back the images that it lacks. They are added with the
digests that the environment had then, which makes a new release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from weco_deploy.errors import Command, NotFound
from weco_deploy.model.deployment import HOW_IT_ENDED, PRESUMED_GOOD, Deployment
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.operations.image_versions import named, nameless
from weco_deploy.operations.release import choose, new_release
from weco_deploy.ports import Ports
from weco_deploy.rules.rollback import (
    digests_before,
    is_unfinished_rollback,
    leaves_nothing_to_search,
    restored_digests,
    rollback_target,
    tags_created,
)

REACH = 200
"""How many of an environment's newest deployments are searched for an earlier release."""
FIRST_REACH = 50
"""How many are read first. With these, a long history costs no more calls than a short one."""


def earlier_release(
    ports: Ports, environment_id: str, to_release: str | None, say: Callable[[str], None]
) -> tuple[Release, bool]:
    """The named release, or the one to go back to, and whether it is new and not recorded yet.

    An environment may run images of several releases, because releases may be partial. Then a new release is made. After a
    rollback that did not succeed, the release is that rollback's, and `say` announces it. If no deployment ever succeeded, the
    release has what the tags pointed at before the first one. Raises NotFound if there is nothing to go back to.
    """
    environment = ports.project.environment(environment_id)
    if to_release is not None:
        return choose(ports, to_release), False
    record = ports.store.environment(environment.id)
    current = ports.store.deployment(record.current.deployment_id) if record.current else None
    if current is not None and is_unfinished_rollback(current):
        say(
            f"the last rollback of {environment.id} ({current.deployment_id}) {HOW_IT_ENDED[current.status]}: "
            f"going to its release again, {current.release_id}; another one can be named with --to-release"
        )
        return choose(ports, current.release_id), False
    deployments = recorded(environment, current, ports, FIRST_REACH)
    target = rollback_target(record, deployments)
    if len(deployments) >= FIRST_REACH and not leaves_nothing_to_search(target, deployments):
        deployments = recorded(environment, current, ports)
        target = rollback_target(record, deployments)
    if target is None and record.current is not None and record.current.status not in PRESUMED_GOOD:
        images = before(deployments, ports)
        if images:
            say(
                f"no deployment to {environment.id} has succeeded: going back to what its tags pointed at before "
                f"{deployments[-1].deployment_id}"
            )
            if remark := remark_on_created_tags(ports.project, environment, deployments):
                say(remark)
            return as_before(environment, deployments, images, ports), True
    if target is None:
        raise NotFound(
            f"there is no earlier release to go back to in {environment.id}",
            (
                "look with: ",
                Command("show-deployments", "--environment-id", environment.id),
                "; name one with --to-release",
            ),
        )
    return as_it_was(target, deployments, ports)


def recorded(
    environment: Environment, newest: Deployment | None, ports: Ports, limit: int = REACH
) -> tuple[Deployment, ...]:
    """The environment's latest deployments, the newest first, including `newest` even if the index still lacks it."""
    (found,) = ports.calls.read([partial(ports.store.deployments, [environment.id], limit)])
    if newest is None or any(deployment.deployment_id == newest.deployment_id for deployment in found):
        return found
    return (newest, *found)


def as_it_was(
    target: DeployedRelease, deployments: Sequence[Deployment], ports: Ports
) -> tuple[Release, bool]:
    """The release that the environment ran after an earlier deployment, and whether it is new and not recorded yet.

    `deployments` are the environment's, the newest first. Raises NotFound if the earlier release is not recorded any more.
    """
    looked_up = ports.calls.begin(partial(ports.store.release, target.release_id))
    deployed = ports.calls.begin(partial(ports.store.deployment, target.deployment_id))
    release, deployment = ports.calls.answer(looked_up), ports.calls.answer(deployed)
    if release is None:
        raise NotFound(f"release {target.release_id}, which would be gone back to, is not recorded any more")
    if deployment is None:
        return release, False
    since = [later for later in deployments if later.date_created > deployment.date_created]
    until = [earlier for earlier in deployments if earlier.date_created <= deployment.date_created]
    digests = restored_digests(since, until)
    lacking = {image_id: digests[image_id] for image_id in digests if image_id not in release.versions}
    versions = _versions(lacking, ports)
    if not versions:
        return release, False
    description = f"release {release.release_id} and what else {deployment.environment} ran with it"
    images = {**release.images, **versions}
    return new_release(ports, ports.caller(), images, description=description), True


def before(deployments: Sequence[Deployment], ports: Ports) -> Mapping[str, ImageVersion]:
    """By image id, the version that the environment's tag pointed at before these deployments (the newest first)."""
    return _versions(digests_before(deployments), ports)


def as_before(
    environment: Environment,
    deployments: Sequence[Deployment],
    images: Mapping[str, ImageVersion],
    ports: Ports,
) -> Release:
    """A release, not recorded yet, of `images`: the versions that the tags pointed at before these deployments."""
    description = f"what {environment.id} ran before deployment {deployments[-1].deployment_id}"
    return new_release(ports, ports.caller(), images, description=description)


def remark_on_created_tags(
    project: Project, environment: Environment, deployments: Sequence[Deployment]
) -> str:
    """A remark on the tags that did not exist before these deployments; empty if all of them did."""
    known = {image.id for image in project.images}
    created = [image_id for image_id in tags_created(deployments) if image_id in known]
    if not created:
        return ""
    tags = " and ".join(project.floating_tags(environment, created))
    return f"{tags} of {', '.join(created)} did not exist before, so it stays where it is: images are never deleted"


def _versions(digests: Mapping[str, str], ports: Ports) -> Mapping[str, ImageVersion]:
    """The versions with these digests, without images that left the project."""
    images = [image for image in ports.project.images if image.id in digests]
    found = ports.calls.read(
        partial(ports.registry.find, image.repository, digests[image.id]) for image in images
    )
    versions = named(
        ports, {image.id: tagged for image, tagged in zip(images, found, strict=True) if tagged is not None}
    )
    # A version without a name may also be gone: the plan reports that.
    return {image.id: versions.get(image.id) or nameless(digests[image.id]) for image in images}
