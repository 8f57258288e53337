"""The table of AWS calls that the tool makes, with their IAM actions, resources, purposes and rate limits.

Error translation uses the names and IAM actions, policy.py the actions, resources and purposes, rate limiting the
limits. Actions and resources are those of AWS's Service Authorization Reference; limits are those of the service quotas pages of ECS, ECR and the tagging API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Resource(Enum):
    """A resource that a permission for a call can name. The value is the end of its ARN, after the account."""

    ANY = "*"
    """No resource: the permission applies to everything."""
    SERVICE = "service/<cluster>/<service>"
    SERVICE_DEPLOYMENT = "service-deployment/<cluster>/<service>/<id>"
    SERVICE_REVISION = "service-revision/<cluster>/<service>/<id>"
    TASK = "task/<cluster>/<id>"
    CONTAINER_INSTANCE = "container-instance/<cluster>/<id>"
    REPOSITORY = "repository/<name>"
    REPLICA = "repository/<name> (replica)"
    """The replicas of the repositories in the regions of environments, where these are other regions."""
    REPLICATED = "repository/<name> (replicated)"
    """The repositories, if an environment is in another region."""
    TABLE = "table/<name>"
    INDEX = "table/<name>/index/<name>"
    TASK_DEFINITION = "task-definition/<family>:<revision>"
    """The task definitions of tasks that deployments run."""
    DEPLOYMENT_GROUP = "deploymentgroup:<application>/<group>"
    """The deployment groups of CodeDeploy that the project file names."""
    APPLICATION = "application:<application>"
    DEPLOYMENT_CONFIGURATION = "deploymentconfig:<name>"
    LOG_STREAM = "log-group:<name>:log-stream:<name>"
    PARAMETER = "parameter/<name>"
    """The SSM parameters that the project file names."""
    ROLE = "role/<name>"
    BOARD = "<bucket>/<prefix>/*"
    """The pages of the board, if it is in a bucket."""


class Purpose(Enum):
    """What a call is for. The value is the Sid of the policy's statement that allows all calls for this purpose."""

    FIND_SERVICES = "FindServices"
    READ_TASK_DEFINITIONS = "ReadTaskDefinitions"
    READ_TARGET_HEALTH = "ReadTargetHealth"
    WATCH_SERVICES = "WatchServices"
    REDEPLOY_SERVICES = "RedeployServices"
    ROLL_BACK_DEPLOYMENTS = "RollBackDeployments"
    RUN_TASKS = "RunTasks"
    WATCH_CODE_DEPLOY = "WatchCodeDeploy"
    WATCH_CODE_DEPLOY_TARGETS = "WatchCodeDeployTargets"
    DEPLOY_WITH_CODE_DEPLOY = "DeployWithCodeDeploy"
    STOP_CODE_DEPLOY = "StopCodeDeploy"
    READ_LOGS = "ReadLogs"
    READ_PARAMETERS = "ReadParameters"
    READ_IMAGES = "ReadImages"
    EXPLAIN_REPLICATION = "ExplainReplication"
    MOVE_TAGS = "MoveTags"
    LOG_IN_TO_REGISTRY = "LogInToRegistry"
    PUSH_IMAGES = "PushImages"
    READ_RECORDS = "ReadRecords"
    WRITE_RECORDS = "WriteRecords"
    CREATE_TABLE = "CreateTable"
    WRITE_BOARD = "WriteBoard"
    CHECK_SET_UP = "CheckSetUp"
    IDENTIFY_CALLER = "IdentifyCaller"
    ASSUME_ROLES = "AssumeRoles"


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit of an account in a region. Calls with the same limit share it.

    Args:
        name: the limit's name, for messages.
        burst: requests that may be sent at once.
        refill: requests a second after that.

    """

    name: str
    burst: float
    refill: float


@dataclass(frozen=True, slots=True)
class ApiCall:
    """An API operation of an AWS service.

    Args:
        service: the service's prefix in IAM, as in `ecs`, `tag`.
        operation: the API's name, as in `UpdateService`.
        resources: all resources that a permission has to name.
        purpose: what the call is for. Calls for one purpose are in one statement of the policy, so either all of them name
            resources or none does.
        limit: the rate limit that the call counts against; None where AWS publishes none, or a generous one.
        changes: whether the call changes anything.
        other_actions: the IAM actions that the call needs, where their names differ from the operation's.

    """

    service: str
    operation: str
    resources: tuple[Resource, ...]
    limit: Limit | None = None
    changes: bool = False
    other_actions: tuple[str, ...] | None = None
    purpose: Purpose = field(kw_only=True)

    @property
    def name(self) -> str:
        """The name in messages: `ecs:UpdateService`."""
        return f"{self.service}:{self.operation}"

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that a policy must allow; empty for a call that needs no permission."""
        return (self.name,) if self.other_actions is None else self.other_actions

    @property
    def client(self) -> str:
        """The service's name in boto."""
        return _CLIENTS.get(self.service, self.service)


