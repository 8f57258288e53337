"""What was observed, and what a deployment would do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.image import ImageView, Manifest, Repository
from weco_deploy.model.release import Release
from weco_deploy.model.service import DefinedContainer, ResolvedImage, ServiceKey, ServiceView


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that was seen before planning, of one environment.

    `images` and `repositories` are by image id (None: no such repository); `services` by service id,
    more than one view where several services carry the same tags; `defined` are the containers of
    services without running tasks, `resolved` what a primary deployment's revision pinned, if known.
    `current` is the release deployed last; `notes` are what a reader should know of how it was observed.
    """

    record: EnvironmentRecord
    images: Mapping[str, ImageView]
    repositories: Mapping[str, Repository | None]
    services: Mapping[str, tuple[ServiceView, ...]]
    defined: Mapping[ServiceKey, tuple[DefinedContainer, ...]] = field(default_factory=dict)
    resolved: Mapping[ServiceKey, tuple[ResolvedImage, ...]] = field(default_factory=dict)
    current: Release | None = None
    notes: tuple[str, ...] = ()


class Action(StrEnum):
    """What happens to a service: `adopt` watches a rollout of these digests that already goes on."""

    REDEPLOY = "redeploy"
    ADOPT = "adopt"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImage:
    """Where an image's environment tag points and where it will."""

    image_id: str
    repository: str
    tag: str
    manifest: Manifest
    to_ref: str
    from_digest: str | None
    from_ref: str | None

    @property
    def moves(self) -> bool:
        return self.from_digest != self.manifest.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a container must run to be right: `image` is `<repository>:<tag>`, `digests` any of these."""

    image_id: str
    image: str
    digests: frozenset[str]

    def concerns(self, image: str) -> bool:
        """Whether a container that names `image` is one of these, whichever registry it names."""
        name = image.partition("@")[0]
        host, slash, path = name.partition("/")
        # As docker reads it: what comes first is a registry if it looks like a host.
        registry = slash and ("." in host or ":" in host or host == "localhost")
        return self.image == (path if registry else name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedService:
    """What happens to a service and why.

    `ecs_deployment_id` is the PRIMARY deployment that was seen: the one to adopt, leave or replace.
    `related` is False if none of its containers uses the images: nothing of it can be verified.
    """

    service_id: str
    key: ServiceKey
    images: tuple[str, ...]
    action: Action
    why: str
    expected: tuple[Expected, ...]
    desired: int
    breaker: bool
    ecs_deployment_id: str | None = None
    related: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What deploying `release` to `environment` will do, decided on what was observed.

    `observed` is the environment's record of that moment: a claim succeeds only if it hasn't changed.
    """

    project_id: str
    environment: str
    observed: EnvironmentRecord
    release: Release
    release_is_new: bool
    images: tuple[PlannedImage, ...]
    services: tuple[PlannedService, ...]
    warnings: tuple[str, ...] = ()

    @property
    def moves(self) -> tuple[PlannedImage, ...]:
        return tuple(image for image in self.images if image.moves)

    @property
    def redeploys(self) -> tuple[PlannedService, ...]:
        return tuple(service for service in self.services if service.action is Action.REDEPLOY)

    @property
    def changes(self) -> bool:
        """Whether carrying it out changes anything that runs, or watches anything that moves."""
        return bool(self.moves) or any(service.action is not Action.LEAVE for service in self.services)
