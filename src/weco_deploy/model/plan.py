"""What was observed before a deployment, and what the deployment will do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from weco_deploy.model.code_deploy import GroupSettings, Revision
from weco_deploy.model.deployment import Deployment, ImageChange
from weco_deploy.model.direction import UNKNOWN, ImageDirection
from weco_deploy.model.environment import CurrentRelease, EnvironmentRecord
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import ImageView, Manifest, Repository, TaggedImage
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import LeftOut
from weco_deploy.model.lifecycle import ALL_AT_ONCE, TrafficShift
from weco_deploy.model.planned_task import ObservedTask, Pinning, PlannedTask
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.replica import Replica
from weco_deploy.model.rollout_check import PlannedCheck
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import (
    DefinedContainer,
    NearbyService,
    ResolvedImage,
    ServiceDeployment,
    ServiceKey,
    ServiceView,
)
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
        groups: the deployment groups of services that CodeDeploy deploys, by service id; a text says why one can't be read.
        rollouts: the service deployments that ECS may roll back, where that is wanted.
        revisions: the images of the service revisions that it may return to, by ARN.
        current: the release deployed last.
        searched: the names of the clusters that were searched for services that had not been found otherwise.
        nearby: the services that were found there and are none of the environment's.
        notes: remarks for the reader on how all this was observed.
        history: the environment's latest deployments, the newest first.
        unrecorded: what the environment's tag points at, by image id, for images of which no deployment is recorded.
        before: the versions that the environment's tags point at, by image id, as far as they are known; of images that change.
        directions: the directions of the images that change, by image id; empty if nobody wants to know.
        tasks: the tasks that may run before services restart, by id.
        pinning: how the services that use images of these tasks resolve their tags.

    """

    record: EnvironmentRecord
    images: Mapping[str, ImageView]
    repositories: Mapping[str, Repository | None]
    services: Mapping[str, tuple[ServiceView, ...]]
    defined: Mapping[ServiceKey, tuple[DefinedContainer, ...]] = field(default_factory=dict)
    resolved: Mapping[ServiceKey, tuple[ResolvedImage, ...]] = field(default_factory=dict)
    groups: Mapping[str, GroupSettings | str] = field(default_factory=dict)
    rollouts: Mapping[ServiceKey, ServiceDeployment] = field(default_factory=dict)
    revisions: Mapping[str, tuple[ResolvedImage, ...]] = field(default_factory=dict)
    current: Release | None = None
    searched: tuple[str, ...] = ()
    nearby: tuple[NearbyService, ...] = ()
    notes: tuple[str, ...] = ()
    history: tuple[Deployment, ...] = ()
    unrecorded: Mapping[str, TaggedImage | None] = field(default_factory=dict)
    before: Mapping[str, ImageVersion] = field(default_factory=dict)
    directions: Mapping[str, ImageDirection] = field(default_factory=dict)
    tasks: Mapping[str, ObservedTask] = field(default_factory=dict)
    pinning: Mapping[ServiceKey, Pinning] = field(default_factory=dict)


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
class EcsRollback:
    """A service deployment that ECS can roll back, to a revision that has the digests of the planned release.

    `hook_id` is the PAUSE hook that it is paused at, empty if it is not paused. `requested`: ECS rolls it back already.
    """

    service_deployment_arn: str
    hook_id: str = ""
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedService:
    """What a deployment does with a service, and why.

    `images` are those of its images that its containers use, `replicas` those from which they pull them. `ecs_deployment_id` is
    the observed PRIMARY deployment, which is adopted, left alone or replaced. `own_wait` is how much longer its rollout may take because
    of ECS's configuration, or CodeDeploy's (`traffic_shift`): traffic steps and bake time. `code_deploy` is what CodeDeploy deploys; None if
    ECS deploys the service. `ecs_rollback` is the deployment in progress that ECS rolls back
    instead of beginning a new one; None if there is none that leads to the release. `tasks` are its running tasks, which don't count when
    plans are compared. The services are redeployed wave by wave, in the order of these numbers, from 1.
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
    own_wait: timedelta = timedelta(0)
    ecs_rollback: EcsRollback | None = None
    wave: int = 1
    code_deploy: Revision | None = None
    traffic_shift: TrafficShift = ALL_AT_ONCE
    tasks: RunningTasks | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The services that are redeployed at the same time."""

    number: int
    services: tuple[PlannedService, ...]

    @property
    def id(self) -> str:
        """The id of its step. Ids in the project file have no spaces, so no other step has it."""
        return f"wave {self.number}"

    @property
    def redeploys(self) -> tuple[PlannedService, ...]:
        return tuple(service for service in self.services if service.action is Action.REDEPLOY)

    @property
    def changes(self) -> bool:
        """Whether it redeploys or watches any service."""
        return any(service.action is not Action.LEAVE for service in self.services)


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
    if nothing was deployed there. While there are `closed_gates`, the plan can't be carried out. `tasks` run before the first
    service restarts, `checks` when all services have settled.
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
    tasks: tuple[PlannedTask, ...] = ()
    checks: tuple[PlannedCheck, ...] = ()

    @property
    def moves(self) -> tuple[PlannedImage, ...]:
        return tuple(image for image in self.images if image.moves)

    @property
    def moves_for_tasks(self) -> tuple[PlannedImage, ...]:
        """The images whose tags move before the tasks run, because tasks use them. The other tags move after them."""
        used = {image_id for task in self.tasks if task.waits for image_id in task.images}
        return tuple(image for image in self.moves if image.image_id in used)

    @property
    def redeploys(self) -> tuple[PlannedService, ...]:
        return tuple(service for service in self.services if service.action is Action.REDEPLOY)

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The services by wave, in the order in which the waves begin."""
        numbers = sorted({service.wave for service in self.services})
        return tuple(
            Wave(number=number, services=tuple(found for found in self.services if found.wave == number))
            for number in numbers
        )

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The replicas from which redeployed services pull: each must have the release before the first of them restarts."""
        return tuple(dict.fromkeys(replica for service in self.redeploys for replica in service.replicas))

    @property
    def changes(self) -> bool:
        """Whether the deployment moves a tag, runs a task, or redeploys or watches a service."""
        return (
            bool(self.moves)
            or any(task.waits for task in self.tasks)
            or any(service.action is not Action.LEAVE for service in self.services)
        )
