"""Reads services and their tasks, with as few calls as AWS allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import TypeVar

from weco_deploy.model.service import Service, ServiceDeployment, ServiceKey, Task, TaskPage
from weco_deploy.pipeline.cluster_listing import ClusterListing
from weco_deploy.ports import (
    PROTECTIONS_A_CALL,
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
    runtime: ServiceRuntime, services: Iterable[Service], calls: Calls, begun: Listing | None = None
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that should run.

    In a cluster with many of these services, pages of all its tasks are read as long as that costs fewer calls than listing
    each service. The services whose tasks are not all in these pages are listed one by one, so that the cost does not
    grow with other tasks in the cluster. `begun` are listings that began before it was known whether they are needed.
    """
    wanted = {service.key: service for service in services}
    listings = _cluster_listings(runtime, wanted, calls, begun or {})
    found = {key: tasks for listing in listings.values() for key, tasks in listing.tasks().items()}
    incomplete = [service.key for listing in listings.values() for service in listing.incomplete()]
    apart = sorted([*incomplete, *(key for key in wanted if key.cluster not in listings)])
    listed = _listed(runtime, apart, calls, stopped=False)
    described = _described(
        runtime,
        {key: [arn for arn in arns if arn not in found.get(key, ())] for key, arns in listed.items()},
        calls,
    )
    for key, arns in listed.items():
        known = {task.arn: task for task in described[key]} | dict(found.get(key, {}))
        found[key] = {arn: known[arn] for arn in arns if arn in known}
    return {key: tuple(found[key].values()) for key in wanted}


def _cluster_listings(
    runtime: ServiceRuntime, wanted: Mapping[ServiceKey, Service], calls: Calls, begun: Listing
) -> dict[str, ClusterListing]:
    """The clusters with many of these services, each with the pages that were worth reading."""
    clusters = {
        cluster: [wanted[key] for key in keys]
        for cluster, keys in _by_cluster(wanted).items()
        if cluster in begun or len(keys) >= MANY_IN_A_CLUSTER
    }
    listings = {cluster: ClusterListing(cluster, services) for cluster, services in clusters.items()}
    reading = list(listings.values())
    first = {**begin_listing(runtime, (key for key in wanted if key.cluster not in begun), calls), **begun}
    pages = calls.answers([first[listing.cluster] for listing in reading])
    while reading:
        for listing, page in zip(reading, pages, strict=True):
            listing.add_page(page)
        to_describe = [
            (listing, batch) for listing in reading for batch in _batches(listing.to_describe(), TASKS_A_CALL)
        ]
        answers = calls.read(partial(runtime.tasks, listing.cluster, batch) for listing, batch in to_describe)
        for (listing, _), tasks in zip(to_describe, answers, strict=True):
            listing.add_tasks(tasks)
        reading = [listing for listing in reading if listing.worth_another_page()]
        pages = calls.read(
            partial(runtime.tasks_listed, listing.cluster, None, token=listing.token) for listing in reading
        )
    return listings


def protections(
    runtime: ServiceRuntime, tasks: Mapping[ServiceKey, Sequence[str]], calls: Calls
) -> dict[str, datetime | None]:
    """Those of these tasks that are protected from scale-in, by ARN, each with the time when that ends."""
    batches = [
        (cluster, batch)
        for cluster, keys in _by_cluster(tasks).items()
        for batch in _batches([arn for key in keys for arn in tasks[key]], PROTECTIONS_A_CALL)
    ]
    answers = calls.read(partial(runtime.protections, cluster, batch) for cluster, batch in batches)
    return {protection.task: protection.until for answer in answers for protection in answer}


def stopped_tasks(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that stopped recently: five hundred each, because more add nothing new."""
    return _described(runtime, _listed(runtime, sorted(set(keys)), calls, stopped=True), calls)


def begin_stopped(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls
) -> dict[str, Future[TaskPage]]:
    """Begin to list the stopped tasks of the clusters of these services, for `stopped_in_clusters`."""
    return {
        cluster: calls.begin(partial(runtime.tasks_listed, cluster, None, stopped=True))
        for cluster in _by_cluster(keys)
    }


def stopped_in_clusters(
    runtime: ServiceRuntime,
    services: Iterable[Service],
    calls: Calls,
    begun: Mapping[str, Future[TaskPage]],
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that stopped recently, as far as they are on the first page of their cluster's.

    If a cluster has more, those of services with too few tasks or with failed tasks by ECS's count are listed, too.
    """
    wanted = {service.key: service for service in services}
    pages = begin_stopped(runtime, (key for key in wanted if key.cluster not in begun), calls)
    clusters = [cluster for cluster in {**begun, **pages} if cluster in _by_cluster(wanted)]
    listed = dict(
        zip(clusters, calls.answers({**begun, **pages}[cluster] for cluster in clusters), strict=True)
    )
    more = [
        key
        for key, service in sorted(wanted.items())
        if not listed[key.cluster].complete and _in_trouble(service)
    ]
    apart = _listed(runtime, more, calls, stopped=True)
    arns = {cluster: dict.fromkeys(page.arns) for cluster, page in listed.items()}
    for key, found in apart.items():
        arns[key.cluster].update(dict.fromkeys(found))
    batches = [
        (cluster, batch)
        for cluster, listed_arns in arns.items()
        for batch in _batches(list(listed_arns), TASKS_A_CALL)
    ]
    tasks: dict[ServiceKey, list[Task]] = {key: [] for key in wanted}
    answers = calls.read(partial(runtime.tasks, cluster, batch) for cluster, batch in batches)
    for (cluster, _), answer in zip(batches, answers, strict=True):
        for task in answer:
            tasks.get(ServiceKey(cluster, task.service_name), []).append(task)
    return {key: tuple(found) for key, found in tasks.items()}


def _in_trouble(service: Service) -> bool:
    failed = any(deployment.failed_tasks for deployment in service.deployments)
    return failed or service.running < service.desired


def _listed(
    runtime: ServiceRuntime, keys: Sequence[ServiceKey], calls: Calls, *, stopped: bool
) -> dict[ServiceKey, tuple[str, ...]]:
    pages = calls.read(partial(runtime.tasks_listed, key.cluster, key.name, stopped=stopped) for key in keys)
    return {key: page.arns for key, page in zip(keys, pages, strict=True)}


def _described(
    runtime: ServiceRuntime, listed: Mapping[ServiceKey, Sequence[str]], calls: Calls
) -> dict[ServiceKey, tuple[Task, ...]]:
    """These tasks by service. A call describes tasks of several services of a cluster."""
    batches = [
        (cluster, batch)
        for cluster, keys in _by_cluster(listed).items()
        for batch in _batches([arn for key in keys for arn in listed[key]], TASKS_A_CALL)
    ]
    answers = calls.read(partial(runtime.tasks, cluster, batch) for cluster, batch in batches)
    tasks: dict[ServiceKey, list[Task]] = {key: [] for key in listed}
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
