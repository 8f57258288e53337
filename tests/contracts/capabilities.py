"""What ECS does that decides verdicts, each as a check of whether an implementation does it, and the table of the checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from botocore.exceptions import ClientError

from tests.contracts.aws_setting import AwsSetting
from weco_deploy.errors import AwsError
from weco_deploy.model.plan import EcsRollback
from weco_deploy.model.service import Service, ServiceKey, Task

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
COLUMNS = ("simulation", "MiniStack", "moto")
HEADING = "| what | simulation | MiniStack | moto |"
YES, NO = "yes", "no"
IMAGES = {"app": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/app:env.stage"}
MOST_OPEN = 5

Check = Callable[[AwsSetting], bool]


def a_service(setting: AwsSetting) -> ServiceKey:
    return setting.service("search", environment="stage", cluster="acme", images=IMAGES)


def described(setting: AwsSetting, key: ServiceKey) -> Service:
    (service,) = setting.runtime.describe(key.cluster, [key.name])
    return service


def tasks(setting: AwsSetting, key: ServiceKey) -> Sequence[Task]:
    return setting.runtime.tasks(key.cluster, setting.runtime.tasks_listed(key.cluster, key.name).arns)


def runs_tasks(setting: AwsSetting) -> bool:
    return bool(tasks(setting, a_service(setting)))


def names_deployment_of_task(setting: AwsSetting) -> bool:
    key = a_service(setting)
    ids = {deployment.id for deployment in described(setting, key).deployments}
    found = tasks(setting, key)
    return bool(found) and all(task.deployment_id in ids for task in found)


def reports_digests(setting: AwsSetting) -> bool:
    found = tasks(setting, a_service(setting))
    return bool(found) and all(container.digest for task in found for container in task.containers)


def rolls_out_over_time(setting: AwsSetting) -> bool:
    key = a_service(setting)
    setting.runtime.redeploy(key)
    service = described(setting, key)
    return len(service.deployments) == 2 and service.deployments[0].rollout_state == "IN_PROGRESS"


def limits_open_deployments(setting: AwsSetting) -> bool:
    key = a_service(setting)
    try:
        for _ in range(MOST_OPEN + 1):
            setting.runtime.redeploy(key)
    except AwsError:
        return True
    return False


def has_service_deployments(setting: AwsSetting) -> bool:
    arn = described(setting, a_service(setting)).service_deployment_arn
    return bool(arn) and bool(setting.runtime.service_deployments([str(arn)]))


def rolls_back_on_request(setting: AwsSetting) -> bool:
    key = a_service(setting)
    setting.runtime.redeploy(key)
    arn = described(setting, key).service_deployment_arn
    try:
        return bool(arn) and setting.runtime.roll_back(EcsRollback(service_deployment_arn=arn))
    except AwsError:
        return False


def has_resolved_images(setting: AwsSetting) -> bool:
    return any(image.digest for image in setting.runtime.resolved(described(setting, a_service(setting))))


def keeps_stopped_tasks(setting: AwsSetting) -> bool:
    key = a_service(setting)
    for task in tasks(setting, key):
        setting.stop(task)
    return bool(setting.runtime.tasks_listed(key.cluster, key.name, stopped=True).arns)


def protects_tasks(setting: AwsSetting) -> bool:
    key = a_service(setting)
    arns = [task.arn for task in tasks(setting, key)]
    if not arns:
        return False
    setting.ecs.update_task_protection(cluster=key.cluster, tasks=arns, protectionEnabled=True)
    answer = setting.ecs.get_task_protection(cluster=key.cluster, tasks=arns)
    return all(task["protectionEnabled"] for task in answer["protectedTasks"])


def finds_services_by_tag(setting: AwsSetting) -> bool:
    key = a_service(setting)
    return key in {found.key for found in setting.runtime.tagged("stage")}


CHECKS: Mapping[str, Check] = {
    "a service gets tasks": runs_tasks,
    "`startedBy` of a task names its deployment": names_deployment_of_task,
    "tasks report the digests of their images": reports_digests,
    "a redeployed service shows both deployments, the new one IN_PROGRESS": rolls_out_over_time,
    "UpdateService is refused while five deployments are open": limits_open_deployments,
    "the current service deployment can be read": has_service_deployments,
    "a deployment in progress can be rolled back (`StopServiceDeployment`)": rolls_back_on_request,
    "service revisions have the digests that tags were resolved to": has_resolved_images,
    "stopped tasks can be read": keeps_stopped_tasks,
    "tasks can be protected from scale-in": protects_tasks,
    "the tagging API finds services": finds_services_by_tag,
}


def does(check: Check, setting: AwsSetting) -> str:
    """The table's word for whether it does that. A call that it does not have counts as no."""
    try:
        return YES if check(setting) else NO
    except (AwsError, ClientError, NotImplementedError):
        return NO


def row(what: str, words: Mapping[str, str]) -> str:
    """The line of the table, as the docs have it."""
    return f"| {what} | {' | '.join(words[column] for column in COLUMNS)} |"


def table() -> dict[str, dict[str, str]]:
    """The table in the docs: what → implementation → yes or no."""
    lines = PAGE.read_text().partition(HEADING)[2].splitlines()[2:]
    rows: dict[str, dict[str, str]] = {}
    for line in lines:
        if not line.startswith("|"):
            break
        what, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[what] = dict(zip(COLUMNS, cells, strict=True))
    return rows