_CLIENTS = {"elasticloadbalancing": "elbv2", "tag": "resourcegroupstaggingapi"}

SERVICE_MODIFICATIONS = Limit("ECS service modifications", 50, 5)
SERVICE_READS = Limit("ECS service reads", 100, 20)
TASK_READS = Limit("ECS task reads", 100, 20)
CLUSTER_READS = Limit("ECS cluster reads", 50, 20)
TASK_DEFINITION_READS = Limit("ECS task definition reads", 50, 20)
SERVICE_DEPLOYMENT_READS = Limit("ECS service deployment reads", 50, 20)
SERVICE_REVISION_READS = Limit("ECS service revision reads", 50, 20)
IMAGE_WRITES = Limit("ECR image writes", 10, 10)
IMAGE_READS = Limit("ECR image reads", 2000, 2000)
TAG_SEARCHES = Limit("tag searches", 15, 15)

# Services and tasks
LIST_CLUSTERS = ApiCall("ecs", "ListClusters", (Resource.ANY,), CLUSTER_READS, purpose=Purpose.FIND_SERVICES)
LIST_SERVICES = ApiCall("ecs", "ListServices", (Resource.ANY,), SERVICE_READS, purpose=Purpose.FIND_SERVICES)
DESCRIBE_SERVICES = ApiCall(
    "ecs", "DescribeServices", (Resource.SERVICE,), SERVICE_READS, purpose=Purpose.WATCH_SERVICES
)
UPDATE_SERVICE = ApiCall(
    "ecs",
    "UpdateService",
    (Resource.SERVICE,),
    SERVICE_MODIFICATIONS,
    changes=True,
    purpose=Purpose.REDEPLOY_SERVICES,
)
# AWS publishes no limit of these two, so they are counted with the other changes of services.
STOP_SERVICE_DEPLOYMENT = ApiCall(
    "ecs",
    "StopServiceDeployment",
    (Resource.SERVICE_DEPLOYMENT,),
    SERVICE_MODIFICATIONS,
    changes=True,
    purpose=Purpose.ROLL_BACK_DEPLOYMENTS,
)
CONTINUE_SERVICE_DEPLOYMENT = ApiCall(
    "ecs",
    "ContinueServiceDeployment",
    (Resource.SERVICE_DEPLOYMENT,),
    SERVICE_MODIFICATIONS,
    changes=True,
    purpose=Purpose.ROLL_BACK_DEPLOYMENTS,
)
# The permission for ListTasks names the cluster's container instances, even in a cluster that has none.
LIST_TASKS = ApiCall(
    "ecs", "ListTasks", (Resource.CONTAINER_INSTANCE,), TASK_READS, purpose=Purpose.WATCH_SERVICES
)
DESCRIBE_TASKS = ApiCall("ecs", "DescribeTasks", (Resource.TASK,), TASK_READS, purpose=Purpose.WATCH_SERVICES)
GET_TASK_PROTECTION = ApiCall(
    "ecs", "GetTaskProtection", (Resource.TASK,), TASK_READS, purpose=Purpose.WATCH_SERVICES
)
DESCRIBE_CONTAINER_INSTANCES = ApiCall(
    "ecs",
    "DescribeContainerInstances",
    (Resource.CONTAINER_INSTANCE,),
    TASK_READS,
    purpose=Purpose.WATCH_SERVICES,
)
DESCRIBE_TASK_DEFINITION = ApiCall(
    "ecs",
    "DescribeTaskDefinition",
    (Resource.ANY,),
    TASK_DEFINITION_READS,
    purpose=Purpose.READ_TASK_DEFINITIONS,
)
RUN_TASK = ApiCall("ecs", "RunTask", (Resource.TASK_DEFINITION,), changes=True, purpose=Purpose.RUN_TASKS)
STOP_TASK = ApiCall("ecs", "StopTask", (Resource.TASK,), changes=True, purpose=Purpose.RUN_TASKS)
LIST_SERVICE_DEPLOYMENTS = ApiCall(
    "ecs",
    "ListServiceDeployments",
    (Resource.SERVICE,),
    SERVICE_DEPLOYMENT_READS,
    purpose=Purpose.WATCH_SERVICES,
)
DESCRIBE_SERVICE_DEPLOYMENTS = ApiCall(
    "ecs",
    "DescribeServiceDeployments",
    (Resource.SERVICE, Resource.SERVICE_DEPLOYMENT),
    SERVICE_DEPLOYMENT_READS,
    purpose=Purpose.WATCH_SERVICES,
)
DESCRIBE_SERVICE_REVISIONS = ApiCall(
    "ecs",
    "DescribeServiceRevisions",
    (Resource.SERVICE, Resource.SERVICE_REVISION),
    SERVICE_REVISION_READS,
    purpose=Purpose.WATCH_SERVICES,
)
# Load balancers have no permissions for single target groups.
DESCRIBE_TARGET_HEALTH = ApiCall(
    "elasticloadbalancing", "DescribeTargetHealth", (Resource.ANY,), purpose=Purpose.READ_TARGET_HEALTH
)
GET_RESOURCES = ApiCall("tag", "GetResources", (Resource.ANY,), TAG_SEARCHES, purpose=Purpose.FIND_SERVICES)

