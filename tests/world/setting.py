"""The world as a setting of the contract tests: what holds of the doors to AWS holds of its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.world.behaviour import good
from tests.world.projects import project
from tests.world.table import Table
from tests.world.world import World
from weco_deploy.aws.records.legacy import deployments_in
from weco_deploy.aws.records.releases import read_release
from weco_deploy.model.project import Project
from weco_deploy.model.service import DefinedContainer, ServiceKey, Task
from weco_deploy.ports import ReleaseStore
from weco_deploy.sandbox.ecs.state import Place

if TYPE_CHECKING:
    from weco_deploy.aws.records.attributes import Value

PROJECT = project(images={})
STAGE = PROJECT.environment("stage")


class WorldSetting:
    """An empty world; `tests.contracts.setting.Setting` says what its methods mean."""

    lacks: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.world = World(PROJECT)
        ports = self.world.ports()
        self.registry = ports.registry
        self.runtime = ports.runtime(STAGE)
        self.logs = ports.logs(STAGE)

    @property
    def _place(self) -> Place:
        return self.world.place

    def repository(self, name: str, *, mutability: str = "MUTABLE", exclusions: tuple[str, ...] = ()) -> None:
        self.world.repository(name, mutability, exclusions)

    def push(self, repository: str, *tags: str, multi_arch: bool = False) -> str:
        return self.world.put(repository, *tags, behaviour=good(), multi_arch=multi_arch)

    def retag(self, repository: str, digest: str, tag: str) -> None:
        self.world.repositories[repository].tags[tag] = digest

    def expire(self, repository: str, digest: str) -> None:
        self.world.repositories[repository].remove(digest)

    def cluster(self, name: str) -> str:
        return self.world.cluster(name)

    def service(
        self,
        service_id: str,
        *,
        environment: str,
        cluster: str,
        images: Mapping[str, str],
        desired: int = 1,
        breaker: bool = True,
        controller: str = "ECS",
    ) -> ServiceKey:
        key = ServiceKey(self.cluster(cluster), f"{service_id}-{environment}")
        for image in images.values():
            self._make_pullable(image)
        containers = tuple(
            DefinedContainer(
                name=name,
                image=image,
                log_driver="awslogs",
                log_group=f"/ecs/{service_id}",
                log_region=self._place.region,
                log_stream_prefix="ecs",
            )
            for name, image in images.items()
        )
        tags = (service_id, environment)
        self.world.run(
            self._place, key, containers, tags, desired=desired, breaker=breaker, controller=controller
        )
        return key

    def _make_pullable(self, image: str) -> None:
        """The contract says that a declared service gets its tasks: its tags must be there."""
        host, _, rest = image.partition("/")
        name, _, tag = rest.rpartition(":")
        if host == self.world.host and tag not in self.world.repository(name).tags:
            self.push(name, tag)

    def untagged_service(self, name: str, *, cluster: str) -> ServiceKey:
        key = ServiceKey(self.cluster(cluster), name)
        containers = (DefinedContainer(name="app", image="app:1"),)
        self.world.run(self._place, key, containers, None, desired=0)
        return key

    def delete(self, key: ServiceKey) -> None:
        with self.world.gate.lock:
            service = next(one for one in self.world.ecs.services if one.key == key)
            self.world.scheduler.delete(service)

    def stop(self, task: Task) -> None:
        with self.world.gate.lock:
            for service in self.world.ecs.services:
                for running in service.tasks:
                    if running.arn == task.arn:
                        self.world.scheduler.stop(service, running, "UserInitiated", "stopped by hand")

    def log(self, group: str, stream: str, *lines: str) -> None:
        self.world.logs.write(self._place.region, group, stream, lines)


class WorldStoreSetting:
    """Tables in a world; `tests.contracts.records_setting.StoreSetting` says what its methods mean."""

    def __init__(self) -> None:
        self._world = World(PROJECT)
        self.clock = self._world.ports().clock

    def store(self, project: Project) -> ReleaseStore:
        return self._world.ports(project).store

    def seed(self, project: Project, item: Mapping[str, Value]) -> None:
        """5.x's items are read as `aws/` reads them: there is one account of that form."""
        table = self._world.tables.setdefault(project.release_table, Table())
        release = read_release(item)
        table.releases[release.release_id] = release
        table.legacy.update({one.deployment_id: one for one in deployments_in(item)})
