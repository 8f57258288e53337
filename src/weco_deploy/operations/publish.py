"""Publishes an image of this machine: finds it, compares it with ECR, pushes it as `ref.<commit>`, and moves the label.

It can be run again after any failure: it does not push an image that ECR has, nor move a label that is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from weco_deploy.errors import NotFound, PlanRefused
from weco_deploy.model.events import Event
from weco_deploy.model.image import Repository, TaggedImage
from weco_deploy.model.publication import Publication, PublishRequest
from weco_deploy.pipeline.publishable import EngineImage, LayoutImageFile, Publishable
from weco_deploy.ports import ImageLayout, Ports
from weco_deploy.rules.publishing import check_clean, check_label, check_movable, ref_tag, version_of
from weco_deploy.rules.runnable import why_not_pullable


def chosen_ref(
    image_id: str, given: str | None, ports: Ports, *, allow_dirty: bool, besides: Path | None = None
) -> str:
    """The tag that names the image's version: the given one, that in `.releases/<image id>`, or the commit of HEAD.

    Raises UsageError if it can't be a tag, or if the work tree differs from HEAD and that is not allowed;
    `besides` is a path that may be new or changed. Raises NotFound if there is neither a ref nor a commit.
    """
    tree, patterns = ports.publishing.work_tree, ports.project.image(image_id).refs
    found = given if given is not None else tree.released(image_id)
    if found is not None:
        return ref_tag(found, patterns)
    head = tree.head(besides)
    if not allow_dirty:
        check_clean(head.changed)
    return ref_tag(head.commit, patterns)


def engine_image(image_id: str, ref: str, ports: Ports) -> Publishable:
    """The image `<image id>:<commit>` of the Docker Engine. Raises NotFound if it has no image of that name."""
    name = f"{image_id}:{version_of(ref, ports.project.image(image_id).refs)}"
    found = ports.publishing.engine().find(name)
    if found is None:
        raise NotFound(
            f"the Docker Engine has no image {name}",
            f"build it (`docker build --tag {name} .`), or say another commit with --ref",
        )
    return EngineImage(found)


def layout_image(layout: ImageLayout) -> Publishable:
    """The image of an OCI layout. Raises BadImageLayout."""
    return LayoutImageFile(layout)


def planned(request: PublishRequest, source: Publishable, ports: Ports) -> Publication:
    """What publishing the image would do; changes nothing.

    Raises NotFound if there is no repository, PlanRefused if the ref is another image already (unless forced) or a tag can't be
    moved, WrongAccount, BadImageLayout.
    """
    image = ports.project.image(request.image_id)
    check_label(request.label, ports.project, image)
    ports.check_account()
    repository = _repository(image.repository, ports)
    there, labelled = ports.calls.read(
        partial(ports.registry.find, repository.name, tag) for tag in (request.ref, request.label)
    )
    label_at = labelled.digest if labelled else None
    same = there is not None and _is_there(source, repository.name, request.ref, there, ports)
    digest = there.digest if same and there else source.digest
    if there is not None and not same:
        if reason := why_not_pullable(repository.name, there.digest, there.status):
            raise PlanRefused(f"{request.ref} ({there.digest}) {reason}")
        _check_other(request, source, repository, there)
    check_movable(repository, request.label, label_at, digest)
    if not same:
        source.check(ports)
    return Publication(
        image_id=image.id,
        repository=repository.name,
        ref=request.ref,
        digest=digest,
        label=request.label,
        pushed=not same,
        label_moved=digest is None or digest != label_at,
    )


def publish(
    request: PublishRequest, source: Publishable, ports: Ports, notify: Callable[[Event], None]
) -> Publication:
    """Publish the image. Raises what `planned` and `Publishable.push` raise."""
    intended = planned(request, source, ports)
    digest = intended.digest
    if intended.pushed or digest is None:
        digest = source.push(intended.repository, request.ref, ports, notify)
        _check_arrived(intended, digest, ports)
    return replace(intended, digest=digest, label_moved=_move_label(intended, digest, ports))


def _repository(name: str, ports: Ports) -> Repository:
    found = ports.registry.repositories([name]).get(name)
    if found is None:
        raise NotFound(
            f"there is no repository {name} in the registry",
            "create it (`aws ecr create-repository`), or correct namespace, repository, role_arn or region_name"
            " in the project file",
        )
    return found


def _is_there(source: Publishable, repository: str, ref: str, there: TaggedImage, ports: Ports) -> bool:
    manifest = ports.registry.manifest_and_tag(repository, there.digest, ref).manifest
    return manifest is not None and source.is_same(manifest)


def _check_other(
    request: PublishRequest, source: Publishable, repository: Repository, there: TaggedImage
) -> None:
    """Check that the ref may be moved from the other image that it points at."""
    if not request.force_ref:
        known = f" ({source.digest})" if source.digest else ""
        raise PlanRefused(
            f"{request.ref} of {repository.name} is another image already: {there.digest}, not {source.name}{known}",
            hint="a commit's image should never change; if this one must, say --force-ref",
        )
    check_movable(repository, request.ref, there.digest, source.digest)


def _check_arrived(intended: Publication, digest: str, ports: Ports) -> None:
    found = ports.registry.find(intended.repository, intended.ref)
    if found is None or found.digest != digest:
        shown = found.digest if found else "nothing"
        raise PlanRefused(
            f"{intended.ref} of {intended.repository} was pushed as {digest}, but points at {shown}: "
            "somebody else pushed it at the same time",
            hint="run the same command again: it tells which one counts",
        )


def _move_label(intended: Publication, digest: str, ports: Ports) -> bool:
    """Point the label at the digest, and return whether it had to be moved."""
    view = ports.registry.manifest_and_tag(intended.repository, digest, intended.label)
    if view.tagged == digest:
        return False
    if view.manifest is None:
        raise NotFound(f"{digest} is not in {intended.repository} any more")
    ports.registry.point(intended.repository, intended.label, view.manifest)
    return True