# Services that CodeDeploy deploys. Its deployments and their targets have no permissions of their own.
GET_DEPLOYMENT_GROUP = ApiCall(
    "codedeploy", "GetDeploymentGroup", (Resource.DEPLOYMENT_GROUP,), purpose=Purpose.WATCH_CODE_DEPLOY
)
GET_DEPLOYMENT_CONFIG = ApiCall(
    "codedeploy",
    "GetDeploymentConfig",
    (Resource.DEPLOYMENT_CONFIGURATION,),
    purpose=Purpose.WATCH_CODE_DEPLOY,
)
LIST_DEPLOYMENTS = ApiCall(
    "codedeploy", "ListDeployments", (Resource.DEPLOYMENT_GROUP,), purpose=Purpose.WATCH_CODE_DEPLOY
)
GET_DEPLOYMENT = ApiCall(
    "codedeploy", "GetDeployment", (Resource.DEPLOYMENT_GROUP,), purpose=Purpose.WATCH_CODE_DEPLOY
)
BATCH_GET_DEPLOYMENT_TARGETS = ApiCall(
    "codedeploy",
    "BatchGetDeploymentTargets",
    (Resource.ANY,),
    purpose=Purpose.WATCH_CODE_DEPLOY_TARGETS,
)
CREATE_DEPLOYMENT = ApiCall(
    "codedeploy",
    "CreateDeployment",
    (Resource.DEPLOYMENT_GROUP, Resource.APPLICATION),
    changes=True,
    # CodeDeploy keeps the AppSpec as a revision of the application.
    other_actions=("codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision"),
    purpose=Purpose.DEPLOY_WITH_CODE_DEPLOY,
)
STOP_DEPLOYMENT = ApiCall(
    "codedeploy", "StopDeployment", (Resource.ANY,), changes=True, purpose=Purpose.STOP_CODE_DEPLOY
)

# Images
DESCRIBE_REPOSITORIES = ApiCall(
    "ecr", "DescribeRepositories", (Resource.REPOSITORY,), purpose=Purpose.READ_IMAGES
)
DESCRIBE_IMAGES = ApiCall(
    "ecr",
    "DescribeImages",
    (Resource.REPOSITORY, Resource.REPLICA),
    IMAGE_READS,
    purpose=Purpose.READ_IMAGES,
)
BATCH_GET_IMAGE = ApiCall(
    "ecr", "BatchGetImage", (Resource.REPOSITORY,), IMAGE_READS, purpose=Purpose.READ_IMAGES
)
GET_DOWNLOAD_URL_FOR_LAYER = ApiCall(
    "ecr", "GetDownloadUrlForLayer", (Resource.REPOSITORY,), purpose=Purpose.READ_IMAGES
)
PUT_IMAGE = ApiCall(
    "ecr", "PutImage", (Resource.REPOSITORY,), IMAGE_WRITES, changes=True, purpose=Purpose.MOVE_TAGS
)

