"""The port ServiceRuntime, for one run of the tool in one account and region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.world.ecs_state import Place, RunningService, RunningTask
from tests.world.gate import Call, Gate
from tests.world.lag import Lag
from tests.world.run import Run
from tests.world.scheduler import Scheduler
from tests.world.views import resolved_view, task_view
from weco_deploy.errors import AwsError
from weco_deploy.model.service import (
    DefinedContainer,
    FoundService,
    ResolvedImage,
    Service,
    ServiceKey,
    Task,
    TaskPage,
)
from weco_deploy.ports import SERVICES_A_CALL, TASKS_A_CALL

STOPPED_VISIBLE = timedelta(hours=1)
"""Stopped tasks can be read for about this long."""


@dataclass(slots=True)
class Ecs:
    """All services, clusters and task definitions; `tells_revisions` is whether DescribeServiceRevisions answers."""

    services: list[RunningService] = field(default_factory=list)
    clusters: list[tuple[Place, str]] = field(default_factory=list)
    definitions: dict[str, tuple[DefinedContainer, ...]] = field(default_factory=dict)
    lag: Lag = field(default_factory=Lag)
    tells_revisions: bool = True


class WorldRuntime:
    def __init__(
        self,
        ecs: Ecs,
        scheduler: Scheduler,
        place: Place,
        now: Callable[[], datetime],
        gate: Gate,
        run: Run,
    ) -> None:
        self._ecs = ecs
        self._scheduler = scheduler
        self._place = place
        self._now = now
        self._gate = gate
        self._run = run

    def tagged(self, environment_id: str) -> tuple[FoundService, ...]:
        with self._pass("tagged", environment_id):
            return tuple(
                FoundService(service.key, service.service_id)
                for service in self._here()
                if service.indexed
                and service.environment == environment_id
                and service.service_id is not None
            )

    def clusters(self) -> tuple[str, ...]:
        with self._pass("clusters"):
            return tuple(arn for place, arn in self._ecs.clusters if place == self._place)

    def services_in(self, cluster: str) -> tuple[ServiceKey, ...]:
        with self._pass("services_in", cluster):
            return tuple(one.key for one in self._in(cluster) if one.status == "ACTIVE")

    def describe(self, cluster: str, names: Sequence[str]) -> tuple[Service, ...]:
        with self._pass("describe", cluster, *names):
            if len(names) > SERVICES_A_CALL:
                raise AwsError(
                    "ecs:DescribeServices", "InvalidParameterException: services can have at most 10 items"
                )
            found = {service.key.name: service for service in self._in(cluster)}
            return tuple(self._ecs.lag.view(found[name], self._now()) for name in names if name in found)

    def tasks_listed(self, cluster: str, service: str | None, *, stopped: bool = False) -> TaskPage:
        with self._pass("tasks_listed", cluster, service or "", "STOPPED" if stopped else "RUNNING"):
            arns = [
                task.arn
                for one in self._in(cluster)
                if service in (None, one.key.name)
                for task in one.tasks
                if self._visible(task) and task.wanted is not stopped
            ]
            if service is not None and not stopped:
                return TaskPage(tuple(arns), complete=True)
            return TaskPage(tuple(arns[:TASKS_A_CALL]), complete=len(arns) <= TASKS_A_CALL)

    def tasks(self, cluster: str, arns: Sequence[str]) -> tuple[Task, ...]:
        with self._pass("tasks", cluster, *arns):
            if len(arns) > TASKS_A_CALL:
                raise AwsError(
                    "ecs:DescribeTasks", "InvalidParameterException: tasks can have at most 100 items"
                )
            found = {
                task.arn: task_view(one, task)
                for one in self._in(cluster)
                for task in one.tasks
                if self._visible(task)
            }
            return tuple(found[arn] for arn in arns if arn in found)

    def defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        with self._pass("defined", task_definition):
            if task_definition not in self._ecs.definitions:
                raise AwsError(
                    "ecs:DescribeTaskDefinition", "ClientException: Unable to describe task definition."
                )
            return self._ecs.definitions[task_definition]

    def resolved(self, service: Service) -> tuple[ResolvedImage, ...]:
        with self._pass("resolved", str(service.key)):
            found = next((one for one in self._here() if one.key == service.key), None)
            if found is None or not self._ecs.tells_revisions or not found.pins_tags:
                return ()
            containers = self._ecs.definitions[found.primary.task_definition]
            return resolved_view(found, tuple((one.name, one.image) for one in containers))

    def redeploy(self, key: ServiceKey, allowed: Callable[[], None] = lambda: None) -> str:
        with self._pass("redeploy", str(key)):
            allowed()
            service = next((one for one in self._in(key.cluster) if one.key.name == key.name), None)
            if service is None:
                raise AwsError("ecs:UpdateService", f"ServiceNotFoundException: {key}")
            if service.status != "ACTIVE":
                raise AwsError("ecs:UpdateService", f"ServiceNotActiveException: {key}")
            if service.controller != "ECS":
                raise AwsError(
                    "ecs:UpdateService",
                    f"InvalidParameterException: Cannot force a new deployment on services with a {service.controller} deployment controller.",
                )
            return self._scheduler.roll(service).id

    def _pass(self, name: str, *about: str) -> AbstractContextManager[Call]:
        return self._gate.passing(self._run, f"runtime.{name}", *about)

    def _here(self) -> list[RunningService]:
        return [service for service in self._ecs.services if service.place == self._place]

    def _in(self, cluster: str) -> list[RunningService]:
        return [
            service for service in self._here() if cluster in (service.key.cluster, service.key.cluster_name)
        ]

    def _visible(self, task: RunningTask) -> bool:
        return task.stopped_at is None or self._now() - task.stopped_at <= STOPPED_VISIBLE
