"""What was observed before a deployment, and what the deployment will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from weco_deploy.model.deployment import Deployment, ImageChange
from weco_deploy.model.direction import UNKNOWN, ImageDirection
from weco_deploy.model.environment import CurrentRelease, EnvironmentRecord
from weco_deploy.model.image import ImageView, Manifest, Repository, TaggedImage
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import LeftOut
from weco_deploy.model.registry import EcrAddress, ImageName, same_registry
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.replica import Replica
from weco_deploy.model.running_tasks import RunningTasks
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
        unrecorded: what the environment's tag points at, by image id, for images of which no deployment is recorded.
        before: the versions that the environment's tags point at, by image id, as far as they are known; of images that change.
        directions: the directions of the images that change, by image id; empty if nobody wants to know.

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
    unrecorded: Mapping[str, TaggedImage | None] = field(default_factory=dict)
    before: Mapping[str, ImageVersion] = field(default_factory=dict)
    directions: Mapping[str, ImageDirection] = field(default_factory=dict)


class Action(StrEnum):
    """What a deployment does with a service. `adopt` watches a rollout of the right digests that is already in progress."""

    REDEPLOY = "redeploy"
    ADOPT = "adopt"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedImage:
    """The digests that an image's environment tag points at now, and after the deployment.

    `from_name` and `to_name` are the commits or versions in `from_ref` and `to_ref`, as `ImageVersion.name`.
    `direction_recorded` says whether the deployment's record keeps the direction.
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
    direction: ImageDirection = UNKNOWN
    direction_recorded: bool = False

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
            direction=self.direction.direction if self.direction_recorded else None,
            commits=self.direction.commits if self.direction_recorded else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the containers of an image must run. `image` is `<repository>:<tag>`; any of `digests` is right.

    `registry` is the host name of the repository's registry. None if the repository doesn't exist any more: then images of
    any registry count. `replica_region` is the region whose replicas of the repository count, too.
    """

    image_id: str
    image: str
    digests: frozenset[str]
    registry: str | None
    replica_region: str | None = None

    def concerns(self, image: str) -> bool:
        """Whether a container whose definition names `image` uses this image."""
        name = ImageName.parse(image)
        return self._same_tag(name) and self._counts(name.registry)

    def may_concern(self, image: str) -> bool:
        """Whether `image` names this image's repository and only a digest, so that its tag is unknown."""
        name = ImageName.parse(image)
        return name.by_digest and name.repository == self._repository and self._counts(name.registry)

    def is_elsewhere(self, image: str) -> bool:
        """Whether `image` has the name and tag of this image in a registry that does not count."""
        name = ImageName.parse(image)
        return self._same_tag(name) and not self._counts(name.registry)

    def replica_of(self, image: str) -> Replica | None:
        """The replica that a container pulls this image from; None if it pulls from the repository itself."""
        name = ImageName.parse(image)
        source, address = EcrAddress.parse(self.registry or ""), EcrAddress.parse(name.registry)
        ours = self.concerns(image) or self.may_concern(image)
        if not ours or source is None or address is None or address == source:
            return None
        repository, _, tag = self.image.rpartition(":")
        return Replica(image_id=self.image_id, repository=repository, tag=tag, source=source, address=address)

    @property
    def full_name(self) -> str:
        """The image with its registry, if that is known."""
        return f"{self.registry}/{self.image}" if self.registry else self.image

    def _counts(self, registry: str) -> bool:
        if self.registry is None or same_registry(registry, self.registry):
            return True
        address = EcrAddress.parse(registry)
        return address is not None and address.region == self.replica_region

    def _same_tag(self, name: ImageName) -> bool:
        return f"{name.repository}:{name.tag}" == self.image

    @property
    def _repository(self) -> str:
        return self.image.rpartition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedService:
    """What a deployment does with a service, and why.

    `images` are those of its images that its containers use, `replicas` those from which they pull them. `ecs_deployment_id` is
    the observed PRIMARY deployment, which is adopted, left alone or replaced. `tasks` are its running tasks, which don't count when
    plans are compared.
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
    replicas: tuple[Replica, ...] = ()
    tasks: RunningTasks | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGate:
    """A gate that lets the release into the environment only with a reason: what it demands, what is against that, and what to do."""

    message: str
    reasons: tuple[str, ...]
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the deployment of `release` to `environment` will do.

    `observed` is the environment's record on which the plan is based. A claim succeeds only if it hasn't changed.
    `can_roll_back` says whether `rollback` would find something to go back to if the deployment did not succeed. `kind` is the
    command, and `source` the environment that `promote` takes the release from. `current` is what the environment has now; None
    if nothing was deployed there. While there are `closed_gates`, the plan can't be carried out.
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
    kind: Kind = Kind.DEPLOY
    source: str | None = None
    current: CurrentRelease | None = None
    closed_gates: tuple[ClosedGate, ...] = ()

    @property
    def moves(self) -> tuple[PlannedImage, ...]:
        return tuple(image for image in self.images if image.moves)

    @property
    def redeploys(self) -> tuple[PlannedService, ...]:
        return tuple(service for service in self.services if service.action is Action.REDEPLOY)

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The replicas from which redeployed services pull: each must have the release before the first of them restarts."""
        return tuple(dict.fromkeys(replica for service in self.redeploys for replica in service.replicas))

    @property
    def changes(self) -> bool:
        """Whether the deployment moves a tag, or redeploys or watches a service."""
        return bool(self.moves) or any(service.action is not Action.LEAVE for service in self.services)
