"""Finds releases, and makes releases of other releases; `prepare.py` makes those of labels and commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from weco_deploy.errors import Command, IncompleteRelease, NotFound, UsageError
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.project import Image, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.results import PreparedRelease
from weco_deploy.model.tags import LATEST
from weco_deploy.operations.image_versions import named
from weco_deploy.operations.nameless_images import nameless
from weco_deploy.operations.runnable_images import check_pullable, check_runnable
from weco_deploy.ports import Caller, Ports

PREFIX_LENGTH = 4
PREFIX_REACH = 200
"""How many of the newest releases a prefix is compared with."""


def choose(ports: Ports, text: str) -> Release:
    """The release that `text` names.

    Args:
        ports: the project's.
        text: a release's id; a deployment's, for the release that it deployed; the beginning of either, if it fits
            one release only; or `latest`, for the newest release.

    Raises:
        NotFound: nothing has that id. UsageError: it fits several releases.

    """
    if text == LATEST:
        newest = ports.store.latest()
        if newest is None:
            raise NotFound(
                f"project {ports.project.id} has no release yet", ("make one with: ", Command("prepare"))
            )
        return newest
    release = ports.store.release(text) or _by_deployment_or_prefix(ports, text)
    if release is not None:
        return release
    raise NotFound(
        f"there is no release or deployment {text!r} of project {ports.project.id}",
        (prefix_hint(text), "list releases with: ", Command("show-releases")),
    )


def prefix_hint(text: str) -> str:
    """The beginning of a hint if the text is too short to be the beginning of an id; otherwise empty."""
    if len(text) >= PREFIX_LENGTH:
        return ""
    return f"the beginning of an id needs at least {PREFIX_LENGTH} characters; "


def _by_deployment_or_prefix(ports: Ports, text: str) -> Release | None:
    """The release of the deployment with that id, or the only release that the beginning of an id fits.

    Raises UsageError if it fits several releases.
    """
    if len(text) < PREFIX_LENGTH:
        return None
    deployment_with_id = ports.calls.begin(partial(ports.store.deployment, text))
    newest_releases = ports.calls.begin(partial(ports.store.releases, PREFIX_REACH))
    newest_deployments = ports.store.deployments(None, PREFIX_REACH)
    exact = ports.calls.answer(deployment_with_id)
    releases = {release.release_id: release for release in ports.calls.answer(newest_releases)}
    if exact is not None:
        return releases.get(exact.release_id) or ports.store.release(exact.release_id)
    prefix = text.lower()
    fitting = {
        deployment.release_id: f"deployment {deployment.deployment_id} of release {deployment.release_id}"
        for deployment in newest_deployments
        if deployment.deployment_id.startswith(prefix)
    }
    fitting |= {
        release_id: f"release {release_id}" for release_id in releases if release_id.startswith(prefix)
    }
    if len(fitting) > 1:
        matches = ", ".join(fitting.values())
        raise UsageError(f"{text!r} may be any of these: {matches}", "give more of the id")
    for release_id in fitting:
        return releases.get(release_id) or ports.store.release(release_id)
    return None


def compared(ports: Ports, release: Release) -> PreparedRelease:
    """A release that is not recorded yet, compared with the newest recorded release."""
    return finished(ports, release, ports.store.latest(), save=False)


def check_complete(release: Release, project: Project, why: str, remedy: str) -> None:
    """Raise IncompleteRelease if the release lacks images of the project that are not optional."""
    lacking = [image_id for image_id in release.missing if not project.image(image_id).optional]
    if not lacking:
        return
    raise IncompleteRelease(
        f"the release would lack {', '.join(lacking)} of project {project.id}: {why}",
        f"{remedy}; write `optional: true` beside an image that releases may lack, or make this release without it with "
        "--allow-partial",
    )


def update(
    ports: Ports,
    *,
    release: str,
    image_ids: Sequence[str],
    from_label: str,
    save: bool,
    overrides: str | None = None,
    allow_partial: bool = False,
) -> PreparedRelease:
    """A copy of a release in which these images have the version that the label points at; `overrides` as in ReleaseRequest.

    Raises NotFound for an image that is not in the project or does not have the label, and IncompleteRelease if the new
    release lacks images of the project that are not optional, unless `allow_partial`.
    """
    if not image_ids:
        raise UsageError("no image was named", "say which ones with --image-ids a,b")
    images = [ports.project.image(image_id) for image_id in dict.fromkeys(image_ids)]
    base = ports.calls.begin(partial(choose, ports, release))
    caller = ports.calls.begin(ports.caller)
    found = versions(ports, images, from_label)
    absent = [image_id for image_id, version in found.items() if version is None]
    if absent:
        raise NotFound(f"no image tagged {from_label} in the repositories of {', '.join(absent)}")
    check_runnable(ports, found)
    previous = base.result()
    description = f"Release based on {previous.release_id}, updating {', '.join(found)} to {from_label}"
    updated = new_release(
        ports,
        caller.result(),
        {**previous.images, **found},
        description=described(description, overrides),
        from_label=from_label,
    )
    if not allow_partial:
        lacks_too = f"release {previous.release_id} has none, either"
        check_complete(updated, ports.project, lacks_too, "name it in --image-ids, too")
    return replace(finished(ports, updated, previous, save=save), copies_previous=True)


def described(description: str, overrides: str | None) -> str:
    return description if overrides is None else f"{description} (gate passed by hand: {overrides})"


def new_release(
    ports: Ports,
    caller: Caller,
    images: Mapping[str, ImageVersion | None],
    *,
    description: str,
    from_label: str | None = None,
    commit: str | None = None,
    commits_behind: Mapping[str, int] = MappingProxyType({}),
) -> Release:
    """A release made now, which is not recorded yet."""
    missing = tuple(image.id for image in ports.project.images if images.get(image.id) is None)
    return Release(
        release_id=ports.new_id(),
        project_id=ports.project.id,
        project_name=ports.project.name,
        date_created=ports.clock.utc(),
        requested_by=caller.requested_by,
        build_url=caller.build_url,
        description=description,
        from_label=from_label,
        commit=commit,
        commits_behind=commits_behind,
        images=images,
        complete=not missing,
        missing=missing,
    )


def finished(ports: Ports, release: Release, previous: Release | None, *, save: bool) -> PreparedRelease:
    """The release compared with the previous one; it is recorded if `save`."""
    if save:
        ports.store.save(release)
    before = previous.versions if previous else {}
    changed = [
        changed_version.commit
        for image_id, version in release.versions.items()
        if (old := before.get(image_id)) is None or old.ref != version.ref
        for changed_version in (old, version)
        if changed_version is not None
    ]
    if release.commit is not None:
        changed.append(release.commit)
    return PreparedRelease(release=release, previous=previous, subjects=ports.history.subjects(changed))


def versions(ports: Ports, images: Sequence[Image], label: str) -> dict[str, ImageVersion | None]:
    """The version that the label points at in each image's repository; None if there is no such tag.

    Raises PlanRefused if nothing names the version of an image, or if it can't be pulled.
    """
    found = labelled(ports, images, label)
    check_pullable(ports, label, found)
    versions_found = named(ports, {image_id: image for image_id, image in found.items() if image}, label)
    unnamed = {
        image_id: image
        for image_id, image in found.items()
        if image is not None and versions_found[image_id] is None
    }
    if unnamed:
        raise nameless(ports, label, unnamed)
    return {image_id: versions_found.get(image_id) for image_id in found}


def labelled(ports: Ports, images: Sequence[Image], label: str) -> Mapping[str, TaggedImage | None]:
    """By image id, the image that the label points at in its repository.

    The label of an environment means each image's own floating tag there.
    """
    found = ports.calls.read(partial(find_labelled, ports, label, image) for image in images)
    return {image.id: tagged for image, tagged in zip(images, found, strict=True)}


def find_labelled(ports: Ports, label: str, image: Image) -> TaggedImage | None:
    """The image that the label points at in its repository; `labelled` says which tag that is."""
    environments = ports.project.labelled_environments(label)
    tag = image.tag_in(environments[0]) if len(environments) == 1 else label
    return ports.registry.find(image.repository, tag)
