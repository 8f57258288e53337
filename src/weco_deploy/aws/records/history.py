"""Reads releases, deployments and environments from the table, including those that 5.x recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from itertools import islice
from types import MappingProxyType

from weco_deploy.aws.records import legacy
from weco_deploy.aws.records.attributes import Fields, Item
from weco_deploy.aws.records.deployments import (
    deployment_key,
    deployments_partition,
    read_deployment,
    rollback_of,
)
from weco_deploy.aws.records.environment_items import applied_item_keys
from weco_deploy.aws.records.environment_items import joined as joined_environment
from weco_deploy.aws.records.environments import environment_key, read_environment
from weco_deploy.aws.records.releases import latest_key, read_release
from weco_deploy.aws.records.service_items import joined, service_item_keys
from weco_deploy.aws.records.step_runs import read_step_runs, step_key
from weco_deploy.aws.records.table import DEPLOYMENTS, ITEMS_AT_ONCE, PAGE, RELEASES, Table
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepRun

LEGACY_RELEASES = 1_000
"""How many releases, those deployed last, are searched for deployments that 5.x recorded."""


class History:
    """The part of the store that reads."""

    def __init__(self, table: Table, project_id: str) -> None:
        self._table = table
        self._project_id = project_id

    def release(self, release_id: str) -> Release | None:
        item = self._table.get(release_id)
        # Keys such as `environment#stage` belong to other records.
        return read_release(item) if item is not None and "images" in item and "#" not in release_id else None

    def latest(self) -> Release | None:
        """The newest release.

        The table has a pointer to it, which is read consistently. 5.x doesn't move the pointer, so a release that the
        index lists may be newer.
        """
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
        """When the release that the pointer names was made; None if there is no pointer."""
        item = self._table.get(latest_key(self._project_id))
        return latest_date(item) if item else None

    def releases(self, limit: int) -> tuple[Release, ...]:
        return tuple(read_release(item) for item in self._table.newest(RELEASES, self._project_id, limit))

    def step_runs(self, environment_id: str, step_ids: Sequence[str]) -> Mapping[str, tuple[StepRun, ...]]:
        keys = {step_key(environment_id, step_id): step_id for step_id in step_ids}
        found = self._table.get_all(tuple(keys))
        return {keys[key]: read_step_runs(item) for key, item in found.items()}

    def deployment(self, deployment_id: str) -> Deployment | None:
        item = self._table.get(deployment_key(deployment_id))
        if item is not None:
            (item,) = self._with_services([item])
            return replace(read_deployment(item), rollback=self._rollback(item))
        if not legacy.is_derived(deployment_id):
            return None
        recorded = (
            deployment for item in self._deployed_releases() for deployment in legacy.deployments_in(item)
        )
        return next((found for found in recorded if found.deployment_id == deployment_id), None)

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None
    ) -> tuple[Deployment, ...]:
        releases: Iterable[Item]
        if release_id is not None:
            release = self._table.get(release_id)
            releases = () if release is None else (release,)
        elif environment_ids is None:
            # Each of these releases has at least one of the newest deployments.
            releases = tuple(islice(self._deployed_releases(limit), limit))
        else:
            # One more, because the search ends at a release that was last deployed before the deployments it found.
            releases = self._deployed_releases(limit + 1)
        wanted = frozenset(_deployed_to(releases) if environment_ids is None else environment_ids)
        if release_id is None:
            ours = self._of_environments(wanted, limit)
        else:
            ours = tuple(item for found in releases for item in self._of_release(found, wanted, limit))
        ours = self._with_services(ours)
        items = {read_deployment(item).deployment_id: item for item in ours}
        newest = legacy.newest(releases, wanted, limit, map(read_deployment, ours))
        return tuple(
            replace(deployment, rollback=self._rollback(items[deployment.deployment_id], items))
            if deployment.deployment_id in items
            else deployment
            for deployment in newest
        )

    def environment(self, environment_id: str) -> EnvironmentRecord:
        record = self.stored_environment(environment_id)
        if record.current is not None:
            return record
        for newest in legacy.newest(self._deployed_releases(), frozenset({environment_id}), 1):
            deployed = DeployedRelease.of(newest)
            return replace(record, current=deployed, good=deployed)
        return record

    def stored_environment(self, environment_id: str) -> EnvironmentRecord:
        """The record in the environment's own item, without what 5.x recorded; an empty record if there is no item."""
        return self.environment_in(environment_id, self._table.get(environment_key(environment_id)))

    def environment_in(self, environment_id: str, item: Item | None) -> EnvironmentRecord:
        """The record in an environment's item. If images and services are in other items, all are read again together."""
        own_key = environment_key(environment_id)
        while item is not None and (keys := applied_item_keys(item)):
            found = self._table.get_all((own_key, *keys))
            item = found.get(own_key)
            if item is not None and applied_item_keys(item) == keys:
                return read_environment(joined_environment(item, found))
        return EnvironmentRecord(environment=environment_id) if item is None else read_environment(item)

    def _deployed_releases(self, first_page: int = PAGE) -> Iterator[Item]:
        """The releases that were deployed last, read by pages while they are iterated."""
        return self._table.newest(DEPLOYMENTS, self._project_id, LEGACY_RELEASES, first_page)

    def _of_environments(self, environment_ids: Set[str], limit: int) -> tuple[Item, ...]:
        partitions = [
            deployments_partition(self._project_id, environment_id)
            for environment_id in sorted(environment_ids)
        ]
        return tuple(
            item for partition in partitions for item in self._table.newest(DEPLOYMENTS, partition, limit)
        )

    def _of_release(self, release: Item, environment_ids: Set[str], limit: int) -> tuple[Item, ...]:
        """The newest deployments in the release's own list. Unlike an index, it doesn't lag."""
        listed = [
            deployment
            for deployment in read_release(release).deployments
            if deployment.deployment_id is not None and deployment.environment in environment_ids
        ]
        newest = sorted(listed, key=lambda deployment: deployment.date_created, reverse=True)[:limit]
        found = (self._table.get(deployment_key(deployment.deployment_id or "")) for deployment in newest)
        return tuple(item for item in found if item is not None)

    def _rollback(self, item: Item, read: Mapping[str, Item] = MappingProxyType({})) -> Deployment | None:
        """The deployment that rolled back the item's deployment, without a rollback of its own.

        `read` are items that were read already, by deployment id.
        """
        rollback_id = rollback_of(item)
        if rollback_id is None:
            return None
        if rollback_id in read:
            return read_deployment(read[rollback_id])
        rollback = self._table.get(deployment_key(rollback_id))
        return read_deployment(*self._with_services([rollback])) if rollback is not None else None

    def _with_services(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The deployments' items, with the services that are in items of their own."""
        keys = [key for item in items for key in service_item_keys(item)]
        found: dict[str, Item] = {}
        for start in range(0, len(keys), ITEMS_AT_ONCE):
            found.update(self._table.get_all(keys[start : start + ITEMS_AT_ONCE]))
        return tuple(joined(item, found) for item in items)


def _deployed_to(releases: Iterable[Item]) -> Iterator[str]:
    """The environments that these releases were deployed to."""
    return (deployment.environment for item in releases for deployment in read_release(item).deployments)


def latest_date(item: Item) -> datetime:
    """When the release that the pointer names was made; `item` is the pointer."""
    return _latest(item).time("date_created")


def _latest(item: Item) -> Fields:
    return Fields(item, str(item.get("release_id"))).map("latest")
