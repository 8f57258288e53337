"""Reads services and their running tasks, with as few calls as AWS allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial

from weco_deploy.model.service import Service, ServiceDeployment, ServiceKey, Task, TaskPage
from weco_deploy.pipeline.batches import batches_of, by_cluster
from weco_deploy.pipeline.cluster_listing import CALLS_A_PAGE, ClusterListing, ListedBefore, calls_by_service
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.ports import (
    PROTECTIONS_A_CALL,
    SERVICE_DEPLOYMENTS_A_CALL,
    SERVICES_A_CALL,
    TASKS_A_CALL,
    Calls,
    ServiceRuntime,
)

Listing = Mapping[str, Future[TaskPage]]
"""For each cluster, the call for the first page of its tasks."""

MANY_IN_A_CLUSTER = 3
"""With this many services in a cluster, the tool first tries a single call that lists all tasks of the cluster."""


def services(runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls) -> dict[ServiceKey, Service]:
    """These services as ECS describes them now, without those that it does not know. Raises the error of a read that failed."""
    reads = PartialReads[tuple[ServiceKey, ...]](calls)
    found = services_as_far_as_read(runtime, keys, reads)
    reads.raise_first()
    return found


def services_as_far_as_read(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], reads: PartialReads[tuple[ServiceKey, ...]]
) -> dict[ServiceKey, Service]:
    """As `services`; the errors in `reads` name the services that could not be read."""
    answers = reads.read(
        (tuple(batch), partial(runtime.describe, cluster, [key.name for key in batch]))
        for cluster, ours in by_cluster(keys).items()
        for batch in batches_of(ours, SERVICES_A_CALL)
    )
    return {service.key: service for answer in answers for service in answer or ()}


def service_deployments(
    runtime: ServiceRuntime, services: Iterable[Service], calls: Calls
) -> dict[ServiceKey, ServiceDeployment]:
    """The current service deployments of these services, as far as ECS names and knows them."""
    named = {
        service.service_deployment_arn: service.key for service in services if service.service_deployment_arn
    }
    batches = calls.read(
        partial(runtime.service_deployments, batch)
        for batch in batches_of(sorted(named), SERVICE_DEPLOYMENTS_A_CALL)
    )
    return {named[found.arn]: found for batch in batches for found in batch if found.arn in named}


def begin_listing(runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls) -> Listing:
    """Begin to list the tasks of the clusters with many of these services, for `running_tasks`."""
    return {
        cluster: calls.begin(partial(runtime.tasks_listed, cluster, None))
        for cluster, ours in by_cluster(keys).items()
        if len(ours) >= MANY_IN_A_CLUSTER
    }


def running_tasks(
    runtime: ServiceRuntime, services: Iterable[Service], calls: Calls, begun: Listing | None = None
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that should run, as `tasks_as_far_as_read` finds them. Raises the error of a read that failed."""
    reads = PartialReads[str](calls)
    found = tasks_as_far_as_read(runtime, services, reads, begun)
    reads.raise_first()
    return found


