"""Settings of an AWS account that `doctor` checks, as they were observed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose credentials are used in an account.

    `ahead` is by how much this machine's clock is ahead of AWS's, to the second; None if AWS's answer doesn't tell the time.
    """

    arn: str
    account: str
    ahead: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedAction:
    """An IAM action that IAM's policy simulator finds denied on a resource, by its ARN.

    `explicit` says whether a statement denies it, `unsure` whether that depends on conditions that the simulator can't know.
    """

    action: str
    resource: str
    explicit: bool = False
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSettings:
    """The settings of the table with the records. `indexes` are the names of its global secondary indexes."""

    on_demand: bool
    deletion_protection: bool
    indexes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """A rule of a repository's lifecycle policy: which images it selects, and when it acts on them.

    `tag_status` is `tagged`, `untagged` or `any`. `prefixes` and `patterns` select images that have a tag for each of them.
    `storage_class` is that of the images that it selects: `standard` or `archive`. `count_type` is `imageCountMoreThan`, or
    one of `sinceImage…`. `action` is `expire` or `transition` (to the archive).
    """

    priority: int
    tag_status: str
    prefixes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    count_type: str = ""
    count: int = 0
    storage_class: str = "standard"
    action: str = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecyclePolicy:
    """A repository's lifecycle policy. `text` is its JSON."""

    text: str
    rules: tuple[LifecycleRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInUse:
    """An image that is needed: `why` says for what, such as `deployed to stage`. `tags` are all its tags."""

    image_id: str
    repository: str
    digest: str
    tags: tuple[str, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesSetup:
    """The services of an environment as they are set up.

    `observed` has the services and all of their task definitions, without those in `unread`, by their ARN. `protected` are the
    running tasks that are protected from scale-in, each with the time when that ends.
    """

    environment: Environment
    observed: Snapshot
    unread: Mapping[str, DeployError]
    protected: Answer[Mapping[str, datetime | None]]
