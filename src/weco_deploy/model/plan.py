"""What was observed before a deployment, and what the deployment will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weco_deploy.model.deployment import Deployment, ImageChange
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.image import ImageView, Manifest, Repository
from weco_deploy.model.left_out import LeftOut
from weco_deploy.model.release import Release
from weco_deploy.model.service import DefinedContainer, NearbyService, ResolvedImage, ServiceKey, ServiceView
from weco_deploy.model.tags import commit_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that was observed of an environment before planning.

    Args:
        record: the environment's record.
        images: the image views, by image id.
        repositories: the repositories, by image id; None if the repository doesn't exist.
        services: the service views, by service id; several if services have the same tags.
        defined: the containers in the task definitions of services without running tasks.
        resolved: the images that primary deployments have resolved their tags to, where known.
        current: the release deployed last.
        searched: the names of the clusters that were searched for services that had not been found otherwise.
        nearby: the services that were found there and are none of the environment's.
        notes: remarks for the reader on how all this was observed.
        history: the environment's latest deployments, the newest first.

    """

    record: EnvironmentRecord
    images: Mapping[str, ImageView]
    repositories: Mapping[str, Repository | None]
    services: Mapping[str, tuple[ServiceView, ...]]
    defined: Mapping[ServiceKey, tuple[DefinedContainer, ...]] = field(default_factory=dict)
    resolved: Mapping[ServiceKey, tuple[ResolvedImage, ...]] = field(default_factory=dict)
    current: Release | None = None
    searched: tuple[str, ...] = ()
    nearby: tuple[NearbyService, ...] = ()
    notes: tuple[str, ...] = ()
    history: tuple[Deployment, ...] = ()


class Action(StrEnum):
    """What a deployment does with a service. `adopt` watches a rollout of the right digests that is already in progress."""

    REDEPLOY = "redeploy"
    ADOPT = "adopt"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImage:
    """The digests that an image's environment tag points at now, and after the deployment.

    `from_name` and `to_name` are the commits or versions in `from_ref` and `to_ref`, as `ImageVersion.name`.
    """

    image_id: str
    repository: str
    tag: str
    manifest: Manifest
    to_ref: str
    from_digest: str | None
    from_ref: str | None
    from_name: str | None = None
    to_name: str | None = None

    @property
    def from_commit(self) -> str | None:
        """The commit or version before; None if it is unknown."""
        return commit_in(self.from_ref, self.from_name) if self.from_ref else None

    @property
    def to_commit(self) -> str:
        """The commit or version after."""
        return commit_in(self.to_ref, self.to_name)

    @property
    def moves(self) -> bool:
        return self.from_digest != self.manifest.digest

    @property
    def change(self) -> ImageChange:
        """The change as it is recorded before the tag has moved."""
        return ImageChange(
            image_id=self.image_id,
            from_digest=self.from_digest,
            to_digest=self.manifest.digest,
            from_ref=self.from_ref,
            to_ref=self.to_ref,
            from_name=self.from_name,
            to_name=self.to_name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the containers of an image must run. `image` is `<repository>:<tag>`; any of `digests` is right."""

    image_id: str
    image: str
    digests: frozenset[str]

    def concerns(self, image: str) -> bool:
        """Whether a container whose definition names `image` uses this image, from any registry."""
        name = image.partition("@")[0]
        host, slash, path = name.partition("/")
        # Like Docker: the first part is a registry if it looks like a host.
        registry = slash and ("." in host or ":" in host or host == "localhost")
        return self.image == (path if registry else name)

    def may_concern(self, image: str) -> bool:
        """Whether `image` names this image's repository and only a digest, so that its tag is unknown, from any registry."""
        repository, by_digest, _ = image.partition("@")
        return bool(by_digest) and self.concerns(f"{repository}:{self.image.rpartition(':')[2]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedService:
    """What a deployment does with a service, and why.

    `images` are those of its images that its containers use. `ecs_deployment_id` is the observed PRIMARY deployment, which
    is adopted, left alone or replaced.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the deployment of `release` to `environment` will do.

    `observed` is the environment's record on which the plan is based. A claim succeeds only if it hasn't changed.
    `can_roll_back` says whether `rollback` would find something to go back to if the deployment did not succeed.
    """

    project_id: str
    environment: str
    observed: EnvironmentRecord
    release: Release
    release_is_new: bool
    images: tuple[PlannedImage, ...]
    services: tuple[PlannedService, ...]
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()
    can_roll_back: bool = True

    @property
    def moves(self) -> tuple[PlannedImage, ...]:
        return tuple(image for image in self.images if image.moves)

    @property
    def redeploys(self) -> tuple[PlannedService, ...]:
        return tuple(service for service in self.services if service.action is Action.REDEPLOY)

    @property
    def changes(self) -> bool:
        """Whether the deployment moves a tag, or redeploys or watches a service."""
        return bool(self.moves) or any(service.action is not Action.LEAVE for service in self.services)
