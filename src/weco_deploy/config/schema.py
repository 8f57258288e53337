"""The keys of the project file, with their types, descriptions and examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, Tag

from weco_deploy.config.field_types import (
    AccountId,
    AnswerField,
    Argument,
    Branch,
    CapacityProviderName,
    Cluster,
    ClusterTemplate,
    ContainerName,
    DeploymentGroupTemplate,
    DestinationUrl,
    Duration,
    EnvironmentId,
    HttpStatus,
    HttpUrl,
    ImageId,
    LikeService,
    MessageEvent,
    MessageTemplate,
    Name,
    Namespace,
    NoneIs,
    NoneIsEmpty,
    NullableServiceName,
    OptionalImageId,
    ProjectId,
    Refs,
    Region,
    Repository,
    Retries,
    RoleArn,
    SecurityGroup,
    ServiceId,
    ServiceNameTemplate,
    StableFor,
    StepId,
    Subnet,
    Table,
    TagTemplate,
    TaskDefinitionTemplate,
    Timeout,
    Url,
    Variable,
    VariableValue,
    by_type,
)
from weco_deploy.model.before_task import DEFAULT_TIMEOUT
from weco_deploy.model.rollout_check import DEFAULT_TIMEOUT as DEFAULT_CHECK_TIMEOUT


class Entry(BaseModel):
    """A mapping in the file. It ignores unknown keys: spelling.py warns about them.

    An editor warns about them, too, with the `deprecationMessage` of the editors' language servers. JSON Schema itself
    has no warnings, only errors.
    """

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={"additionalProperties": {"deprecationMessage": "unknown key, ignored"}},
    )


class CodeDeployEntry(Entry, title="CodeDeploy"):
    application: DeploymentGroupTemplate = Field(
        description="the name of its application", examples=["bookshop-{environment}"]
    )
    deployment_group: DeploymentGroupTemplate = Field(
        description="the name of its deployment group", examples=["search-{environment}"]
    )


class ServiceEntry(Entry, title="service"):
    id: ServiceId = Field(
        description="its id: the value of the ECS service's tag deployment:service", examples=["search-api"]
    )
    optional: bool = Field(
        default=False, description="whether an environment may lack it; default: false", examples=[True]
    )
    deployed_by: Literal["other"] | None = Field(
        default=None,
        description="`other`: something else deploys it, so weco-deploy leaves it out",
        examples=["other"],
    )
    code_deploy: CodeDeployEntry | None = Field(
        default=None,
        description="the deployment group that deploys it, if its deployment controller is CODE_DEPLOY",
        examples=[{"application": "bookshop-{environment}", "deployment_group": "search-{environment}"}],
    )
    cluster: ClusterTemplate = Field(
        default=None,
        description="the cluster of its ECS service, if it has a name; default: the project's cluster",
        examples=["search-{environment}"],
    )
    name: NullableServiceName = Field(
        default=None,
        description="the name of its ECS service; default: the project's service_name; empty: it is found by its tags",
        examples=["{environment}-search", None],
    )
    after: Annotated[list[ServiceId], NoneIsEmpty] = Field(
        default=[],
        description="the services that must have been deployed with success before it is redeployed; a rollback goes the other way",
        examples=[["search-api"]],
    )


class NotifyEntry(Entry, title="destination of messages"):
    url_from: DestinationUrl = Field(
        description="where its apprise URL is, which is a secret: env:<environment variable> or ssm:<parameter>",
        examples=["env:SLACK_URL", "ssm:/bookshop/slack-url"],
    )
    events: Annotated[list[MessageEvent], NoneIsEmpty] = Field(
        default=[],
        description="what it gets messages about; default: succeeded, failed and rolled_back",
        examples=[["failed", "rolled_back"]],
    )
    environments: Annotated[list[EnvironmentId], NoneIsEmpty] = Field(
        default=[],
        description="the environments that it gets messages about, in the project's list; default: all",
        examples=[["prod"]],
    )
    templates: Annotated[dict[MessageEvent, MessageTemplate], NoneIs({})] = Field(
        default={},
        description="texts in place of the usual ones, by event; the first line is the title",
        examples=[{"succeeded": "{project}: {environment} has release {release}\n{commits}"}],
    )


class GitHubEntry(Entry, title="GitHub"):
    deployments: bool = Field(
        default=False,
        description="whether each deployment is also one at GitHub, with its status; default: false",
        examples=[True],
    )
    labels: bool = Field(
        default=False,
        description="whether pull requests whose commits run in an environment have the label deployed:<environment>; default: false",
        examples=[True],
    )
    comments: bool = Field(
        default=False,
        description="whether such pull requests have a comment about each environment; default: false",
        examples=[True],
    )


class BeforeEntry(Entry, title="task before the restart"):
    id: StepId = Field(description="its id in this environment", examples=["migrate"])
    task_definition: TaskDefinitionTemplate = Field(
        description="the family or ARN of its task definition, or a template of it; without a revision the newest counts",
        examples=["shop-migrate-{environment}"],
    )
    container: ContainerName = Field(
        default=None,
        description="the container whose exit code counts; default: the only one",
        examples=["app"],
    )
    command: list[str] | None = Field(
        default=None,
        min_length=1,
        description="replaces the command of that container",
        examples=[["python", "manage.py", "migrate"]],
    )
    like: LikeService = Field(
        default=None,
        description="the service in whose cluster, network and capacity it runs",
        examples=["search-api"],
    )
    cluster: ClusterTemplate = Field(
        default=None, description="the cluster it runs in, without like", examples=["shop-{environment}"]
    )
    launch_type: Literal["FARGATE", "EC2", "EXTERNAL"] | None = Field(
        default=None, description="its launch type; default: the cluster's default", examples=["FARGATE"]
    )
    capacity_provider: CapacityProviderName = Field(
        default=None, description="its capacity provider, instead of launch_type", examples=["FARGATE_SPOT"]
    )
    subnets: Annotated[list[Subnet], NoneIsEmpty] = Field(
        default=[], description="its subnets, in the network mode awsvpc", examples=[["subnet-0a1b2c3d"]]
    )
    security_groups: Annotated[list[SecurityGroup], NoneIsEmpty] = Field(
        default=[],
        description="its security groups; default: that of the VPC",
        examples=[["sg-0a1b2c3d"]],
    )
    assign_public_ip: bool = Field(
        default=False, description="whether it gets a public address; default: false", examples=[True]
    )
    timeout: Timeout = Field(
        default=DEFAULT_TIMEOUT,
        description="for how many seconds it may run before it is stopped; default: 1800",
        examples=[600],
    )
    once: Literal["release", "always"] = Field(
        default="release",
        description="whether it runs once for the same command and images, or in each deployment; default: release",
        examples=["always"],
    )
    on: Annotated[list[Literal["deploy", "rollback"]], NoneIs(["deploy"])] = Field(
        default=["deploy"],
        min_length=1,
        description="whether deployments, rollbacks or both run it; default: deploy",
        examples=[["deploy", "rollback"]],
    )


class ExpectEntry(Entry, title="expected answer"):
    status: HttpStatus = Field(
        default=200, description="the status; redirects are followed before; default: 200", examples=[204]
    )
    fields: Annotated[dict[AnswerField, VariableValue], NoneIs({})] = Field(
        default={},
        description="the texts of fields of the JSON answer; {commit}, {digest} and {release} stand for what was deployed",
        examples=[{"build.commit": "{commit}"}],
    )
    image: OptionalImageId = Field(
        default=None,
        description="the image that {commit} and {digest} are about; default: the only one",
        examples=["search"],
    )


class CheckEntry(Entry, title="check after the rollout"):
    id: StepId = Field(description="its id among the steps of this environment", examples=["smoke"])
    run: list[Argument] | None = Field(
        default=None,
        min_length=1,
        description="a program on this machine with its arguments, which must exit with 0; no shell reads them",
        examples=[["./smoke-test", "--quick"]],
    )
    credentials: bool = Field(
        default=False,
        description="whether the program gets the tool's AWS credentials; default: false",
        examples=[True],
    )
    http: HttpUrl = Field(
        default=None,
        description="a URL that must answer, or a template of it; instead of run",
        examples=["https://{environment}.example.org/health"],
    )
    expect: ExpectEntry | None = Field(
        default=None,
        description="what http must answer; default: the status 200",
        examples=[{"fields": {"build.commit": "{commit}"}, "image": "search"}],
    )
    timeout: Timeout = Field(
        default=DEFAULT_CHECK_TIMEOUT,
        description="how many seconds it may take, with its repetitions; default: 300",
        examples=[60],
    )
    retries: Retries = Field(
        default=0, description="how often it is repeated if it fails; default: 0", examples=[3]
    )
    advisory: bool = Field(
        default=False,
        description="whether its failure is only reported, and does not fail the deployment; default: false",
        examples=[True],
    )
    record_output: bool = Field(
        default=False,
        description="whether the record gets its last lines of output; default: false, because they may contain secrets",
        examples=[True],
    )
    on: Annotated[list[Literal["deploy", "rollback"]], NoneIs(["deploy"])] = Field(
        default=["deploy"],
        min_length=1,
        description="whether deployments, rollbacks or both run it; default: deploy",
        examples=[["deploy", "rollback"]],
    )


class RequirementEntry(Entry, title="requirement"):
    environment: EnvironmentId = Field(
        description="the environment in which a release must have succeeded", examples=["stage"]
    )
    verified: bool = Field(
        default=False,
        description="whether its checks must have succeeded, too, in the deployment or later; default: false",
        examples=[True],
    )


class EnvironmentEntry(Entry, title="environment"):
    id: EnvironmentId = Field(
        description="its id: the {environment} in templates, and the value of its services' tag deployment:env",
        examples=["stage", "prod"],
    )
    name: Name = Field(
        default=None, description="its name for people; default: the id", examples=["Production"]
    )
    role_arn: RoleArn = Field(
        default=None,
        description="the role that reaches its ECS, if not the project's",
        examples=["arn:aws:iam::444455556666:role/bookshop-prod-ci"],
    )
    region_name: Region = Field(
        default=None, description="the region of its ECS, if not the project's", examples=["eu-west-2"]
    )
    requires: Annotated[
        Annotated[EnvironmentId, Tag("<id>")]
        | Annotated[list[EnvironmentId], Tag("<ids>")]
        | Annotated[RequirementEntry, Tag("<mapping>")],
        by_type("an environment id, a list of them, or a mapping with the key environment"),
        NoneIsEmpty,
    ] = Field(
        default=[],
        description="environments in which a release must have succeeded before it may come here",
        examples=["stage", ["stage", "qa"], {"environment": "stage", "verified": True}],
    )
    on_failure: Literal["leave", "rollback"] = Field(
        default="leave",
        description="what a failed deployment does: leave things as they are, or roll back; a failed rollback leaves them",
        examples=["rollback"],
    )
    variables: Annotated[dict[Variable, VariableValue], NoneIs({})] = Field(
        default={},
        description="texts for the project's templates, where {<name>} stands for its text",
        examples=[{"account": "live"}],
    )
    stable_for: StableFor = Field(
        default=None,
        description="seconds for which its tasks must have been running; default: 10; 0 turns it off",
        examples=[30],
    )
    old_tasks: Literal["leave", "wait"] = Field(
        default="leave",
        description="whether a deployment succeeds while old tasks are protected from scale-in or ECS removes them later, "
        "or waits for them",
        examples=["wait"],
    )
    backwards: Literal["refuse", "warn", "allow"] = Field(
        default="warn",
        description="what a deployment does if git does not show that an image moves forward: refuse, warn or allow; default: warn",
        examples=["refuse"],
    )
    url: Url = Field(
        default=None, description="its address, for GitHub", examples=["https://bookshop.example.org"]
    )
    notify: Annotated[list[NotifyEntry], NoneIsEmpty] = Field(
        default=[],
        description="more destinations of messages, about this environment only",
        examples=[[{"url_from": "ssm:/bookshop/on-call-url", "events": ["failed"]}]],
    )
    before: Annotated[list[BeforeEntry], NoneIsEmpty] = Field(
        default=[],
        description="tasks that run, one after the other, before the services restart",
        examples=[
            [{"id": "migrate", "task_definition": "shop-migrate", "like": "search-api"}],
        ],
    )
    checks: Annotated[list[CheckEntry], NoneIsEmpty] = Field(
        default=[],
        description="checks that run, one after the other, when all services have settled",
        examples=[[{"id": "smoke", "run": ["./smoke-test"]}]],
    )


class ImageEntry(Entry, title="image"):
    id: ImageId = Field(description="its id in this project", examples=["search"])
    repository: Repository = Field(
        default=None,
        description="the full name of its ECR repository; default: <namespace>/<id>",
        examples=["org.example.shared/indexer"],
    )
    optional: bool = Field(
        default=False, description="whether a release may lack it; default: false", examples=[True]
    )
    services: Annotated[
        list[
            Annotated[
                Annotated[ServiceId, Tag("<id>")] | Annotated[ServiceEntry, Tag("<mapping>")],
                by_type("a service id or a mapping with the key id"),
            ]
        ],
        NoneIsEmpty,
    ] = Field(
        default=[],
        description="the services that run this image",
        examples=[["search-api"], [{"id": "search-api"}]],
    )
    tag: TagTemplate = Field(
        default=None,
        description="the template of its floating tags; default: the project's tag",
        examples=["content-env.{environment}"],
    )
    refs: Refs = Field(
        default=[],
        description="patterns of its version tags; default: the project's refs",
        examples=["v{version}"],
    )


class ProjectEntry(Entry, title="project"):
    name: Name = Field(
        default=None, description="its name for people; default: the id", examples=["The bookshop"]
    )
    role_arn: RoleArn = Field(
        default=None,
        description="the role to act as; default: the caller's credentials",
        examples=["arn:aws:iam::111122223333:role/bookshop-ci"],
    )
    region_name: Region = Field(
        default=None, description="its AWS region; default: eu-west-1", examples=["eu-west-1"]
    )
    aws_region_name: Region = Field(
        default=None, description="the same as region_name", examples=["eu-west-1"]
    )
    account_id: AccountId = Field(
        default=None, description="the only account that this may be done in", examples=["111122223333"]
    )
    namespace: Namespace = Field(
        default=None,
        description="what its ECR repositories' names begin with; default: uk.ac.wellcome",
        examples=["org.example.bookshop"],
    )
    release_table: Table = Field(
        default=None,
        description="the DynamoDB table of its records; default: wellcome-releases-<project id>",
        examples=["bookshop-releases"],
    )
    clusters: Annotated[list[Cluster], NoneIsEmpty] = Field(
        default=[],
        description="the ECS clusters to look for its services in",
        examples=[["bookshop-stage", "bookshop-prod"]],
    )
    cluster: ClusterTemplate = Field(
        default=None,
        description="the cluster of services that have a name",
        examples=["catalogue-{environment}"],
    )
    service_name: ServiceNameTemplate = Field(
        default=None,
        description="the names of ECS services, with {service}; default: services are found by their tags",
        examples=["{environment}-{service}"],
    )
    tag: TagTemplate = Field(
        default=None,
        description="the template of the floating tags in task definitions; default: env.{environment}",
        examples=["{environment}"],
    )
    refs: Refs = Field(
        default=[],
        description="patterns of version tags, tried in order, with {commit} or {version}; default: ref.{commit}",
        examples=["{commit}", ["{commit}", "v{version}"]],
    )
    branch: Branch = Field(
        default=None,
        description="the branch that releases are built from; commits that are not on it are builds of pull requests",
        examples=["main"],
    )
    notify: Annotated[list[NotifyEntry], NoneIsEmpty] = Field(
        default=[],
        description="where messages about deployments go; needs the extra weco-deploy[notify]",
        examples=[[{"url_from": "env:SLACK_URL"}]],
    )
    overdue: Duration = Field(
        default=None,
        description="after how many hours (12h) or days (3d) a commit that waits to be promoted is overdue, for messages and GitHub; "
        "default: never",
        examples=["3d"],
    )
    github: Annotated[GitHubEntry | None, NoneIs({})] = Field(
        default=None,
        description="what is written to GitHub about deployments; needs the extra weco-deploy[github], and the token in GITHUB_TOKEN",
        examples=[{"deployments": True, "labels": True}],
    )
    environments: list[EnvironmentEntry] = Field(
        min_length=1,
        description="a list of the environments that releases are deployed to",
        examples=[[{"id": "stage", "name": "Staging"}, {"id": "prod", "requires": "stage"}]],
    )
    image_repositories: list[ImageEntry] = Field(
        min_length=1,
        description="a list of its images and the services that run them",
        examples=[[{"id": "search", "services": ["search-api"]}]],
    )


ENTRY_OF_KEY: Mapping[str, type[Entry]] = {
    "code_deploy": CodeDeployEntry,
    "environments": EnvironmentEntry,
    "image_repositories": ImageEntry,
    "services": ServiceEntry,
    "notify": NotifyEntry,
    "before": BeforeEntry,
    "checks": CheckEntry,
    "expect": ExpectEntry,
    "requires": RequirementEntry,
    "github": GitHubEntry,
}
"""The type of the mappings below a key: of its value, or of the items of its list."""


class FileEntry(
    RootModel[Annotated[dict[ProjectId, ProjectEntry], Field(min_length=1)]],
    title="weco-deploy project file",
):
    """A project file: its projects, by id."""
