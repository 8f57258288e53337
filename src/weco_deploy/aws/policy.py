"""The least IAM policy with which the tool works for a project, made from the table of AWS calls.

A statement for each purpose names the ARNs of the project's own repositories and table, and of the services' clusters. Some
reads can't be restricted to resources; IAM allows them for all or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from weco_deploy.aws.api import CALLS, UPDATE_SERVICE, ApiCall, Purpose, Resource
from weco_deploy.aws.policy_document import PolicyDocument, Statement
from weco_deploy.aws.records.table import DEPLOYMENTS, RELEASES
from weco_deploy.model.arn import Arn, account_of
from weco_deploy.model.bucket import Bucket
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG
from weco_deploy.model.template import fill

TO_CHANGE = frozenset(
    {
        Purpose.REDEPLOY_SERVICES,
        Purpose.ROLL_BACK_DEPLOYMENTS,
        Purpose.RUN_TASKS,
        Purpose.DEPLOY_WITH_CODE_DEPLOY,
        Purpose.STOP_CODE_DEPLOY,
        Purpose.MOVE_TAGS,
        Purpose.LOG_IN_TO_REGISTRY,
        Purpose.PUSH_IMAGES,
        Purpose.WRITE_RECORDS,
        Purpose.CREATE_TABLE,
        Purpose.WRITE_BOARD,
    }
)
"""The purposes that commands which only show something don't have."""

PASS_ROLE = ("iam:PassRole",)
"""The actions that RunTask needs for the roles of its tasks. They are no calls of ours."""
PASSED_TO_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
"""The condition that roles are given to tasks in ECS only."""
OF_CODE_DEPLOY = frozenset(
    {
        Purpose.WATCH_CODE_DEPLOY,
        Purpose.WATCH_CODE_DEPLOY_TARGETS,
        Purpose.DEPLOY_WITH_CODE_DEPLOY,
        Purpose.STOP_CODE_DEPLOY,
    }
)
"""The purposes that only a project with services of CodeDeploy has."""

_IN_CLUSTERS = {
    Resource.SERVICE: "service",
    Resource.SERVICE_DEPLOYMENT: "service-deployment",
    Resource.SERVICE_REVISION: "service-revision",
    Resource.TASK: "task",
    Resource.CONTAINER_INSTANCE: "container-instance",
}


def policy(
    project: Project,
    environments: Sequence[Environment],
    account_id: str,
    *,
    read_only: bool,
    board: Bucket | None = None,
) -> PolicyDocument:
    """The policy for a project's images and records, and for the services of these environments.

    Args:
        project: the project.
        environments: the environments to deploy to.
        account_id: the account of the project.
        read_only: whether to allow only what shows something.
        board: the bucket of the board; None for no board in a bucket.

    """
    arns = _Arns(project, environments, account_id, board)
    purposes = [purpose for purpose in Purpose if not (read_only and purpose in TO_CHANGE)]
    statements = [_statement(purpose, arns) for purpose in purposes]
    if not read_only:
        statements += (_redeploy_named(arns), _pass_roles(arns))
    return PolicyDocument([statement for statement in statements if statement])


def arns_at_home(project: Project, account_id: str, resource: Resource) -> tuple[str, ...]:
    """The ARNs of the project's own resources of a type: its repositories, and its table."""
    return tuple(_Arns(project, (), account_id).of(resource))


def _statement(purpose: Purpose, arns: _Arns) -> Statement | None:
    """The statement that allows a purpose; None if the purpose needs no permission."""
    if purpose in OF_CODE_DEPLOY and not arns.project.code_deploy:
        return None
    calls = [(call, arns.of_call(call)) for call in CALLS if call.purpose is purpose]
    # An action without any of its resources, such as the project's roles if it has none, is allowed nowhere.
    actions = sorted({action for call, of_call in calls if of_call for action in call.actions})
    resources = dict.fromkeys(arn for _, of_call in calls for arn in of_call)
    if not actions or not resources or (purpose is Purpose.REDEPLOY_SERVICES and not arns.services_with_tags):
        return None
    if purpose is Purpose.ROLL_BACK_DEPLOYMENTS and not arns.project.services:
        return None
    if purpose is Purpose.RUN_TASKS and not arns.runs_tasks:
        return None
    tags = arns.service_tags if purpose is Purpose.REDEPLOY_SERVICES else {}
    return Statement(purpose.value, actions, list(resources), tags)


def _redeploy_named(arns: _Arns) -> Statement | None:
    """The statement for services that the project file names, which may lack the tags; None if there are none."""
    named = list(dict.fromkeys(arns.named_services()))
    if not named:
        return None
    return Statement("RedeployNamedServices", list(UPDATE_SERVICE.actions), named)


def _pass_roles(arns: _Arns) -> Statement | None:
    """The statement for the roles of tasks that deployments run, whose names only AWS knows; None if they run none."""
    if not arns.runs_tasks:
        return None
    return Statement(
        "PassRolesToTasks",
        list(PASS_ROLE),
        list(arns.all_roles()),
        condition={key: [value] for key, value in PASSED_TO_TASKS.items()},
    )


