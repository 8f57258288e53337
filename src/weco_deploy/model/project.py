"""A project as its file describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from weco_deploy.errors import NotFound
from weco_deploy.model.tags import environment_tag

DEFAULT_REGION = "eu-west-1"
DEFAULT_NAMESPACE = "uk.ac.wellcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place that releases are deployed to: the ECS services tagged `deployment:env` = `id`.

    `role_arn` and `region_name` are those of its services; None means the project's own. `requires` names the
    environments in which a release must have succeeded before it may be deployed here.
    """

    id: str
    name: str
    role_arn: str | None = None
    region_name: str | None = None
    requires: tuple[str, ...] = ()
    on_failure: Literal["leave", "rollback"] = "leave"

    @property
    def tag(self) -> str:
        """The floating tag in its task definitions."""
        return environment_tag(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image repository of the project and the services that run its image.

    `repository` is the full name in ECR; `services` are service ids (tag `deployment:service`).
    """

    id: str
    repository: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Images and services that are deployed together. An environment may lack the services in `optional_services`."""

    id: str
    name: str
    role_arn: str | None = None
    region_name: str = DEFAULT_REGION
    account_id: str | None = None
    namespace: str = DEFAULT_NAMESPACE
    release_table: str
    clusters: tuple[str, ...] = ()
    environments: tuple[Environment, ...] = ()
    images: tuple[Image, ...] = ()
    optional_services: frozenset[str] = frozenset()

    def environment(self, environment_id: str) -> Environment:
        """The environment with this id. NotFound lists the environments that exist."""
        for environment in self.environments:
            if environment.id == environment_id:
                return environment
        known = ", ".join(environment.id for environment in self.environments)
        raise NotFound(
            f"project {self.id} has no environment {environment_id!r}", f"its environments: {known or 'none'}"
        )

    def image(self, image_id: str) -> Image:
        """The image with this id. NotFound lists the images that exist."""
        for image in self.images:
            if image.id == image_id:
                return image
        known = ", ".join(image.id for image in self.images)
        raise NotFound(f"project {self.id} has no image {image_id!r}", f"its images: {known or 'none'}")

    @property
    def services(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of each service's images, by service id, both in the order of the file."""
        found: dict[str, list[str]] = {}
        for image in self.images:
            for service_id in image.services:
                found.setdefault(service_id, []).append(image.id)
        return {service_id: tuple(image_ids) for service_id, image_ids in found.items()}
