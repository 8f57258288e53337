"""Checks that ECS can run the images of a release, before the release is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AccessDenied, PlanRefused
from weco_deploy.model.digest import short_digest
from weco_deploy.model.image import ImageView, TaggedImage
from weco_deploy.model.project import Image
from weco_deploy.model.release import ImageVersion
from weco_deploy.ports import Ports
from weco_deploy.rules.runnable import why_not_pullable, why_not_runnable


def check_pullable(ports: Ports, label: str, found: Mapping[str, TaggedImage | None]) -> None:
    """Raise PlanRefused if the label points at images that are archived or being restored. Makes no call."""
    _refuse(
        f"{image_id}: {label} ({short_digest(image.digest)}) {reason}"
        for image_id, image in found.items()
        if image is not None
        and (reason := why_not_pullable(ports.project.image(image_id).repository, image.digest, image.status))
    )


def check_runnable(ports: Ports, versions: Mapping[str, ImageVersion | None]) -> None:
    """Raise PlanRefused if ECS can't run some of these versions, by their manifests.

    The plan of a deployment checks the same. This is for releases that are only made.
    """
    digests = {
        image_id: version.digest for image_id, version in versions.items() if version and version.digest
    }
    refs = {image_id: version.ref for image_id, version in versions.items() if version}
    views = ports.calls.read(
        partial(_view, ports, ports.project.image(image_id), digest, refs[image_id])
        for image_id, digest in digests.items()
    )
    _refuse(
        f"{image_id}: {refs[image_id]} {reason}"
        for (image_id, digest), view in zip(digests.items(), views, strict=True)
        if (reason := why_not_runnable(ports.project.image(image_id).repository, digest, view))
    )


def _view(ports: Ports, image: Image, digest: str, ref: str) -> ImageView:
    try:
        view = ports.registry.manifest_and_tag(image.repository, digest, ref)
    except AccessDenied:  # making a release needs nothing else of BatchGetImage
        return ImageView(manifest=None, tagged=None)
    if view.manifest is not None:
        return view
    found = ports.registry.find(image.repository, digest)
    return replace(view, status=found.status) if found else view


def _refuse(refusals: Iterable[str]) -> None:
    reasons = tuple(refusals)
    if reasons:
        raise PlanRefused("can't make the release, because ECS can't run these images:", reasons)
