"""Reads the tasks that stopped lately, of many services with few calls. ECS keeps them for about an hour."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from math import ceil

from weco_deploy.model.service import Service, ServiceKey, Task, TaskPage
from weco_deploy.pipeline.batches import by_cluster
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.reads import MANY_IN_A_CLUSTER, described_in_clusters, listed_apart
from weco_deploy.ports import TASKS_A_CALL, Calls, ServiceRuntime


class StoppedTasks:
    """The stopped tasks of an account and region that were read so far. A task that has stopped does not change any more."""

    def __init__(self, runtime: ServiceRuntime) -> None:
        self._runtime = runtime
        self._known: dict[str, tuple[ServiceKey, Task]] = {}
        self._pages_at_least: dict[str, int] = {}

    def read(
        self, keys: Iterable[ServiceKey], reads: PartialReads[str]
    ) -> dict[ServiceKey, tuple[Task, ...]]:
        """The tasks of these services that stopped lately; in a cluster where a read failed, those that were read all the same.

        In a cluster with many of these services, its pages are read as long as that costs fewer calls than listing each service.
        In any other cluster, and where there are more pages of stopped tasks than services, these are listed one by one: five
        hundred tasks each, because more add nothing new.
        """
        wanted = by_cluster(keys)
        arns: dict[str, dict[str, None]] = {cluster: {} for cluster in wanted}
        by_page = [
            cluster
            for cluster, keys in wanted.items()
            if len(keys) > max(MANY_IN_A_CLUSTER - 1, self._pages_at_least.get(cluster, 0))
        ]
        complete = self._pages({cluster: len(wanted[cluster]) for cluster in by_page}, arns, reads)
        apart = [
            key
            for cluster, keys in wanted.items()
            if cluster not in complete and cluster not in reads.errors
            for key in keys
        ]
        for key, listed in listed_apart(self._runtime, apart, reads, stopped=True).items():
            arns[key.cluster].update(dict.fromkeys(listed))
        new = {cluster: [arn for arn in listed if arn not in self._known] for cluster, listed in arns.items()}
        found = {
            task.arn: (ServiceKey(cluster, task.service_name), task)
            for cluster, task in described_in_clusters(self._runtime, new, reads)
        }
        # A read that lags shows tasks that have yet to stop: they are described again.
        self._known |= {arn: known for arn, known in found.items() if known[1].status == "STOPPED"}
        tasks = [self._known.get(arn) or found.get(arn) for of_cluster in arns.values() for arn in of_cluster]
        return _by_service((key for keys in wanted.values() for key in keys), filter(None, tasks))

    def known(self, keys: Iterable[ServiceKey]) -> dict[ServiceKey, tuple[Task, ...]]:
        """The stopped tasks of these services that were read before."""
        return _by_service(keys, self._known.values())

    def _pages(
        self, services: Mapping[str, int], arns: Mapping[str, dict[str, None]], reads: PartialReads[str]
    ) -> set[str]:
        """List the stopped tasks of clusters page by page into `arns`. Returns the clusters all of whose tasks are listed.

        Args:
            services: how many services are wanted, by cluster: a service costs a call, a page costs two if its tasks are new.
            arns: gets the tasks, by cluster.
            reads: makes the reads.

        """
        complete: set[str] = set()
        reading: dict[str, str | None] = dict.fromkeys(services)
        pages_read = 0
        while reading:
            pages = reads.read(
                (cluster, partial(self._runtime.tasks_listed, cluster, None, stopped=True, token=token))
                for cluster, token in reading.items()
            )
            pages_read += 1
            going_on: dict[str, str | None] = {}
            for cluster, page in zip(reading, pages, strict=True):
                if page is None:
                    continue
                arns[cluster].update(dict.fromkeys(page.arns))
                if page.complete:
                    complete.add(cluster)
                    self._pages_at_least[cluster] = pages_read
                elif pages_read + 1 + self._descriptions_of(arns[cluster]) < services[cluster]:
                    going_on[cluster] = page.next_token
                else:
                    self._pages_at_least[cluster] = (
                        2 * pages_read
                    )  # a guess: else each poll would find out one page more
            reading = going_on
        return complete

    def _descriptions_of(self, arns: Iterable[str]) -> int:
        """How many calls describe those of these tasks that are new."""
        return ceil(sum(arn not in self._known for arn in arns) / TASKS_A_CALL)


def _by_service(
    keys: Iterable[ServiceKey], tasks: Iterable[tuple[ServiceKey, Task]]
) -> dict[ServiceKey, tuple[Task, ...]]:
    found: dict[ServiceKey, list[Task]] = {key: [] for key in keys}
    for key, task in tasks:
        if key in found:
            found[key].append(task)
    return {key: tuple(of_service) for key, of_service in found.items()}


def begin_stopped(
    runtime: ServiceRuntime, keys: Iterable[ServiceKey], calls: Calls
) -> dict[str, Future[TaskPage]]:
    """Begin to list the stopped tasks of the clusters of these services, for `stopped_in_clusters`."""
    return {
        cluster: calls.begin(partial(runtime.tasks_listed, cluster, None, stopped=True))
        for cluster in by_cluster(keys)
    }


def stopped_in_clusters(
    runtime: ServiceRuntime,
    services: Iterable[Service],
    calls: Calls,
    begun: Mapping[str, Future[TaskPage]],
    suspects: Container[ServiceKey] = (),
) -> dict[ServiceKey, tuple[Task, ...]]:
    """The tasks of these services that stopped recently, as far as they are on the first page of their cluster's.

    If a cluster has more, those of `suspects` and of services with too few tasks or with failed tasks by ECS's count are listed, too.
    """
    wanted = {service.key: service for service in services}
    ours = by_cluster(wanted)
    pages = {
        **begun,
        **begin_stopped(runtime, (key for key in wanted if key.cluster not in begun), calls),
    }
    listed = dict(zip(ours, calls.answers(pages[cluster] for cluster in ours), strict=True))
    reads = PartialReads[str](calls)
    apart = listed_apart(
        runtime,
        [
            key
            for key, service in wanted.items()
            if not listed[key.cluster].complete and (key in suspects or _in_trouble(service))
        ],
        reads,
        stopped=True,
    )
    arns = {cluster: dict.fromkeys(page.arns) for cluster, page in listed.items()}
    for key, found in apart.items():
        arns[key.cluster].update(dict.fromkeys(found))
    tasks: dict[ServiceKey, list[Task]] = {key: [] for key in wanted}
    described = described_in_clusters(
        runtime, {cluster: list(listed_arns) for cluster, listed_arns in arns.items()}, reads
    )
    reads.raise_first()
    for cluster, task in described:
        tasks.get(ServiceKey(cluster, task.service_name), []).append(task)
    return {key: tuple(found) for key, found in tasks.items()}


def _in_trouble(service: Service) -> bool:
    failed = any(deployment.failed_tasks for deployment in service.deployments)
    return failed or service.running < service.desired