def tasks_as_far_as_read(
    runtime: ServiceRuntime,
    services: Iterable[Service],
    reads: PartialReads[str],
    begun: Listing | None = None,
    before: ListedBefore | None = None,
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that should run; in a cluster where a read failed, those that were read all the same.

    In a cluster with many of these services, pages of all its tasks are read as long as that costs fewer calls than listing
    each service. The services whose tasks are not all in these pages are listed one by one, so that the cost does not
    grow with other tasks in the cluster. `begun` are listings that began before it was known whether they are needed. `before` is
    what earlier listings showed, and is kept up to date.
    """
    wanted = {service.key: service for service in services}
    before = ListedBefore() if before is None else before
    listings = _cluster_listings(runtime, wanted, reads, begun or {}, before)
    before.pages |= {
        cluster: listing.pages_at_least
        for cluster, listing in listings.items()
        if cluster not in reads.errors
    }
    found = {key: tasks for listing in listings.values() for key, tasks in listing.tasks().items()}
    incomplete = [service.key for listing in listings.values() for service in listing.incomplete()]
    apart = [*incomplete, *(key for key in wanted if key.cluster not in listings)]
    listed = listed_apart(runtime, [key for key in apart if key.cluster not in reads.errors], reads)
    described = described_tasks(
        runtime,
        {key: [arn for arn in arns if arn not in found.get(key, ())] for key, arns in listed.items()},
        reads,
    )
    for key, arns in listed.items():
        known = {task.arn: task for task in described[key]} | dict(found.get(key, {}))
        found[key] = {arn: known[arn] for arn in arns if arn in known}
        before.services |= dict.fromkeys(found[key], key)
    return {key: tuple(found.get(key, {}).values()) for key in wanted}


def _cluster_listings(
    runtime: ServiceRuntime,
    wanted: Mapping[ServiceKey, Service],
    reads: PartialReads[str],
    begun: Listing,
    before: ListedBefore,
) -> dict[str, ClusterListing]:
    """The clusters with many of these services, each with the pages that were worth reading."""
    clusters = {
        cluster: [wanted[key] for key in keys]
        for cluster, keys in by_cluster(wanted).items()
        if cluster in begun or len(keys) >= MANY_IN_A_CLUSTER
    }
    clusters = {
        cluster: services
        for cluster, services in clusters.items()
        if CALLS_A_PAGE * before.pages_at_least(cluster) < calls_by_service(services)
    }
    listings = {cluster: ClusterListing(cluster, services, before) for cluster, services in clusters.items()}
    reading = list(listings.values())
    not_begun = [key for key in wanted if key.cluster in clusters and key.cluster not in begun]
    first = {**begin_listing(runtime, not_begun, reads.calls), **begun}
    pages = reads.answers([(listing.cluster, first[listing.cluster]) for listing in reading])
    while reading:
        for listing, page in zip(reading, pages, strict=True):
            if page is not None:
                listing.add_page(page)
        to_describe = [
            (listing, batch)
            for listing in reading
            for batch in batches_of(listing.to_describe(), TASKS_A_CALL)
        ]
        answers = reads.read(
            (listing.cluster, partial(runtime.tasks, listing.cluster, batch))
            for listing, batch in to_describe
        )
        for (listing, _), tasks in zip(to_describe, answers, strict=True):
            listing.add_tasks(tasks or ())
        reading = [
            listing
            for listing in reading
            if listing.cluster not in reads.errors and listing.worth_another_page()
        ]
        pages = reads.read(
            (listing.cluster, partial(runtime.tasks_listed, listing.cluster, None, token=listing.token))
            for listing in reading
        )
    return listings


def listed_apart(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], reads: PartialReads[str], *, stopped: bool = False
) -> dict[ServiceKey, tuple[str, ...]]:
    """The ARNs of the tasks of these services, listed service by service."""
    wanted = sorted(set(keys))
    pages = reads.read(
        (key.cluster, partial(runtime.tasks_listed, key.cluster, key.name, stopped=stopped)) for key in wanted
    )
    return {key: page.arns for key, page in zip(wanted, pages, strict=True) if page is not None}


def described_tasks(
    runtime: ServiceRuntime, listed: Mapping[ServiceKey, Sequence[str]], reads: PartialReads[str]
) -> dict[ServiceKey, tuple[Task, ...]]:
    """These tasks by service. A call describes tasks of several services of a cluster."""
    arns = {
        cluster: [arn for key in keys for arn in listed[key]] for cluster, keys in by_cluster(listed).items()
    }
    tasks: dict[ServiceKey, list[Task]] = {key: [] for key in listed}
    for cluster, task in described_in_clusters(runtime, arns, reads):
        tasks.get(ServiceKey(cluster, task.service_name), []).append(task)
    return {key: tuple(found) for key, found in tasks.items()}


def described_in_clusters(
    runtime: ServiceRuntime, arns: Mapping[str, Sequence[str]], reads: PartialReads[str]
) -> list[tuple[str, Task]]:
    """These tasks, which are listed by cluster, each with its cluster."""
    batches = [
        (cluster, batch) for cluster, listed in arns.items() for batch in batches_of(listed, TASKS_A_CALL)
    ]
    answers = reads.read((cluster, partial(runtime.tasks, cluster, batch)) for cluster, batch in batches)
    return [
        (cluster, task)
        for (cluster, _), answer in zip(batches, answers, strict=True)
        for task in answer or ()
    ]


def protections(
    runtime: ServiceRuntime, tasks: Mapping[ServiceKey, Sequence[str]], calls: Calls
) -> dict[str, datetime | None]:
    """Those of these tasks that are protected from scale-in, by ARN, each with the time when that ends."""
    batches = [
        (cluster, batch)
        for cluster, keys in by_cluster(tasks).items()
        for batch in batches_of([arn for key in keys for arn in tasks[key]], PROTECTIONS_A_CALL)
    ]
    answers = calls.read(partial(runtime.protections, cluster, batch) for cluster, batch in batches)
    return {protection.task: protection.until for answer in answers for protection in answer}
