"""Images, services and logs in AWS.

Each method is one AWS call, or one listing with its pages; the pipeline decides how many run concurrently.
Every method may raise AwsError. Other errors are named in the method's docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from weco_deploy.model.draining import TaskProtection
from weco_deploy.model.image import ImageView, Manifest, Repository, TaggedImage
from weco_deploy.model.log_page import LogPage
from weco_deploy.model.plan import EcsRollback
from weco_deploy.model.replica import Replica, Replication
from weco_deploy.model.service import (
    DefinedContainer,
    EcsDeployment,
    FoundService,
    ResolvedImage,
    Service,
    ServiceDeployment,
    ServiceKey,
    Task,
    TaskPage,
)
from weco_deploy.model.targets import Target

SERVICES_A_CALL = 10
"""DescribeServices takes ten services of one cluster."""
TAG_VALUES_A_CALL = 20
"""GetResources takes twenty values of a tag."""
SERVICE_DEPLOYMENTS_A_CALL = 20
"""DescribeServiceDeployments takes twenty service deployments, of any services."""
SERVICE_REVISIONS_A_CALL = 20
"""DescribeServiceRevisions takes twenty service revisions, of any services."""
IMAGES_A_CALL = 100
"""DescribeImages takes a hundred images of one repository."""
THROTTLING_PATIENCE = timedelta(minutes=5)
"""How long a request that AWS throttles is sent again. Limits refill within seconds, so somebody else leaves us nothing by then."""
TASKS_A_CALL = 100
"""DescribeTasks takes, and ListTasks answers, a hundred tasks of one cluster."""

CONTAINER_INSTANCES_A_CALL = 100
"""DescribeContainerInstances takes a hundred container instances of one cluster."""
PROTECTIONS_A_CALL = 10
"""GetTaskProtection takes ten tasks of one cluster."""


TAGS_A_CALL = 100
"""BatchGetImage takes a hundred tags of one repository."""


class ImageRegistry(Protocol):
    """The ECR repositories of the project's account."""

    def find(self, repository: str, reference: str) -> TaggedImage | None:
        """The image of that tag, or of that digest (`sha256:…`); None if there is none. NotFound: no such repository."""

    def existing_tags(self, repository: str, tags: Sequence[str]) -> frozenset[str]:
        """Those of up to a hundred tags that the repository has. NotFound: no such repository."""

    def statuses(self, repository: str, digests: Sequence[str]) -> Mapping[str, str]:
        """ECR's `imageStatus` of up to a hundred images, by digest; those that are not there are left out.

        NotFound: no such repository.
        """

    def repositories(self, names: Sequence[str]) -> Mapping[str, Repository]:
        """Those of the named repositories that exist, by name."""

    def manifest_and_tag(self, repository: str, digest: str, tag: str) -> ImageView:
        """The manifest of `digest` and the digest that `tag` points at, in one BatchGetImage, without the `status`.

        What keeps ECR from giving the image of `tag`, such as that it is archived, is no error.
        """

    def tagged(self, repository: str, tags: Sequence[str]) -> Mapping[str, Manifest]:
        """The manifests that these tags point at, by tag, without tags that the repository lacks. One BatchGetImage, and one
        DescribeImages where the tags point at several images. NotFound: no such repository.
        """

    def revision(self, repository: str, digest: str) -> str | None:
        """The commit that the image names itself: its annotation or label `org.opencontainers.image.revision`.

        NotFound: no such repository.
        """

    def point(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Make `tag` point at the image of `manifest`, which the repository holds. Idempotent.

        Raises PlanRefused if the repository's tags can't be moved.
        """


class Replicas(Protocol):
    """The replicas of the project's repositories from which the services of an environment pull."""

    def digest(self, replica: Replica) -> str | None:
        """The digest that the tag points at in the replica; None if it has no such tag yet, or does not exist."""

    def replication(self, replica: Replica, digest: str) -> Replication | None:
        """How far ECR is with replicating the image of that digest; None if ECR does not replicate it there."""


class ServiceRuntime(Protocol):
    """ECS in one account and region."""

    def tagged(self, environment_id: str, service_ids: Sequence[str] = ()) -> tuple[FoundService, ...]:
        """Services tagged `deployment:env` = `environment_id`, as the tagging API knows them (it may lag).

        With ids, up to twenty, only those tagged `deployment:service` with one of them.
        """

    def clusters(self) -> tuple[str, ...]:
        """The ARNs of all clusters."""

    def services_in(self, cluster: str) -> tuple[ServiceKey, ...]:
        """All services of a cluster (name or ARN); none if there is no such cluster."""

    def describe(self, cluster: str, names: Sequence[str]) -> tuple[Service, ...]:
        """Up to ten services of a cluster, with their tags; those that are not there are left out."""

    def tasks_listed(
        self, cluster: str, service: str | None, *, stopped: bool = False, token: str | None = None
    ) -> TaskPage:
        """The tasks that should run: all of a service's, or a hundred of a whole cluster (`service` None).

        With `stopped` those that ended in the last hour, the first five hundred. `token` reads on from an earlier page.
        """

    def tasks(self, cluster: str, arns: Sequence[str]) -> tuple[Task, ...]:
        """Up to a hundred tasks of a cluster; those that are gone are left out."""

    def defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        """The containers of a task definition."""

    def protections(self, cluster: str, arns: Sequence[str]) -> tuple[TaskProtection, ...]:
        """Those of up to ten tasks of a cluster's services that are protected from scale-in."""

    def hosts(self, cluster: str, container_instances: Sequence[str]) -> Mapping[str, str]:
        """The ids of the EC2 instances of up to a hundred container instances, by ARN; those that are gone are left out."""

    def targets(self, target_group: str) -> tuple[Target, ...]:
        """The targets in a target group, with their health; none if there is no such group."""

    def service_deployments(self, arns: Sequence[str]) -> tuple[ServiceDeployment, ...]:
        """Up to twenty service deployments; those that ECS does not know any more are left out."""

    def revisions(self, arns: Sequence[str]) -> Mapping[str, tuple[ResolvedImage, ...]]:
        """The images of up to twenty service revisions, by ARN; those that ECS does not know any more are left out."""

    def roll_back(self, rollback: EcsRollback, allowed: Callable[[], None] = lambda: None) -> bool:
        """Have ECS roll back a service deployment in progress. False if ECS refuses, because it is not in progress any more.

        Not idempotent: it is refused once ECS has begun to roll back. After Unreachable, `service_deployments` tells whether ECS
        has accepted it. Whether it is sent is as in `redeploy`.
        """

    def resolved(self, service: Service) -> tuple[ResolvedImage, ...]:
        """What the service's primary deployment pinned its images to; empty where that can't be known."""

    def redeploy(self, key: ServiceKey, allowed: Callable[[], None] = lambda: None) -> EcsDeployment:
        """Start a new deployment of the service and answer it.

        `allowed` is asked before each attempt and raises if there must be no further one. NOT idempotent, so
        never retried once AWS may have acted: then it raises Unreachable, and ours is the PRIMARY that a later
        `describe` shows.
        """


class LogReader(Protocol):
    """CloudWatch Logs."""

    def read(self, container: DefinedContainer, task_id: str, token: str | None) -> LogPage:
        """What the container of a task has logged since the page with that `next_token`; from the beginning without one."""

    def tail(self, container: DefinedContainer, task_id: str, lines: int) -> tuple[str, ...]:
        """The last lines that the container of a task logged; none if its log can't be found."""
