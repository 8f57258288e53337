"""Reads what an account has: its services, ten a call, and each of their task definitions once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from weco_deploy.errors import AccessDenied, AwsError, NoCredentials, NotFound, Throttled, Unreachable
from weco_deploy.model.arn import resource_name
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.inventory import EcrTag, Inventory, ListedService, Selection
from weco_deploy.model.project import Project
from weco_deploy.model.service import DefinedContainer, Service, ServiceKey
from weco_deploy.model.tags import LATEST
from weco_deploy.ports import SERVICES_A_CALL, Calls, ImageRegistry, ServiceRuntime

AT_ONCE = 40
"""Calls between two reports of progress: AWS's rates allow twenty a second."""

Report = Callable[[str, int, int], None]
"""Gets what is being read, how many calls are done, and how many there are."""

T = TypeVar("T")


class InventoryReader:
    """Reads an account and region.

    Args:
        runtime: its ECS.
        registry: its ECR.
        calls: runs independent calls.
        report: gets the progress.

    """

    def __init__(
        self, runtime: ServiceRuntime, registry: ImageRegistry, calls: Calls, report: Report
    ) -> None:
        self._runtime = runtime
        self._registry = registry
        self._calls = calls
        self._report = report

    def read(self, account_id: str, region_name: str, selection: Selection) -> Inventory:
        """All services, also those of clusters that are not selected: they tell which images are shared.

        Raises AccessDenied, except for clusters that are not selected.
        """
        clusters = self._calls.answer(self._calls.begin(self._runtime.clusters))
        keys = self._all("clusters", [partial(self._keys, cluster, selection) for cluster in clusters])
        batches = [batch for of_cluster in keys for batch in _batches(of_cluster)]
        described = self._all("services", [partial(self._described, batch, selection) for batch in batches])
        services = [service for batch in described for service in batch]
        images = self._images({service.task_definition for service in services if service.task_definition})
        listed = tuple(
            ListedService(service, images.get(service.task_definition, ())) for service in services
        )
        repositories = sorted(
            {
                tag.repository
                for item in listed
                for tag in map(EcrTag.parse, item.images)
                if tag is not None and (tag.account, tag.region) == (account_id, region_name)
            }
        )
        return Inventory(
            account_id=account_id,
            region_name=region_name,
            services=listed,
            repositories=self._calls.answer(
                self._calls.begin(partial(self._registry.repositories, repositories))
            ),
        )

    def tags(self, project: Project) -> Mapping[str, Sequence[Sequence[str]]]:
        """By image id the tags of the images that its environments use, and of the latest."""
        wanted = [
            (image, tag)
            for image in project.images
            for tag in (LATEST, *(image.tag_in(environment) for environment in project.environments))
        ]
        found = self._all("images", [partial(self._tagged, image.repository, tag) for image, tag in wanted])
        tags: dict[str, list[Sequence[str]]] = {}
        for (image, _), tagged in zip(wanted, found, strict=True):
            if tagged is not None:
                tags.setdefault(image.id, []).append(tagged.tags)
        return tags

    def _images(self, task_definitions: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        names = sorted(task_definitions)
        containers = self._all("task definitions", [partial(self._defined, name) for name in names])
        return {
            name: tuple(dict.fromkeys(container.image for container in found))
            for name, found in zip(names, containers, strict=True)
        }

    def _keys(self, cluster: str, selection: Selection) -> tuple[ServiceKey, ...]:
        return _unless_denied(partial(self._runtime.services_in, cluster), cluster, selection)

    def _described(self, batch: Sequence[ServiceKey], selection: Selection) -> tuple[Service, ...]:
        cluster = batch[0].cluster
        names = [key.name for key in batch]
        return _unless_denied(partial(self._runtime.describe, cluster, names), cluster, selection)

    def _defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        """The containers of a task definition; none if it was deleted."""
        try:
            return self._runtime.defined(task_definition)
        except (AccessDenied, NoCredentials, Throttled, Unreachable):
            raise
        except AwsError:
            return ()

    def _tagged(self, repository: str, tag: str) -> TaggedImage | None:
        try:
            return self._registry.find(repository, tag)
        except NotFound:
            return None

    def _all(self, what: str, calls: Sequence[Callable[[], T]]) -> list[T]:
        answers: list[T] = []
        for start in range(0, len(calls), AT_ONCE):
            self._report(what, start, len(calls))
            answers += self._calls.read(calls[start : start + AT_ONCE])
        self._report(what, len(calls), len(calls))
        return answers


def _unless_denied(call: Callable[[], tuple[T, ...]], cluster: str, selection: Selection) -> tuple[T, ...]:
    """What a call answers about a cluster; nothing if access is denied to a cluster that is not selected."""
    try:
        return call()
    except AccessDenied:
        if selection.has_cluster(resource_name(cluster)):
            raise
        return ()


def _batches(keys: Sequence[ServiceKey]) -> Iterator[Sequence[ServiceKey]]:
    return (keys[start : start + SERVICES_A_CALL] for start in range(0, len(keys), SERVICES_A_CALL))
