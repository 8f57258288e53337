"""The state of ECS as its API tells it: our model's types, made from what really is."""

from __future__ import annotations

from tests.world.ecs_state import Rollout, RunningContainer, RunningService, RunningTask
from weco_deploy.model.service import Container, EcsDeployment, ResolvedImage, Service, Task


def service_view(service: RunningService) -> Service:
    return Service(
        key=service.key,
        arn=service.arn,
        status=service.status,
        desired=service.desired,
        running=service.count("RUNNING"),
        pending=service.count("PENDING"),
        task_definition=service.task_definition,
        controller=service.controller,
        strategy=service.strategy,
        scheduling=service.scheduling,
        breaker=service.breaker,
        deployments=tuple(_deployment(service, rollout) for rollout in service.rollouts),
        events=tuple(service.events),
        service_id=service.service_id,
        environment=service.environment,
    )


def _deployment(service: RunningService, rollout: Rollout) -> EcsDeployment:
    wanted = sum(1 for task in service.tasks_of(rollout) if task.wanted)
    return EcsDeployment(
        id=rollout.id,
        status=rollout.status,
        rollout_state=None if service.classic else rollout.state,
        rollout_reason="" if service.classic else rollout.reason,
        desired=service.desired if rollout is service.primary else wanted,
        running=service.count("RUNNING", rollout),
        pending=service.count("PENDING", rollout),
        failed_tasks=rollout.failed,
        created_at=rollout.created_at,
        task_definition=rollout.task_definition,
    )


def task_view(service: RunningService, task: RunningTask) -> Task:
    return Task(
        arn=task.arn,
        service_name=service.key.name,
        deployment_id=task.deployment_id,
        task_definition=task.task_definition,
        status=task.status,
        created_at=task.created_at,
        started_at=task.started_at,
        stopped_at=task.stopped_at,
        stop_code=task.stop_code,
        stopped_reason=task.stopped_reason,
        containers=tuple(_container(one) for one in task.containers),
    )


def _container(container: RunningContainer) -> Container:
    return Container(
        name=container.defined.name,
        image=container.defined.image,
        digest=container.digest,
        status=container.status,
        exit_code=container.exit_code,
        reason=container.reason,
    )


def resolved_view(
    service: RunningService, containers: tuple[tuple[str, str], ...]
) -> tuple[ResolvedImage, ...]:
    """What the primary rollout pinned; `containers` are names and images."""
    pins = service.primary.pins or {}
    return tuple(ResolvedImage(name, image, pins.get(name)) for name, image in containers)
