"""The tasks of some of a cluster's services, found in the pages that list all tasks of the cluster.

A page lists a hundred tasks of any service, and ARNs don't name services: DescribeTasks does. So a page costs two
calls. It is worth them as long as listing service by service would cost more. Tasks of which an earlier poll showed that they are other
services' are not described again: a task never changes its service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from weco_deploy.model.service import Service, ServiceKey, Task, TaskPage
from weco_deploy.ports import TASKS_A_CALL

CALLS_A_PAGE = 2


@dataclass
class ListedBefore:
    """What earlier reads showed: how many pages of tasks a cluster had at least, the service of each task, by ARN, and how many tasks
    services had.
    """

    pages: dict[str, int] = field(default_factory=dict)
    services: dict[str, ServiceKey] = field(default_factory=dict)
    tasks: dict[ServiceKey, int] = field(default_factory=dict)

    def pages_at_least(self, cluster: str) -> int:
        """The fewest pages that the cluster can have; 0 if nothing is known of it."""
        tasks = sum(number for key, number in self.tasks.items() if key.cluster == cluster)
        return max(self.pages.get(cluster, 0), ceil(tasks / TASKS_A_CALL))


class ClusterListing:
    """The pages of a cluster that were read so far, and the tasks of `services` in them.

    `before` is kept up to date.
    """

    def __init__(self, cluster: str, services: Sequence[Service], before: ListedBefore) -> None:
        self.cluster = cluster
        self._expected = before.pages_at_least(cluster)
        self._service_of = before.services
        self.token: str | None = None
        self._services = services
        self._pages = 0
        self._complete = False
        self._not_described: tuple[str, ...] = ()
        self._found: dict[ServiceKey, dict[str, Task]] = {service.key: {} for service in services}

    def add_page(self, page: TaskPage) -> None:
        self.token = page.next_token
        self._pages += 1
        self._complete = page.complete
        self._not_described += tuple(arn for arn in page.arns if self._may_be_wanted(arn))

    @property
    def pages_at_least(self) -> int:
        """How many pages the cluster has, as far as is known: all, if the last one was read."""
        return self._pages if self._complete else max(self._pages + 1, self._expected)

    def add_tasks(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            key = self._service_of[task.arn] = ServiceKey(self.cluster, task.service_name)
            if key in self._found:
                self._found[key][task.arn] = task

    def to_describe(self) -> tuple[str, ...]:
        """The tasks that are to be described before the listing can be judged. Answers each task once.

        It waits for the pages that the cluster had before: what is new is spread over them, and is described with few calls together.
        """
        if self._pages < max(self._fewest_pages, self._expected) and not self._complete:
            return ()
        arns, self._not_described = self._not_described, ()
        return arns

    def worth_another_page(self) -> bool:
        """Whether the next page is likely to save more calls than it costs."""
        if self._complete:
            return False
        return CALLS_A_PAGE * self._pages_left() < calls_by_service(self.incomplete())

    def incomplete(self) -> list[Service]:
        """The services some of whose tasks may be missing in what was read."""
        if self._complete:
            return []
        return [
            service for service in self._services if not has_all(service, self._found[service.key].values())
        ]

    def tasks(self) -> Mapping[ServiceKey, Mapping[str, Task]]:
        """The tasks that were found, by service and ARN."""
        return self._found

    def _may_be_wanted(self, arn: str) -> bool:
        key = self._service_of.get(arn)
        return key is None or key in self._found

    @property
    def _wanted(self) -> int:
        return sum(tasks_of(service) for service in self._services)

    @property
    def _fewest_pages(self) -> int:
        """The number of pages if the cluster has no other tasks than these services'."""
        return ceil(self._wanted / TASKS_A_CALL)

    def _pages_left(self) -> float:
        """An estimate: the cluster has as many pages as it had, or its rest as many of our tasks on a page as the pages so far."""
        if self._pages < self._fewest_pages:
            return self._fewest_pages - self._pages
        if self._pages < self._expected:
            return self._expected - self._pages
        found = sum(len(tasks) for tasks in self._found.values())
        return self._pages * (self._wanted - found) / found if found else float("inf")


def calls_by_service(services: Iterable[Service]) -> int:
    """The number of calls that list the tasks of these services, service by service."""
    return sum(ceil(tasks_of(service) / TASKS_A_CALL) for service in services)


def tasks_of(service: Service) -> int:
    """The number of tasks that ECS counts."""
    return service.running + service.pending


def has_all(service: Service, tasks: Iterable[Task]) -> bool:
    """Whether these are all tasks of the service, by ECS's counts: in all, and of each deployment.

    The total alone could be right while new tasks have started and an old task is still missing.
    """
    found = Counter(task.deployment_id for task in tasks)
    return found.total() >= tasks_of(service) and all(
        found[deployment.id] >= deployment.running + deployment.pending for deployment in service.deployments
    )
