"""Makes one poll: services, their tasks, and ECS's own verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from weco_deploy.errors import AwsError
from weco_deploy.model.service import Service, ServiceDeployment, ServiceKey, ServiceView, Task
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.cluster_listing import ListedBefore, has_all, tasks_of
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.health_reads import health_checked, targets
from weco_deploy.pipeline.hosts import Hosts
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.pipeline.partial_reads import PartialReads
from weco_deploy.pipeline.stopped_tasks import StoppedTasks
from weco_deploy.ports import Calls, CodeDeploy, ServiceRuntime
from weco_deploy.rules.rollout import reading, rolling
from weco_deploy.rules.rollout.old_tasks import tasks_to_ask_about
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.rollout.wrong_digests import lacks_digests

VERDICTS = "ECS's own verdict on its deployments"
VERDICTS_OF_CODE_DEPLOY = "CodeDeploy's own verdict on its deployments"
PROTECTIONS = "which old tasks are protected from scale-in"


@dataclass(frozen=True, slots=True)
class Poll:
    """What a poll read.

    `views` are the services as ECS describes them; a service in neither of both does not exist. `unread` says why others can't be
    judged by this poll: a call failed whose answer may matter.
    """

    views: Mapping[ServiceKey, ServiceView]
    unread: Mapping[ServiceKey, AwsError]


class Polling:
    """Polls the services of an environment, and keeps what does not have to be read again."""

    def __init__(self, runtime: ServiceRuntime, code_deploy: CodeDeploy, optional: OptionalReads) -> None:
        self._runtime = runtime
        self._code_deploy = code_deploy
        self._optional = optional
        self._definitions = Definitions(runtime)
        self._hosts = Hosts(runtime, optional)
        self.stopped = StoppedTasks(runtime)
        self._listed_before = ListedBefore()
        self._running: dict[ServiceKey, frozenset[str]] = {}
        """The running tasks of services in the last poll that read them."""
        self._ran_at_last_read: dict[ServiceKey, frozenset[str]] = {}
        """The running tasks of services in the last poll that read their stopped tasks."""

    def poll(self, moving: Iterable[Track], calls: Calls, *, everything: bool) -> Poll:
        """Read the services as they are now, with what else can tell more about them (`reading.reads`).

        With `everything` tasks are read also where they tell nothing new most likely.
        """
        tracked = {track.service.key: track for track in moving}
        by_batch = PartialReads[tuple[ServiceKey, ...]](calls)
        services = reads.services_as_far_as_read(self._runtime, tracked, by_batch)
        self._listed_before.tasks |= {key: tasks_of(service) for key, service in services.items()}
        unread = {key: error for keys, error in by_batch.errors.items() for key in keys}
        wanted = {
            key: reading.reads(tracked[key], service, everything=everything)
            for key, service in services.items()
        }
        unknown: dict[ServiceKey, ServiceDeployment] = {}
        verdicts = self._optional.read(
            VERDICTS, partial(reads.service_deployments, self._runtime, services.values(), calls), unknown
        )
        verdicts = {**verdicts, **self._by_code_deploy(tracked, services, calls)}
        running, stopped, unlisted = self._tasks(services, wanted, calls, listing=everything)
        unread |= unlisted
        services = {key: service for key, service in services.items() if key not in unread}
        revised = [
            key
            for key, service in services.items()
            if wanted[key].revision
            or lacks_digests(tracked[key], ServiceView(service=service, tasks=running.get(key)))
        ]
        images = calls.read(partial(self._runtime.resolved, services[key]) for key in revised)
        resolved = dict(zip(revised, images, strict=True))
        defined = self._definitions.read(
            (name for read in wanted.values() for name in read.definitions), calls
        )
        views = {
            key: ServiceView(
                service=service,
                tasks=running.get(key),
                stopped=stopped.get(key),
                resolved=resolved.get(key),
                service_deployment=verdicts.get(key),
                defined={name: defined[name] for name in wanted[key].definitions if name in defined},
            )
            for key, service in services.items()
        }
        return Poll(self._with_health(views, tracked, calls, everything=everything), unread)

    def _by_code_deploy(
        self, tracked: Mapping[ServiceKey, Track], services: Iterable[ServiceKey], calls: Calls
    ) -> Mapping[ServiceKey, ServiceDeployment]:
        """CodeDeploy's own verdicts on the deployments that it made."""
        made = {
            key: tracked[key].deployment_id
            for key in services
            if tracked[key].service.code_deploy is not None
        }
        if not made:
            return {}
        nothing: dict[ServiceKey, ServiceDeployment] = {}

        def read() -> dict[ServiceKey, ServiceDeployment]:
            reads = [
                partial(self._code_deploy.deployment, deployment_id, key)
                for key, deployment_id in made.items()
            ]
            return dict(zip(made, calls.read(reads), strict=True))

        return self._optional.read(VERDICTS_OF_CODE_DEPLOY, read, nothing)

    def _tasks(
        self,
        services: Mapping[ServiceKey, Service],
        wanted: Mapping[ServiceKey, reading.Reads],
        calls: Calls,
        *,
        listing: bool,
    ) -> tuple[
        Mapping[ServiceKey, tuple[Task, ...]],
        Mapping[ServiceKey, tuple[Task, ...]],
        Mapping[ServiceKey, AwsError],
    ]:
        """The running tasks and the stopped tasks that are wanted, and why those of other services could not be read.

        Unless all are to be listed, the tasks of a service are only described again if these are all of its tasks still.
        """
        of_running, of_stopped = PartialReads[str](calls), PartialReads[str](calls)
        busy = [services[key] for key, read in wanted.items() if read.tasks]
        found = {} if listing else self._still_running(busy, of_running)
        unknown = [service for service in busy if service.key not in found]
        found |= reads.tasks_as_far_as_read(self._runtime, unknown, of_running, before=self._listed_before)
        self._running |= {key: frozenset(task.arn for task in tasks) for key, tasks in found.items()}
        stopped = self._stopped(services, wanted, found, of_stopped)
        unread = {
            service.key: of_running.errors[service.key.cluster]
            for service in busy
            if service.key.cluster in of_running.errors and not has_all(service, found[service.key])
        }
        unread |= {key: of_stopped.errors[key.cluster] for key in stopped if key.cluster in of_stopped.errors}
        return self._definitions.with_images(found, calls), stopped, unread

    def _still_running(
        self, services: Iterable[Service], of_running: PartialReads[str]
    ) -> dict[ServiceKey, tuple[Task, ...]]:
        """The tasks of services that run the same tasks as in the poll before, and no others."""
        known = {
            service.key: sorted(self._running[service.key])
            for service in services
            if service.key in self._running
            and len(service.deployments) == 1
            and _runs_exactly(service, self._running[service.key])
        }
        described = reads.described_tasks(self._runtime, known, of_running)
        return {
            key: tasks
            for key, tasks in described.items()
            if {task.arn for task in tasks if task.status == "RUNNING"} == self._running[key]
        }

    def _stopped(
        self,
        services: Mapping[ServiceKey, Service],
        wanted: Mapping[ServiceKey, reading.Reads],
        running: Mapping[ServiceKey, tuple[Task, ...]],
        reads: PartialReads[str],
    ) -> dict[ServiceKey, tuple[Task, ...]]:
        """The stopped tasks that are wanted. They are not read again where none can have stopped since, nor started.

        That is where the same tasks run as when they were last read, and these are all that the service desires.
        """
        ran = {key: frozenset(task.arn for task in running.get(key, ())) for key in wanted}
        counted = [key for key, read in wanted.items() if read.stopped]
        unchanged = {
            key
            for key in counted
            if ran[key] == self._ran_at_last_read.get(key) and _runs_exactly(services[key], ran[key])
        }
        due = [key for key in counted if key not in unchanged]
        stopped = self.stopped.read(due, reads)
        for key in due:
            if key.cluster not in reads.errors:
                self._ran_at_last_read[key] = ran[key]
        return {**stopped, **self.stopped.known(unchanged)}

    def _with_health(
        self,
        views: Mapping[ServiceKey, ServiceView],
        tracked: Mapping[ServiceKey, Track],
        calls: Calls,
        *,
        everything: bool,
    ) -> Mapping[ServiceKey, ServiceView]:
        """The views, with the health of tasks and the protection of old tasks where the verdict may depend on it.

        With `everything` the health of all tasks, which may tell why a rollout is not complete.

        Some task definitions are read as soon as tasks are: later, when all services are about to settle, reading hundreds would
        delay verdicts; but reading hundreds at once would delay this poll.
        """
        runtime, optional = self._runtime, self._optional
        with_tasks = [view for view in views.values() if view.tasks is not None]
        unchecked = [
            view for view in with_tasks if everything or rolling.needs_health(tracked[view.service.key], view)
        ]
        checked = health_checked(unchecked, with_tasks, self._definitions, optional, calls)
        found = targets(unchecked, runtime, optional, calls)
        hosts = self._hosts.of(unchecked, calls)
        not_told_to_stop = {key: tasks_to_ask_about(tracked[key], view) for key, view in views.items()}
        nothing: dict[str, datetime | None] = {}
        protected = optional.read(
            PROTECTIONS, partial(reads.protections, runtime, not_told_to_stop, calls), nothing
        )
        return {
            key: replace(view, health_checked=checked, targets=found, hosts=hosts, protected=protected)
            for key, view in views.items()
        }


def _runs_exactly(service: Service, tasks: frozenset[str]) -> bool:
    """Whether these are the tasks that the service desires, by ECS's counts, and none of its tasks failed to start."""
    failed = any(deployment.failed_tasks for deployment in service.deployments)
    return service.running == service.desired == len(tasks) and not service.pending and not failed
