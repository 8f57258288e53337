"""The permissions that deployments need, as questions to IAM's policy simulator, made from the table of AWS calls.

The simulator compares ARNs as texts, so the questions name resources that exist, or could, instead of patterns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from weco_deploy.aws.api import CALLS, RUN_TASK, UPDATE_SERVICE, Purpose, Resource
from weco_deploy.aws.policy import PASS_ROLE, PASSED_TO_TASKS, arns_at_home
from weco_deploy.model.arn import Arn
from weco_deploy.model.project import Project
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG, Service, TaskDefinition

_OF_SERVICES = frozenset(
    {
        Purpose.FIND_SERVICES,
        Purpose.READ_TASK_DEFINITIONS,
        Purpose.READ_TARGET_HEALTH,
        Purpose.WATCH_SERVICES,
        Purpose.REDEPLOY_SERVICES,
        Purpose.ROLL_BACK_DEPLOYMENTS,
        Purpose.READ_LOGS,
    }
)
_OF_PROJECT = frozenset({Purpose.READ_IMAGES, Purpose.MOVE_TAGS, Purpose.READ_RECORDS, Purpose.WRITE_RECORDS})
_SOME_ID = "00000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Question:
    """Whether these actions are allowed on all of these resources. `context` are the keys of conditions, with their values."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str] = field(default_factory=dict)


def questions_of_project(project: Project, account_id: str) -> list[Question]:
    """What deployments need for a project's images and records."""
    asked: dict[tuple[str, ...], dict[str, None]] = {}
    for call in CALLS:
        if call.purpose in _OF_PROJECT:
            for resource in call.resources:
                arns = arns_at_home(project, account_id, resource)
                asked.setdefault(arns, {}).update(dict.fromkeys(call.actions))
    return [Question(tuple(actions), arns) for arns, actions in asked.items() if arns]


def questions_of_services(services: Sequence[Service], log_groups: Sequence[str]) -> list[Question]:
    """What deployments need for the services of an environment."""
    asked: dict[tuple[str, ...], dict[str, None]] = {}
    for call in CALLS:
        if call.purpose in _OF_SERVICES and call is not UPDATE_SERVICE:
            for resource in call.resources:
                arns = tuple(dict.fromkeys(_arns(resource, services, log_groups)))
                asked.setdefault(arns, {}).update(dict.fromkeys(call.actions))
    questions = [Question(tuple(actions), arns) for arns, actions in asked.items() if arns]
    # A policy may ask for the tags of a service. One question for all that have tags: it has those of the first.
    with_tags = [service for service in services if service.service_id and service.environment]
    without = [service for service in services if service not in with_tags]
    for group in (with_tags, without):
        if group:
            first = group[0]
            tags = {SERVICE_TAG: first.service_id, ENVIRONMENT_TAG: first.environment}
            known = {f"aws:ResourceTag/{name}": value for name, value in tags.items() if value}
            arns = tuple(service.arn for service in group)
            questions.append(Question(UPDATE_SERVICE.actions, arns, known))
    return questions


def questions_of_tasks(definitions: Sequence[TaskDefinition]) -> list[Question]:
    """What deployments need for running tasks of these definitions: ECS must be allowed to give them their roles."""
    arns = tuple(dict.fromkeys(definition.arn for definition in definitions))
    roles = tuple(dict.fromkeys(role for definition in definitions for role in definition.roles))
    questions = [Question(RUN_TASK.actions, arns)] if arns else []
    if roles:
        questions.append(Question(PASS_ROLE, roles, PASSED_TO_TASKS))
    return questions


def _arns(resource: Resource, services: Sequence[Service], log_groups: Sequence[str]) -> Iterator[str]:
    """ARNs of resources of a type that belong to the services."""
    if resource is Resource.ANY:
        yield "*"
    for service in services:
        cluster, name = service.key.cluster_name, service.key.name
        of_service = {
            Resource.SERVICE: f"service/{cluster}/{name}",
            Resource.SERVICE_DEPLOYMENT: f"service-deployment/{cluster}/{name}/{_SOME_ID[:21]}",
            Resource.SERVICE_REVISION: f"service-revision/{cluster}/{name}/{_SOME_ID[:19]}",
            Resource.TASK: f"task/{cluster}/{_SOME_ID}",
            Resource.CONTAINER_INSTANCE: f"container-instance/{cluster}/{_SOME_ID}",
        }
        arn = Arn.parse(service.arn)
        if arn is None:
            continue
        if resource in of_service:
            yield str(replace(arn, resource=of_service[resource]))
        elif resource is Resource.LOG_STREAM:
            for group in log_groups:
                yield str(replace(arn, service="logs", resource=f"log-group:{group}:log-stream:{_SOME_ID}"))
