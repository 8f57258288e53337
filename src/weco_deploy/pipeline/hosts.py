"""Reads on which EC2 instances tasks run, each container instance once: it never moves to another instance.

That is needed only for tasks behind load balancers that have no address of their own (network modes bridge and host).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from weco_deploy.model.service import ServiceView
from weco_deploy.pipeline.batches import batches_of, by_cluster
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import CONTAINER_INSTANCES_A_CALL, Calls, ServiceRuntime
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.target_health import needs_host

HOSTS = "which EC2 instances run the tasks behind load balancers"


class Hosts:
    """The EC2 instances of the container instances of one account and region that were read so far."""

    def __init__(self, runtime: ServiceRuntime, optional: OptionalReads) -> None:
        self._runtime = runtime
        self._optional = optional
        self._known: dict[str, str] = {}

    def of(self, views: Iterable[ServiceView], calls: Calls) -> Mapping[str, str] | None:
        """The EC2 instances that run the tasks of these services, by container instance; None if they can't be read."""
        wanted = {
            view.service.key: [
                task.container_instance
                for task in running_tasks(view)
                if needs_host(view, task) and task.container_instance not in self._known
            ]
            for view in views
        }
        batches = [
            (cluster, batch)
            for cluster, keys in by_cluster(wanted).items()
            for batch in batches_of(
                sorted({arn for key in keys for arn in wanted[key]}), CONTAINER_INSTANCES_A_CALL
            )
        ]
        nothing: list[Mapping[str, str]] = []
        found = self._optional.read(
            HOSTS,
            lambda: calls.read(partial(self._runtime.hosts, cluster, batch) for cluster, batch in batches),
            nothing,
        )
        for answer in found:
            self._known |= answer
        return None if self._optional.given_up(HOSTS) else dict(self._known)
