"""The ids of a file and where each stands: what can be told even if other parts of it are wrong.

The checks across entries work on this, so that a duplicate id is reported in the same run as a
misspelt role in the next line. What has not the form of an id is left out: shape.py reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Spot
from weco_deploy.config.patterns import Form
from weco_deploy.model.project import DEFAULT_NAMESPACE, DEFAULT_REGION

# What tells one registry from another, by the key that gives it.
_REGISTRY = {
    "account_id": patterns.ACCOUNT_ID,
    "role_arn": patterns.ROLE_ARN,
    "region_name": patterns.REGION,
    "aws_region_name": patterns.REGION,
}


@dataclass(frozen=True, slots=True)
class Named:
    """An id and the spot that gives it."""

    id: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class EnvironmentOutline:
    named: Named
    requires: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class ImageOutline:
    """An image; `repository` is as given or by default, None if the parts of that name are at fault."""

    named: Named
    repository: str | None
    services: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class ProjectOutline:
    """A project; `registry` is its account (empty: the caller's) and region, None if those are at fault."""

    named: Named
    registry: tuple[str, str] | None
    environments: tuple[EnvironmentOutline, ...]
    images: tuple[ImageOutline, ...]


def outlines(root: Spot) -> tuple[ProjectOutline, ...]:
    return tuple(_project(spot) for spot in root.entries() if isinstance(spot.node.value, dict))


def _project(spot: Spot) -> ProjectOutline:
    return ProjectOutline(
        named=Named(str(spot.path[-1]), spot),
        registry=_registry(spot),
        environments=tuple(_environments(spot)),
        images=tuple(_images(spot)),
    )


def _registry(project: Spot) -> tuple[str, str] | None:
    given = {key: _text(project, key, form) for key, form in _REGISTRY.items() if project.at(key)}
    if None in given.values():
        return None
    _, _, _, _, role_account, *_ = (given.get("role_arn") or ":::::").split(":")
    region = given.get("region_name") or given.get("aws_region_name") or DEFAULT_REGION
    return given.get("account_id") or role_account, region


def _environments(project: Spot) -> Iterator[EnvironmentOutline]:
    for spot in project.items("environments"):
        named = _named(spot.at("id"), patterns.ENVIRONMENT_ID)
        if named:
            required = [spot.at("requires"), *spot.items("requires")]
            ids = tuple(one for one in (_named(each, patterns.ENVIRONMENT_ID) for each in required) if one)
            yield EnvironmentOutline(named, ids)


def _images(project: Spot) -> Iterator[ImageOutline]:
    for spot in project.items("image_repositories"):
        named = _named(spot.at("id"), patterns.IMAGE_ID)
        if named:
            services = (_service(each) for each in spot.items("services"))
            yield ImageOutline(
                named, _repository(project, spot, named), tuple(one for one in services if one)
            )


def _service(spot: Spot) -> Named | None:
    return _named(spot, patterns.SERVICE_ID) or _named(spot.at("id"), patterns.SERVICE_ID)


def _repository(project: Spot, image: Spot, named: Named) -> str | None:
    if image.at("repository"):
        return _text(image, "repository", patterns.REPOSITORY)
    if project.at("namespace") is None:
        return default_names.repository(DEFAULT_NAMESPACE, named.id)
    namespace = _text(project, "namespace", patterns.NAMESPACE)
    return default_names.repository(namespace, named.id) if namespace else None


def _named(spot: Spot | None, form: Form) -> Named | None:
    if spot is None or spot.text is None or not form.fits(spot.text):
        return None
    return Named(spot.text, spot)


def _text(spot: Spot, key: str, form: Form) -> str | None:
    named = _named(spot.at(key), form)
    return named.id if named else None
