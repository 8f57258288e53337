"""What runs in each environment, and what is wrong there: the result of `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Lock
from weco_deploy.model.results import ChangedCommit
from weco_deploy.model.service import ServiceKey


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an image. `commit` is its commit or version, None if nothing names it."""

    digest: str
    commit: str | None = None


class Source(StrEnum):
    """Which of the sources differs from the deployed version.

    `tag`: the environment's tag in ECR. `ecs_deployment`: what the service's PRIMARY deployment resolved its image to.
    `running`: what the service's tasks report.
    """

    TAG = "tag"
    ECS_DEPLOYMENT = "ecs_deployment"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A source that has another version of an image than the one that was deployed.

    `expected` is the deployed version; without a record of it, the version that the tag points at. `found` is None if the tag
    is gone. `service_id` is None for a tag. `tasks` of `all_tasks` running tasks run `found`. `recorded` says whether `expected`
    is the deployed version.
    """

    source: Source
    image_id: str
    expected: Version
    found: Version | None
    service_id: str | None = None
    tasks: int = 0
    all_tasks: int = 0
    recorded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStatus:
    """An image in an environment.

    `deployed` is the version in the record, None if there is none. `running` are the versions that tasks report, each with the
    ids of its services. `since` is when `deployed` came there; if `or_earlier`, only known to be there since then at the
    latest.
    """

    image_id: str
    tag: str
    deployed: Version | None
    tagged: Version | None
    running: Mapping[Version, tuple[str, ...]] = field(default_factory=dict)
    since: datetime | None = None
    or_earlier: bool = False

    @property
    def expected(self) -> Version | None:
        """The deployed version; without a record of it, the tagged version."""
        return self.deployed or self.tagged

    @property
    def shown(self) -> Version | None:
        """The version that best says what is there: the only one that runs, else the expected one."""
        return next(iter(self.running)) if len(self.running) == 1 else self.expected


class Problem(StrEnum):
    """What is wrong with a service.

    `missing`: it was not found. `ambiguous`: several ECS services have its tags. `other_images`: it uses none of its
    images. `too_few_tasks`: fewer tasks run than are desired. `rollout_failed`: its last rollout failed. `crashed_tasks`: tasks
    stopped within the last hour, in a way that counts against the image.
    """

    MISSING = "missing"
    AMBIGUOUS = "ambiguous"
    OTHER_IMAGES = "other_images"
    TOO_FEW_TASKS = "too_few_tasks"
    ROLLOUT_FAILED = "rollout_failed"
    CRASHED_TASKS = "crashed_tasks"


DOWN = frozenset({Problem.MISSING, Problem.AMBIGUOUS, Problem.OTHER_IMAGES, Problem.TOO_FEW_TASKS})
"""The problems with which a service counts as down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """Tasks of a service that stopped in the same way. `container` and `exit_code` are None if ECS does not tell them."""

    tasks: int
    last: datetime
    container: str | None = None
    exit_code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    """A service in an environment. `keys` are its ECS services: one, unless it is missing or ambiguous.

    `may_be_missing` says that the environment may lack it, and that it does. `rolling_out` says that ECS replaces its tasks.
    """

    service_id: str
    keys: tuple[ServiceKey, ...] = ()
    desired: int = 0
    running: int = 0
    pending: int = 0
    problems: tuple[Problem, ...] = ()
    detail: str = ""
    crashes: tuple[Crash, ...] = ()
    rolling_out: bool = False
    may_be_missing: bool = False

    @property
    def down(self) -> bool:
        return not DOWN.isdisjoint(self.problems)

    @property
    def idle(self) -> bool:
        """Whether it runs nothing because nothing is desired."""
        return len(self.keys) == 1 and not self.problems and not (self.desired or self.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBad:
    """An image that failed in an environment, or was rolled back from it.

    `there` says that its tag or its record has it now; otherwise it waits to be promoted there.
    """

    image_id: str
    version: Version
    failed: bool
    deployment: Deployment
    there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """What runs in an environment. `services` are all but those that something else deploys (`services_of_others`).

    `lock` is in force; `next_lock` follows it. `deployment` is the last one, which may be in progress; its holder no
    longer renews its lease if it is `cut_off`. `history` are the last deployments, the newest first. `notes` are remarks on how
    this was found out.
    """

    environment: str
    images: tuple[ImageStatus, ...]
    drifts: tuple[Drift, ...]
    services: tuple[ServiceStatus, ...]
    services_of_others: int = 0
    lock: Lock | None = None
    next_lock: Lock | None = None
    deployment: Deployment | None = None
    lock_build_url: str | None = None
    cut_off: bool = False
    known_bad: tuple[KnownBad, ...] = ()
    history: tuple[Deployment, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def in_sync(self) -> bool:
        return not self.drifts

    @property
    def down(self) -> tuple[ServiceStatus, ...]:
        return tuple(service for service in self.services if service.down)

    @property
    def unfinished(self) -> bool:
        """Whether the last deployment was interrupted or timed out, and ECS still replaces tasks: nobody saw them all run."""
        ended = self.deployment.status if self.deployment else None
        return ended in (DeploymentStatus.INTERRUPTED, DeploymentStatus.TIMED_OUT) and any(
            service.rolling_out for service in self.services
        )

    @property
    def in_progress(self) -> Deployment | None:
        """The deployment that is in progress, or was cut off."""
        deployment = self.deployment
        return deployment if deployment and deployment.status is DeploymentStatus.IN_PROGRESS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a promotion from `source` to `target` would bring: the images that differ, and their commits.

    `commits` and `lost` count the commits that only the source, or only the target has; None if git can tell nothing.
    `added_commits` and `lost_commits` are these commits, the newest first. `unknown` are the images whose commits git does not know. `release_id` is the last release of the source. `refused` is why
    `promote` would refuse it, empty if nothing that was observed speaks against it.
    """

    source: str
    target: str
    images: tuple[str, ...]
    commits: int | None
    lost: int | None
    unknown: tuple[str, ...]
    release_id: str | None
    refused: str = ""
    added_commits: tuple[ChangedCommit, ...] = ()
    lost_commits: tuple[ChangedCommit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The environments' states, or the errors that kept them from being read, by environment id."""

    at: datetime
    environments: Mapping[str, EnvironmentStatus | DeployError]
    waiting: tuple[Waiting, ...] = ()

    @property
    def readable(self) -> Mapping[str, EnvironmentStatus]:
        return {
            id_: found for id_, found in self.environments.items() if isinstance(found, EnvironmentStatus)
        }

    @property
    def errors(self) -> Mapping[str, DeployError]:
        return {id_: found for id_, found in self.environments.items() if isinstance(found, DeployError)}

    @property
    def healthy(self) -> bool:
        """Whether all environments could be read, nothing drifted and nothing is down."""
        return not self.errors and all(found.in_sync and not found.down for found in self.readable.values())