DESCRIBE_IMAGE_REPLICATION_STATUS = ApiCall(
    "ecr", "DescribeImageReplicationStatus", (Resource.REPLICATED,), purpose=Purpose.EXPLAIN_REPLICATION
)

# Publishing images
GET_AUTHORIZATION_TOKEN = ApiCall(
    "ecr", "GetAuthorizationToken", (Resource.ANY,), purpose=Purpose.LOG_IN_TO_REGISTRY
)
BATCH_CHECK_LAYER_AVAILABILITY = ApiCall(
    "ecr", "BatchCheckLayerAvailability", (Resource.REPOSITORY,), purpose=Purpose.PUSH_IMAGES
)
INITIATE_LAYER_UPLOAD = ApiCall(
    "ecr", "InitiateLayerUpload", (Resource.REPOSITORY,), changes=True, purpose=Purpose.PUSH_IMAGES
)
UPLOAD_LAYER_PART = ApiCall(
    "ecr", "UploadLayerPart", (Resource.REPOSITORY,), changes=True, purpose=Purpose.PUSH_IMAGES
)
COMPLETE_LAYER_UPLOAD = ApiCall(
    "ecr", "CompleteLayerUpload", (Resource.REPOSITORY,), changes=True, purpose=Purpose.PUSH_IMAGES
)

# The record
GET_ITEM = ApiCall("dynamodb", "GetItem", (Resource.TABLE,), purpose=Purpose.READ_RECORDS)
TRANSACT_GET_ITEMS = ApiCall(
    "dynamodb",
    "TransactGetItems",
    (Resource.TABLE,),
    other_actions=("dynamodb:GetItem",),
    purpose=Purpose.READ_RECORDS,
)
QUERY = ApiCall("dynamodb", "Query", (Resource.TABLE, Resource.INDEX), purpose=Purpose.READ_RECORDS)
UPDATE_ITEM = ApiCall(
    "dynamodb", "UpdateItem", (Resource.TABLE,), changes=True, purpose=Purpose.WRITE_RECORDS
)
TRANSACT_WRITE_ITEMS = ApiCall(
    "dynamodb",
    "TransactWriteItems",
    (Resource.TABLE,),
    changes=True,
    other_actions=("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"),
    purpose=Purpose.WRITE_RECORDS,
)
CREATE_TABLE = ApiCall(
    "dynamodb", "CreateTable", (Resource.TABLE,), changes=True, purpose=Purpose.CREATE_TABLE
)
DESCRIBE_TABLE = ApiCall("dynamodb", "DescribeTable", (Resource.TABLE,), purpose=Purpose.READ_RECORDS)

# The board
PUT_OBJECT = ApiCall("s3", "PutObject", (Resource.BOARD,), changes=True, purpose=Purpose.WRITE_BOARD)

# Settings that only `doctor` checks
DESCRIBE_CONTINUOUS_BACKUPS = ApiCall(
    "dynamodb", "DescribeContinuousBackups", (Resource.TABLE,), purpose=Purpose.CHECK_SET_UP
)
GET_LIFECYCLE_POLICY = ApiCall(
    "ecr", "GetLifecyclePolicy", (Resource.REPOSITORY,), purpose=Purpose.CHECK_SET_UP
)
SIMULATE_PRINCIPAL_POLICY = ApiCall(
    "iam", "SimulatePrincipalPolicy", (Resource.ROLE,), purpose=Purpose.CHECK_SET_UP
)

# Why a task stopped
GET_LOG_EVENTS = ApiCall("logs", "GetLogEvents", (Resource.LOG_STREAM,), purpose=Purpose.READ_LOGS)

# Where messages go
GET_PARAMETER = ApiCall("ssm", "GetParameter", (Resource.PARAMETER,), purpose=Purpose.READ_PARAMETERS)

# Who we are
GET_CALLER_IDENTITY = ApiCall(
    "sts", "GetCallerIdentity", (Resource.ANY,), other_actions=(), purpose=Purpose.IDENTIFY_CALLER
)
ASSUME_ROLE = ApiCall("sts", "AssumeRole", (Resource.ROLE,), purpose=Purpose.ASSUME_ROLES)

CALLS = tuple(value for value in tuple(globals().values()) if isinstance(value, ApiCall))
"""All calls of this table."""
