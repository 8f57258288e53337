"""Compares four sources of what an environment has: its record, the tags in ECR, what ECS resolved, and what runs.

The record says what was deployed, so the other three are compared with it. While a deployment is in progress, its version is
right, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from weco_deploy.model.image import Manifest
from weco_deploy.model.status import Drift, Source, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvidence:
    """What a service shows of an image: the digest that ECS resolved, and the number of tasks by the digest that they run."""

    service_id: str
    resolved: str | None = None
    running: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEvidence:
    """What the four sources say of an image; None where a source has nothing. All digests are those of the tagged image.

    `coming` is the digest that a deployment in progress brings.
    """

    image_id: str
    recorded: str | None
    tagged: str | None
    coming: str | None = None
    services: tuple[ServiceEvidence, ...] = ()


def drifts(evidence: ImageEvidence, names: Mapping[str, str]) -> tuple[Drift, ...]:
    """The sources that differ from what was deployed; from the tag, if nothing is recorded. `names` are commits by digest."""
    expected = evidence.recorded or evidence.tagged
    if expected is None:
        return ()
    right = {expected, *([evidence.coming] if evidence.coming else [])}
    return tuple(
        Drift(
            source=source,
            image_id=evidence.image_id,
            expected=Version(expected, names.get(expected)),
            found=Version(found, names.get(found)) if found else None,
            service_id=service.service_id if service else None,
            tasks=service.running.get(found, 0) if service and found and source is Source.RUNNING else 0,
            all_tasks=sum(service.running.values()) if service and source is Source.RUNNING else 0,
            recorded=evidence.recorded is not None,
        )
        for source, service, found in _differing(evidence)
        if found not in right
    )


def _differing(evidence: ImageEvidence) -> Iterator[tuple[Source, ServiceEvidence | None, str | None]]:
    """What each source has, each version of a service once: what runs tells more than what was resolved."""
    yield Source.TAG, None, evidence.tagged
    for service in evidence.services:
        for digest in sorted(service.running):
            yield Source.RUNNING, service, digest
        if service.resolved is not None and service.resolved not in service.running:
            yield Source.ECS_DEPLOYMENT, service, service.resolved


def tagged_digest(digest: str, preferred: Iterable[str | None], manifests: Mapping[str, Manifest]) -> str:
    """The digest of the image that this digest belongs to: itself, or the index that names it (`manifests` by digest).

    Tasks of a multi-architecture image report the digest of the index or that of a child. Several indexes may have the same
    child: the first preferred one counts.
    """
    if digest in manifests:
        return digest
    wanted = [name for name in preferred if name in manifests]
    candidates = (*(manifests[name] for name in wanted if name), *manifests.values())
    return next((manifest.digest for manifest in candidates if digest in manifest.children), digest)
