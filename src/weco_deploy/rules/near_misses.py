"""Explains what was searched for a service in vain, and what was found instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG, NearbyService, ServiceKey

SHOWN = 3
"""How many services are named that may be the one that was meant."""
CLUSTERS_SHOWN = 3
LIKENESS = 0.6
"""How alike two service ids are, from 0 to 1, if one may be a misspelling of the other."""


def tags_of(service_id: str | None, environment_id: str | None) -> str:
    """The two tags by which services are found, in words."""
    return f"{SERVICE_TAG}={service_id or '(none)'} and {ENVIRONMENT_TAG}={environment_id or '(none)'}"


def not_found(
    service_id: str,
    name: ServiceKey | None,
    environment_id: str,
    expected: tuple[Expected, ...],
    observed: Snapshot,
) -> str:
    """What was searched for the service, where, and which services may be the one that was meant.

    `name` is the one in the project file; without it the service was searched by its tags.
    """
    known = observed.record.services.get(service_id)
    before = f"{known.key} was deployed before, and " if known else ""
    wanted = f"named {name}" if name else f"tagged {tags_of(service_id, environment_id)}"
    text = f"{service_id}: {before}no ECS service is {wanted}"
    if known:
        text += " now"
    if name is None:
        text += _where(observed.searched)
    found = sorted(
        (nearby for nearby in observed.nearby if _is_near(nearby, service_id, environment_id, expected)),
        key=lambda nearby: (-_likeness(nearby, service_id), nearby.key),
    )
    if not found:
        return text
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{text}; found instead: {'; '.join(_shown(nearby, expected) for nearby in found[:SHOWN])}{more}"


def uses_other_images(
    service_id: str, name: str, images: Iterable[str], expected: tuple[Expected, ...]
) -> str:
    """Which images were searched for in the containers of a service, and which they use."""
    wanted = " or ".join(image.image for image in expected)
    return f"{service_id}: none of the containers of {name} uses {wanted}; they use {', '.join(images)}"


def uses_another_registry(
    service_id: str, name: str, images: Iterable[str], expected: tuple[Expected, ...]
) -> str:
    """Which images a service uses from other registries, and where those of the project are."""
    used = [used for used in images if any(image.is_elsewhere(used) for image in expected)]
    ours = dict.fromkeys(image.full_name for image in expected)
    text = (
        f"{service_id}: the containers of {name} use {' and '.join(used)}, from another registry than the "
        f"project's: the deployment moves the tag of {' and '.join(ours)}"
    )
    regions = dict.fromkeys(image.replica_region for image in expected if image.replica_region)
    return f"{text}, or of its replica in {', '.join(regions)}" if regions else text


def _where(searched: tuple[str, ...]) -> str:
    if not searched:
        return ""
    if len(searched) > CLUSTERS_SHOWN:
        return f" in {len(searched)} clusters"
    return f" in the {'cluster' if len(searched) == 1 else 'clusters'} {', '.join(searched)}"


def _is_near(
    nearby: NearbyService, service_id: str, environment_id: str, expected: tuple[Expected, ...]
) -> bool:
    if nearby.service_id == service_id or _used(nearby, expected):
        return True
    return nearby.environment in (environment_id, None) and _likeness(nearby, service_id) >= LIKENESS


def _likeness(nearby: NearbyService, service_id: str) -> float:
    """How alike the wanted service id is to the service's tag or, without a tag, to its name."""
    return SequenceMatcher(None, nearby.service_id or nearby.key.name, service_id).ratio()


def _used(nearby: NearbyService, expected: tuple[Expected, ...]) -> list[str]:
    """The expected images that the service uses, with the registry where it is another one."""
    ours = [image.image for image in expected if any(map(image.concerns, nearby.images))]
    elsewhere = [used for used in nearby.images if any(image.is_elsewhere(used) for image in expected)]
    return [*ours, *elsewhere]


def _shown(nearby: NearbyService, expected: tuple[Expected, ...]) -> str:
    used = _used(nearby, expected)
    uses = f", which uses {' and '.join(used)}" if used else ""
    return f"{nearby.key}{uses}, tagged {tags_of(nearby.service_id, nearby.environment)}"
