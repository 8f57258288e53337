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
from weco_deploy.ports import ReleaseStore

if TYPE_CHECKING:
    from weco_deploy.aws.records.attributes import Value

PROJECT = project(images={})


class WorldSetting:
    """An empty world; `tests.contracts.setting.RegistrySetting` says what its methods mean."""

    lacks: Mapping[str, str] = {}

    def __init__(self) -> None:
        self.world = World(PROJECT)
        self.registry = self.world.ports().registry

    def repository(self, name: str, *, mutability: str = "MUTABLE", exclusions: tuple[str, ...] = ()) -> None:
        self.world.repository(name, mutability, exclusions)

    def push(self, repository: str, *tags: str, multi_arch: bool = False) -> str:
        return self.world.put(repository, *tags, behaviour=good(), multi_arch=multi_arch)

    def retag(self, repository: str, digest: str, tag: str) -> None:
        self.world.repositories[repository].point(tag, digest)

    def expire(self, repository: str, digest: str) -> None:
        self.world.repositories[repository].remove(digest)


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