@dataclass(frozen=True, slots=True)
class _Arns:
    project: Project
    environments: Sequence[Environment]
    account_id: str
    board: Bucket | None = None

    def of_call(self, call: ApiCall) -> list[str]:
        return [arn for resource in call.resources for arn in self.of(resource)]

    def of(self, resource: Resource) -> Iterator[str]:
        """The ARNs of the project's resources of a type. Parts that only AWS knows are `*`."""
        home = _arn(self.project.region_name, self.account_id)
        match resource:
            case Resource.ANY:
                yield "*"
            case Resource.REPOSITORY | Resource.REPLICA | Resource.REPLICATED:
                yield from self._repositories(resource, home)
            case Resource.TABLE | Resource.INDEX:
                yield from self._of_records(resource, home)
            case Resource.TASK_DEFINITION:
                yield from self._task_definitions()
            case Resource.LOG_STREAM:
                streams = "log-group:*:log-stream:*"
                yield from (str(replace(place, service="logs", resource=streams)) for place in self._places())
            case Resource.DEPLOYMENT_GROUP | Resource.APPLICATION | Resource.DEPLOYMENT_CONFIGURATION:
                yield from self._of_code_deploy(resource)
            case Resource.PARAMETER:
                names = (f"parameter/{name.removeprefix('/')}" for name in self.project.parameters)
                yield from (str(replace(home, service="ssm", resource=name)) for name in names)
            case Resource.BOARD:
                yield from self._pages(home)
            case Resource.ROLE:
                given = [self.project.role_arn, *(environment.role_arn for environment in self.environments)]
                yield from (role_arn for role_arn in given if role_arn)
            case _:
                for place in self._places():
                    yield from self._in_clusters(place, _IN_CLUSTERS[resource])

    def _of_records(self, resource: Resource, home: Arn) -> Iterator[str]:
        """The ARNs of the table or of its indexes."""
        indexes = [f"{self._table}/index/{index}" for index in (RELEASES, DEPLOYMENTS)]
        for name in [self._table] if resource is Resource.TABLE else indexes:
            yield str(replace(home, service="dynamodb", resource=name))

    def _of_code_deploy(self, resource: Resource) -> Iterator[str]:
        found: dict[str, None] = {}
        for environment in self.environments:
            place = replace(self._place(environment), service="codedeploy")
            for group in self.project.deployment_groups(environment).values():
                named = {
                    Resource.DEPLOYMENT_GROUP: f"deploymentgroup:{group}",
                    Resource.APPLICATION: f"application:{group.application}",
                    # The group names its configuration, which only AWS knows.
                    Resource.DEPLOYMENT_CONFIGURATION: "deploymentconfig:*",
                }
                found[str(replace(place, resource=named[resource]))] = None
        yield from found

    def _pages(self, home: Arn) -> Iterator[str]:
        """The ARNs of the objects of the board, whose buckets have names of their own in a whole partition."""
        if self.board is not None:
            objects = f"{self.board.name}/{self.board.key('*')}"
            yield str(replace(home, service="s3", region="", account="", resource=objects))

    def _task_definitions(self) -> Iterator[str]:
        """All revisions of the task definitions that deployments run."""
        for environment in self.environments:
            for task in environment.before:
                family = fill(task.task_definition, environment.values).rpartition("/")[2].partition(":")[0]
                place = self._place(environment)
                yield str(replace(place, service="ecs", resource=f"task-definition/{family}:*"))

    def _repositories(self, resource: Resource, home: Arn) -> Iterator[str]:
        for registry in dict.fromkeys(self._registries(resource, home)):
            for image in self.project.images:
                yield str(replace(registry, service="ecr", resource=f"repository/{image.repository}"))

    def _registries(self, resource: Resource, home: Arn) -> Iterator[Arn]:
        """The accounts and regions in which repositories with the names of the project's are the resources."""
        abroad = [place for place in self._places() if place.region != home.region]
        if resource is Resource.REPOSITORY or (resource is Resource.REPLICATED and abroad):
            yield home
        elif resource is Resource.REPLICA:
            for place in abroad:
                # A replica is in the project's account, or in that of the services.
                yield from (replace(home, region=place.region), place)

    @property
    def runs_tasks(self) -> bool:
        return any(environment.before for environment in self.environments)

    def all_roles(self) -> Iterator[str]:
        """Every role of the accounts in which deployments run tasks."""
        accounts = (self._place(environment) for environment in self.environments if environment.before)
        for place in dict.fromkeys(replace(account, region="") for account in accounts):
            yield str(replace(place, service="iam", resource="role/*"))

    def named_services(self) -> Iterator[str]:
        """The ARNs of the services that the project file names."""
        for environment in self.environments:
            place = self._place(environment)
            for key in self.project.named_services(environment).values():
                yield str(replace(place, service="ecs", resource=f"service/{key.cluster_name}/{key.name}"))

    @property
    def services_with_tags(self) -> list[str]:
        """The services that are found by their tags."""
        return [
            service_id for service_id in self.project.services if service_id not in self.project.addresses
        ]

    @property
    def service_tags(self) -> Mapping[str, Sequence[str]]:
        """The tags of the services: a condition, because their names and clusters are known only to AWS."""
        return {
            ENVIRONMENT_TAG: [environment.id for environment in self.environments],
            SERVICE_TAG: self.services_with_tags,
        }

    @property
    def _table(self) -> str:
        return f"table/{self.project.release_table}"

    def _places(self) -> Sequence[Arn]:
        """The accounts and regions of the environments' services."""
        return list(dict.fromkeys(map(self._place, self.environments)))

    def _place(self, environment: Environment) -> Arn:
        return _arn(
            environment.region_name or self.project.region_name,
            account_of(environment.role_arn) or self.account_id,
        )

    def _in_clusters(self, place: Arn, kind: str) -> Iterator[str]:
        """The ARNs of everything of a kind in all clusters, because `clusters` of the file are not the only ones searched."""
        yield str(replace(place, service="ecs", resource=f"{kind}/*"))


def _arn(region: str, account_id: str) -> Arn:
    """The beginning of an ARN. AWS names its partitions by the regions' prefixes."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    partition = next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")
    return Arn(partition, "", region, account_id, "")
