"""What is recorded, read: releases, deployments and environments, 5.x's too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime
from itertools import islice

from weco_deploy.aws.records import legacy
from weco_deploy.aws.records.attributes import Fields, Item
from weco_deploy.aws.records.deployments import (
    deployment_key,
    deployments_partition,
    read_deployment,
    rollback_of,
)
from weco_deploy.aws.records.environments import environment_key, read_environment
from weco_deploy.aws.records.releases import latest_key, read_release
from weco_deploy.aws.records.table import DEPLOYMENTS, RELEASES, Table
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.release import Release

LEGACY_RELEASES = 1_000
"""How many of the releases that were deployed last are looked through for what 5.x did."""


class History:
    """The reading half of the store."""

    def __init__(self, table: Table, project_id: str) -> None:
        self._table = table
        self._project_id = project_id

    def release(self, release_id: str) -> Release | None:
        item = self._table.get(release_id)
        # `environment#stage` is a key of this table too, but no release.
        return read_release(item) if item is not None and "images" in item and "#" not in release_id else None

    def latest(self) -> Release | None:
        """The newer of what our pointer says, which is consistent, and of what 5.x may have made since."""
        item = self._table.get(latest_key(self._project_id))
        listed = next(iter(self.releases(1)), None)
        if item is None:
            return listed
        release_id = _latest(item).text("release_id")
        if listed is not None and (
            listed.release_id == release_id or listed.date_created > latest_date(item)
        ):
            return listed
        return self.release(release_id) or listed

    def latest_date(self) -> datetime | None:
        """When the release was made that the pointer names."""
        item = self._table.get(latest_key(self._project_id))
        return latest_date(item) if item else None

    def releases(self, limit: int) -> tuple[Release, ...]:
        return tuple(read_release(item) for item in self._table.newest(RELEASES, self._project_id, limit))

    def deployment(self, deployment_id: str) -> Deployment | None:
        item = self._table.get(deployment_key(deployment_id))
        if item is not None:
            return replace(read_deployment(item), rollback=self._rollback(item))
        if not legacy.is_derived(deployment_id):
            return None
        recorded = (one for item in self._deployed_releases() for one in legacy.deployments_in(item))
        return next((one for one in recorded if one.deployment_id == deployment_id), None)

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None
    ) -> tuple[Deployment, ...]:
        releases: Iterable[Item]
        if release_id is not None:
            release = self._table.get(release_id)
            releases = () if release is None else (release,)
        elif environment_ids is None:
            # The newest deployments are of the releases that were deployed last, one of each at least.
            releases = tuple(islice(self._deployed_releases(), limit))
        else:
            releases = self._deployed_releases()
        wanted = frozenset(_deployed_to(releases) if environment_ids is None else environment_ids)
        if release_id is None:
            ours = self._of_environments(wanted, limit)
        else:
            ours = tuple(item for one in releases for item in self._of_release(one, wanted, limit))
        items = {read_deployment(item).deployment_id: item for item in ours}
        newest = legacy.newest(releases, wanted, limit, map(read_deployment, ours))
        return tuple(
            replace(one, rollback=self._rollback(items[one.deployment_id]))
            if one.deployment_id in items
            else one
            for one in newest
        )

    def environment(self, environment_id: str) -> EnvironmentRecord:
        record = self.own_environment(environment_id)
        if record.current is not None:
            return record
        for last in legacy.newest(self._deployed_releases(), frozenset({environment_id}), 1):
            deployed = DeployedRelease.of(last)
            return replace(record, current=deployed, good=deployed)
        return record

    def own_environment(self, environment_id: str) -> EnvironmentRecord:
        """What the environment's own item says now; an empty record if there is none."""
        item = self._table.get(environment_key(environment_id))
        return EnvironmentRecord(environment=environment_id) if item is None else read_environment(item)

    def _deployed_releases(self) -> Iterator[Item]:
        return self._table.newest(DEPLOYMENTS, self._project_id, LEGACY_RELEASES)

    def _of_environments(self, environment_ids: Set[str], limit: int) -> tuple[Item, ...]:
        partitions = [deployments_partition(self._project_id, one) for one in sorted(environment_ids)]
        return tuple(
            item for partition in partitions for item in self._table.newest(DEPLOYMENTS, partition, limit)
        )

    def _of_release(self, release: Item, environment_ids: Set[str], limit: int) -> tuple[Item, ...]:
        """The release's own list leads to them: no index, so nothing lags."""
        listed = [
            one
            for one in read_release(release).deployments
            if one.deployment_id is not None and one.environment in environment_ids
        ]
        newest = sorted(listed, key=lambda one: one.date_created, reverse=True)[:limit]
        found = (self._table.get(deployment_key(one.deployment_id or "")) for one in newest)
        return tuple(item for item in found if item is not None)

    def _rollback(self, item: Item) -> Deployment | None:
        """The deployment that put things back after that of the item; its own rollback is not looked for."""
        rollback_id = rollback_of(item)
        rollback = self._table.get(deployment_key(rollback_id)) if rollback_id is not None else None
        return read_deployment(rollback) if rollback is not None else None


def _deployed_to(releases: Iterable[Item]) -> Iterator[str]:
    """The environments that these releases were deployed to."""
    return (one.environment for item in releases for one in read_release(item).deployments)


def latest_date(item: Item) -> datetime:
    """When the release was made that the pointer names; `item` is the pointer."""
    return _latest(item).time("date_created")


def _latest(item: Item) -> Fields:
    return Fields(item, str(item.get("release_id"))).map("latest")
