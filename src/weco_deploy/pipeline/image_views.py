"""Reads what ECR has of a release's images, and where the environment's tags point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from weco_deploy.errors import NotFound
from weco_deploy.model.image import ACTIVE, ImageView
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.ports import IMAGES_A_CALL, Calls, ImageRegistry, Ports

Statuses = Mapping[str, Sequence[Future[Mapping[str, str]]]]
"""By repository, the calls for the statuses of its images."""


@dataclass(frozen=True, slots=True)
class BegunViews:
    """The calls that read images."""

    images: Sequence[Image]
    versions: Sequence[Future[tuple[ImageVersion, ImageView]]]
    statuses: Statuses

    def answer(self, calls: Calls) -> dict[str, tuple[ImageVersion, ImageView]]:
        """By image id, the release's version with its digest, and what ECR has of it."""
        found = calls.answers(self.versions)
        statuses = {
            repository: {
                digest: status for answer in calls.answers(begun) for digest, status in answer.items()
            }
            for repository, begun in self.statuses.items()
        }
        return {
            image.id: (version, _with_status(view, version, statuses.get(image.repository, {})))
            for image, (version, view) in zip(self.images, found, strict=True)
        }


def begin_statuses(images: Sequence[Image], release: Release, ports: Ports) -> Statuses:
    """Begin to ask whether these images of the release are archived, which BatchGetImage does not tell.

    This depends on nothing, so it begins early: later it would keep other reads waiting for a thread.
    """
    digests: dict[str, dict[str, None]] = {}
    for image in images:
        if digest := release.versions[image.id].digest:
            digests.setdefault(image.repository, {})[digest] = None
    return {
        repository: [
            ports.calls.begin(
                partial(_statuses, ports.registry, repository, list(wanted)[start : start + IMAGES_A_CALL])
            )
            for start in range(0, len(wanted), IMAGES_A_CALL)
        ]
        for repository, wanted in digests.items()
    }


def begin_views(
    images: Sequence[Image], release: Release, environment: Environment, statuses: Statuses, ports: Ports
) -> BegunViews:
    """Begin to read these images of the release, and where the environment's tags point."""
    versions = [
        ports.calls.begin(
            partial(_version, ports.registry, image, release.versions[image.id], image.tag_in(environment))
        )
        for image in images
    ]
    return BegunViews(images=images, versions=versions, statuses=statuses)


def _version(
    registry: ImageRegistry, image: Image, version: ImageVersion, tag: str
) -> tuple[ImageVersion, ImageView]:
    """The version with its digest, and what ECR has of it. 5.x kept no digests, so the `ref.*` tag is looked up."""
    try:
        digest, status = version.digest, ACTIVE
        if digest is None:
            tagged_image = registry.find(image.repository, version.ref)
            if tagged_image is None:
                return version, ImageView(manifest=None, tagged=None)
            digest, status = tagged_image.digest, tagged_image.status
        view = registry.manifest_and_tag(image.repository, digest, tag)
        return replace(version, digest=digest), replace(view, status=status)
    except NotFound:  # the plan reports a missing repository, with everything else that is wrong
        return version, ImageView(manifest=None, tagged=None)


def _statuses(registry: ImageRegistry, repository: str, digests: Sequence[str]) -> Mapping[str, str]:
    try:
        return registry.statuses(repository, digests)
    except NotFound:  # as above
        return {}


def _with_status(view: ImageView, version: ImageVersion, statuses: Mapping[str, str]) -> ImageView:
    status = statuses.get(version.digest or "")
    return view if status is None else replace(view, status=status)
