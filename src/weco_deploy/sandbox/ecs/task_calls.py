"""ECS's calls about tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice

from weco_deploy.sandbox.ecs import tasks
from weco_deploy.sandbox.ecs.errors import ApiError, invalid
from weco_deploy.sandbox.ecs.lag import Reader
from weco_deploy.sandbox.ecs.lookups import (
    at_most,
    cluster_of,
    definition_of,
    last_part,
    missing,
    service_of,
    task_of,
)
from weco_deploy.sandbox.ecs.pages import page, with_token
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Cluster, Json, Task, TaskDefinition
from weco_deploy.sandbox.ecs.tags import as_dict, as_list
from weco_deploy.sandbox.ecs.views import task_view

TASKS_A_CALL = 100
RUN_AT_ONCE = 10
PROTECTIONS_A_CALL = 10
USUAL_PROTECTION = 120
LONGEST_PROTECTION = 2880
"""Minutes."""
OTHER_FILTERS = ("containerInstance", "desiredStatus", "family", "launchType", "serviceName")


def list_tasks(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    started_by = request.get("startedBy")
    if started_by and any(request.get(name) for name in OTHER_FILTERS):
        raise invalid("The startedBy filter must be the only filter that you use.")
    reader = Reader(region)
    stopped = request.get("desiredStatus", "RUNNING") == "STOPPED"
    found = (
        task.arn
        for task in _candidates(cluster, request)
        if started_by in (None, task.started_by)
        and request.get("family") in (None, task.definition.family)
        and request.get("launchType") in (None, task.launch_type)
        and reader.knows(task)
        and reader.task_wanted(task) is not stopped
    )
    arns, token = page(found, request, usual=TASKS_A_CALL, most=TASKS_A_CALL)
    return with_token({"taskArns": arns}, token)


def _candidates(cluster: Cluster, request: Json) -> Iterable[Task]:
    if request.get("desiredStatus") == "PENDING":
        return ()  # no task is ever desired to be that
    if "serviceName" not in request:
        return cluster.tasks.values()
    service = service_of(cluster, request["serviceName"])
    return [*service.tasks.values(), *service.stopped.values()]


def describe_tasks(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    reader = Reader(region)
    answer: Json = {"tasks": [], "failures": []}
    for named in at_most(request["tasks"], TASKS_A_CALL, "tasks"):
        task = task_of(cluster, named)
        view = reader.task(task) if task is not None else None
        if task is None or view is None:
            answer["failures"].append(missing(_arn(region, cluster, named)))
            continue
        tags = {"tags": as_list(task.tags)} if "TAGS" in request.get("include", ()) else {}
        answer["tasks"].append(view | tags)
    return answer


def run_task(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    token = request.get("clientToken")
    given = {key: value for key, value in request.items() if key != "clientToken"}
    if token in region.run_tasks:
        earlier, ran = region.run_tasks[token]
        if earlier != given:
            raise ApiError("ConflictException", "The clientToken is in use with a different RunTask request.")
        return {"tasks": [task_view(task) for task in ran], "failures": []}
    count = request.get("count", 1)
    if not 1 <= count <= RUN_AT_ONCE:
        raise invalid(f"count must be between 1 and {RUN_AT_ONCE}.")
    definition = definition_of(region, request["taskDefinition"])
    if definition is None:
        raise ApiError("ClientException", "TaskDefinition not found.")
    if definition.registered.get("networkMode") == "awsvpc" and not request.get("networkConfiguration"):
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    commands = _commands(definition, request)
    ran = [
        tasks.create(
            region,
            cluster,
            definition,
            launch_type=request.get("launchType", "EC2"),
            started_by=request.get("startedBy", ""),
            group=request.get("group", f"family:{definition.family}"),
        )
        for _ in range(count)
    ]
    for task in ran:
        for container in task.containers:
            container.command = commands.get(container.name)
        task.tags = as_dict(request.get("tags", ()))
        tasks.provision(region, task)
    if token:
        region.run_tasks[token] = (given, ran)
    return {"tasks": [task_view(task) for task in ran], "failures": []}


def _commands(definition: TaskDefinition, request: Json) -> dict[str, list[str]]:
    """The commands that the request gives to containers, by name."""
    overrides = request.get("overrides", {}).get("containerOverrides", ())
    names = {container["name"] for container in definition.containers}
    for override in overrides:
        if override.get("name") not in names:
            raise invalid(
                "Override for container named {} is not a container in the TaskDefinition.".format(
                    override.get("name")
                )
            )
    return {override["name"]: override["command"] for override in overrides if "command" in override}


def stop_task(region: Region, request: Json) -> Json:
    task = task_of(cluster_of(region, request), request["task"])
    if task is None:
        raise invalid("The referenced task was not found.")
    tasks.stop(region, task, "UserInitiated", request.get("reason") or "Task stopped by user")
    return {"task": task_view(task)}


def get_task_protection(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    named = request.get("tasks") or []
    if len(named) > PROTECTIONS_A_CALL:
        raise invalid(f"tasks can have at most {PROTECTIONS_A_CALL} items.")
    if not named:
        named = list(islice((task.arn for task in cluster.tasks.values() if task.service), 100))
    answer: Json = {"protectedTasks": [], "failures": []}
    for name_or_arn in named:
        task = _of_a_service(region, cluster, name_or_arn, answer)
        if task is not None:
            answer["protectedTasks"].append(_protection(region, task))
    return answer


def update_task_protection(region: Region, request: Json) -> Json:
    cluster = cluster_of(region, request)
    minutes = request.get("expiresInMinutes", USUAL_PROTECTION)
    if not 1 <= minutes <= LONGEST_PROTECTION:
        raise invalid(f"expiresInMinutes must be between 1 and {LONGEST_PROTECTION}.")
    until = region.now + timedelta(minutes=minutes) if request["protectionEnabled"] else None
    answer: Json = {"protectedTasks": [], "failures": []}
    for named in at_most(request["tasks"], PROTECTIONS_A_CALL, "tasks"):
        task = _of_a_service(region, cluster, named, answer)
        if task is not None:
            tasks.protect(region, task, until)
            answer["protectedTasks"].append(_protection(region, task))
    return answer


def _of_a_service(region: Region, cluster: Cluster, named: str, answer: Json) -> Task | None:
    """The task, if it is one of a service; else a failure is added to the answer."""
    task = task_of(cluster, named)
    if task is None or task.stopped:
        answer["failures"].append(missing(_arn(region, cluster, named)))
        return None
    if task.service is None:
        answer["failures"].append({"arn": task.arn, "reason": "TASK_NOT_VALID"})
        return None
    return task


def _protection(region: Region, task: Task) -> Json:
    view: Json = {"taskArn": task.arn, "protectionEnabled": task.protected(region.now)}
    if task.protected(region.now):
        view["expirationDate"] = task.protected_until
    return view


def _arn(region: Region, cluster: Cluster, named: str) -> str:
    return named if named.startswith("arn:") else region.place.arn("task", cluster.name, last_part(named))
