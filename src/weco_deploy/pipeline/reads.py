"""Looks at services and their tasks, with as few calls as AWS allows.

Whoever holds an environment meanwhile gives a `turn`, which is taken while AWS is waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from weco_deploy.model.service import Service, ServiceKey, Task, TaskPage
from weco_deploy.pipeline import concurrent_calls
from weco_deploy.pipeline.concurrent_calls import Turn
from weco_deploy.ports import SERVICES_A_CALL, TASKS_A_CALL, ServiceRuntime

ItemT = TypeVar("ItemT")
Listing = Mapping[str, Future[TaskPage]]
"""The first page of a cluster's tasks, for each cluster, asked for."""

MANY_IN_A_CLUSTER = 3
"""From so many services of one cluster on, listing the cluster's tasks in one call is tried first."""


def services(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], turn: Turn = concurrent_calls.no_turn
) -> dict[ServiceKey, Service]:
    """These services as they are now; those that ECS does not know are left out."""
    calls = [
        partial(runtime.describe, cluster, [key.name for key in batch])
        for cluster, ours in _by_cluster(keys).items()
        for batch in _batches(ours, SERVICES_A_CALL)
    ]
    batches = concurrent_calls.read(calls, turn)
    return {service.key: service for batch in batches for service in batch}


def begin_listing(runtime: ServiceRuntime, keys: Iterable[ServiceKey]) -> Listing:
    """Begin to list the tasks of the clusters with many of these services, for `running_tasks`."""
    return {
        cluster: concurrent_calls.begin(partial(runtime.tasks_listed, cluster, None))
        for cluster, ours in _by_cluster(keys).items()
        if len(ours) >= MANY_IN_A_CLUSTER
    }


def running_tasks(
    runtime: ServiceRuntime,
    keys: Iterable[ServiceKey],
    begun: Listing | None = None,
    turn: Turn = concurrent_calls.no_turn,
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that should run.

    The tasks of a cluster with many of our services come in one page, unless it has more than that:
    then its services are asked one by one, so that the cost does not grow with what else runs there.
    `begun` are pages that were asked for already, when it was not known yet whether they are needed.
    """
    clusters = _by_cluster(keys)
    known = begun or {}
    more = begin_listing(
        runtime, (key for cluster, ours in clusters.items() if cluster not in known for key in ours)
    )
    listing = {**known, **more}
    listed = [cluster for cluster in clusters if cluster in listing]
    pages = zip(listed, concurrent_calls.answers([listing[cluster] for cluster in listed], turn), strict=True)
    arns = {cluster: page.arns for cluster, page in pages if page.complete}
    rest = [key for cluster, ours in clusters.items() if cluster not in arns for key in ours]
    return _described(runtime, clusters, {**arns, **_listed(runtime, rest, turn, stopped=False)}, turn)


def stopped_tasks(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], turn: Turn = concurrent_calls.no_turn
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that stopped lately (five hundred each, more tell nothing new)."""
    clusters = _by_cluster(keys)
    every = [key for ours in clusters.values() for key in ours]
    return _described(runtime, clusters, _listed(runtime, every, turn, stopped=True), turn)


def _listed(
    runtime: ServiceRuntime, keys: Sequence[ServiceKey], turn: Turn, *, stopped: bool
) -> dict[str, tuple[str, ...]]:
    calls = [partial(runtime.tasks_listed, key.cluster, key.name, stopped=stopped) for key in keys]
    pages = concurrent_calls.read(calls, turn)
    found: dict[str, tuple[str, ...]] = {}
    for key, page in zip(keys, pages, strict=True):
        found[key.cluster] = found.get(key.cluster, ()) + page.arns
    return found


def _described(
    runtime: ServiceRuntime,
    clusters: dict[str, list[ServiceKey]],
    arns: dict[str, tuple[str, ...]],
    turn: Turn,
) -> dict[ServiceKey, tuple[Task, ...]]:
    jobs = [(cluster, batch) for cluster, found in arns.items() for batch in _batches(found, TASKS_A_CALL)]
    answers = concurrent_calls.read([partial(runtime.tasks, cluster, batch) for cluster, batch in jobs], turn)
    tasks: dict[ServiceKey, list[Task]] = {key: [] for ours in clusters.values() for key in ours}
    for (cluster, _), answer in zip(jobs, answers, strict=True):
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
