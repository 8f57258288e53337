"""Reads services and their tasks, with as few calls as AWS allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from weco_deploy.model.service import Service, ServiceDeployment, ServiceKey, Task, TaskPage
from weco_deploy.ports import (
    SERVICE_DEPLOYMENTS_A_CALL,
    SERVICES_A_CALL,
    TASKS_A_CALL,
    Calls,
    ServiceRuntime,
)

ItemT = TypeVar("ItemT")
Listing = Mapping[str, Future[TaskPage]]
"""For each cluster, the call for the first page of its tasks."""

MANY_IN_A_CLUSTER = 3
"""With this many services in a cluster, the tool first tries a single call that lists all tasks of the cluster."""


def services(runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls) -> dict[ServiceKey, Service]:
    """These services as ECS describes them now, without those that it does not know."""
    batches = calls.read(
        partial(runtime.describe, cluster, [key.name for key in batch])
        for cluster, ours in _by_cluster(keys).items()
        for batch in _batches(ours, SERVICES_A_CALL)
    )
    return {service.key: service for batch in batches for service in batch}


def service_deployments(
    runtime: ServiceRuntime, services: Iterable[Service], calls: Calls
) -> dict[ServiceKey, ServiceDeployment]:
    """The current service deployments of these services, as far as ECS names and knows them."""
    named = {
        service.service_deployment_arn: service.key for service in services if service.service_deployment_arn
    }
    batches = calls.read(
        partial(runtime.service_deployments, batch)
        for batch in _batches(sorted(named), SERVICE_DEPLOYMENTS_A_CALL)
    )
    return {named[found.arn]: found for batch in batches for found in batch if found.arn in named}


def begin_listing(runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls) -> Listing:
    """Begin to list the tasks of the clusters with many of these services, for `running_tasks`."""
    return {
        cluster: calls.begin(partial(runtime.tasks_listed, cluster, None))
        for cluster, ours in _by_cluster(keys).items()
        if len(ours) >= MANY_IN_A_CLUSTER
    }


def running_tasks(
    runtime: ServiceRuntime,
    keys: Iterable[ServiceKey],
    calls: Calls,
    begun: Listing | None = None,
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that should run.

    A cluster with many of these services is listed in one call. If its tasks do not fit into one page, each
    service is listed by itself, so that the cost does not grow with other services in the cluster. `begun` are listings that
    began before it was known whether they are needed.
    """
    clusters = _by_cluster(keys)
    known = begun or {}
    more = begin_listing(
        runtime, (key for cluster, ours in clusters.items() if cluster not in known for key in ours), calls
    )
    listing = {**known, **more}
    listed = [cluster for cluster in clusters if cluster in listing]
    pages = zip(listed, calls.answers(listing[cluster] for cluster in listed), strict=True)
    arns = {cluster: page.arns for cluster, page in pages if page.complete}
    rest = [key for cluster, ours in clusters.items() if cluster not in arns for key in ours]
    return _described(runtime, clusters, {**arns, **_listed(runtime, rest, calls, stopped=False)}, calls)


def stopped_tasks(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that stopped recently: five hundred each, because more add nothing new."""
    clusters = _by_cluster(keys)
    every = [key for ours in clusters.values() for key in ours]
    return _described(runtime, clusters, _listed(runtime, every, calls, stopped=True), calls)


def _listed(
    runtime: ServiceRuntime, keys: Sequence[ServiceKey], calls: Calls, *, stopped: bool
) -> dict[str, tuple[str, ...]]:
    pages = calls.read(partial(runtime.tasks_listed, key.cluster, key.name, stopped=stopped) for key in keys)
    found: dict[str, tuple[str, ...]] = {}
    for key, page in zip(keys, pages, strict=True):
        found[key.cluster] = found.get(key.cluster, ()) + page.arns
    return found


def _described(
    runtime: ServiceRuntime,
    clusters: dict[str, list[ServiceKey]],
    arns: dict[str, tuple[str, ...]],
    calls: Calls,
) -> dict[ServiceKey, tuple[Task, ...]]:
    batches = [(cluster, batch) for cluster, found in arns.items() for batch in _batches(found, TASKS_A_CALL)]
    answers = calls.read(partial(runtime.tasks, cluster, batch) for cluster, batch in batches)
    tasks: dict[ServiceKey, list[Task]] = {key: [] for ours in clusters.values() for key in ours}
    for (cluster, _), answer in zip(batches, answers, strict=True):
        for task in answer:
            tasks.get(ServiceKey(cluster, task.service_name), []).append(task)
    return {key: tuple(found) for key, found in tasks.items()}


def _by_cluster(keys: Iterable[ServiceKey]) -> dict[str, list[ServiceKey]]:
    clusters: dict[str, list[ServiceKey]] = {}
    for key in sorted(set(keys)):
        clusters.setdefault(key.cluster, []).append(key)
    return clusters


def _batches(items: Sequence[ItemT], size: int) -> Iterator[Sequence[ItemT]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
