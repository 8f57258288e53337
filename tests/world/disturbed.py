"""The words for what goes wrong: kills, lost answers, signals, other people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.world.behaviour import good
from tests.world.declared import Declared
from tests.world.gate import Call, Step, StepInOneRun
from tests.world.table import Table
from weco_deploy.model.environment import Lock
from weco_deploy.model.service import ENVIRONMENT_TAG, SERVICE_TAG, ServiceKey
from weco_deploy.sandbox.ecs import Behaviour
from weco_deploy.sandbox.ecs.service_state import Service


class Disturbed(Declared):
    """A world that can be disturbed. Calls are counted from the moment that a disturbance is asked for."""

    def before(
        self, name: str, action: Callable[[Call], None], nth: int = 1, times: int = 1, about: str = ""
    ) -> None:
        """Run `action` before the `nth` call of that name acts (`runtime.*` and the like are names too).

        It may raise: then the call does not act. `about` must occur in one of the call's arguments.
        """
        self.gate.before(Step(name, about, nth, times, action))

    def after(
        self, name: str, action: Callable[[Call], None], nth: int = 1, times: int = 1, about: str = ""
    ) -> None:
        """Run `action` after the call acted. It may raise: then the call's answer is lost."""
        self.gate.after(Step(name, about, nth, times, action))

    def cut_before(self, nth: int, name: str = "*") -> None:
        """Kill the run that makes the next call, before its `nth` call acts; later runs are left alone."""
        self.gate.before(StepInOneRun(name, "", nth, 1, lambda call: call.run.kill()))

    def cut_after(self, nth: int, name: str = "*") -> None:
        """Kill the run that makes the next call, after its `nth` call acted and before it gets the answer."""
        self.gate.after(StepInOneRun(name, "", nth, 1, lambda call: call.run.kill()))

    def fail(self, name: str, error: Exception, nth: int = 1, times: int = 1, about: str = "") -> None:
        """Calls of that name fail without having acted."""
        self.before(name, _raising(error), nth, times, about)

    def lose_answer(self, name: str, error: Exception, nth: int = 1, times: int = 1, about: str = "") -> None:
        """Calls of that name act, and yet fail."""
        self.after(name, _raising(error), nth, times, about)

    def signal_before(self, nth: int, name: str = "*") -> None:
        """SIGINT reaches the run that makes the next call, at its `nth` call."""
        self.gate.before(StepInOneRun(name, "", nth, 1, lambda call: call.run.signal()))

    def signal_at(self, seconds: float) -> None:
        """SIGINT reaches the run that is then the last one started."""
        self.at(seconds, lambda: self.runs[-1].signal())

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Something happens so many seconds from now."""
        self.schedule.after(seconds, action)

    def lag(self, seconds: float | Callable[[], float]) -> None:
        """DescribeServices answers what was true so many seconds ago, but nothing from before now."""
        with self.gate.lock:
            self.ecs.simulation.begin_lag(seconds if callable(seconds) else lambda: seconds)

    def somebody_redeploys(self, service_id: str, environment: str) -> str:
        """Somebody else forces a new deployment. Its id."""
        with self.gate.lock:
            return self.ecs.redeploy(self.declared(service_id, environment))

    def scale(self, service_id: str, environment: str, desired: int) -> None:
        with self.gate.lock:
            self.ecs.scale(self.declared(service_id, environment), desired)

    def stop_task(self, service_id: str, environment: str, kind: str = "task-stopped") -> None:
        """One of the service's running tasks ends: `sandbox.ecs.trouble` has the kinds."""
        with self.gate.lock:
            self.ecs.trouble(self.declared(service_id, environment), kind)

    def protect_tasks(self, service_id: str, environment: str, minutes: int) -> None:
        """The service's tasks protect themselves from scale-in for so long."""
        with self.gate.lock:
            self.ecs.protect_tasks(self.declared(service_id, environment), minutes)

    def mend(self, image_id: str) -> None:
        """From now on every image of that repository works: what was missing was not in the image."""
        self.spoil(image_id, good())

    def spoil(self, image_id: str, behaviour: Behaviour) -> None:
        """From now on every image of that repository behaves so: what is wrong is not in the image."""
        stored = self.stored(image_id)
        for digest, image in stored.images.items():
            stored.images[digest] = replace(image, behaviour=behaviour)

    def trouble(self, service_id: str, environment: str, kind: str) -> None:
        """Something goes wrong with the service, or is done to it: `sandbox.ecs.trouble` has the kinds."""
        with self.gate.lock:
            self.ecs.trouble(self.declared(service_id, environment), kind)

    def delete_service(self, service_id: str, environment: str) -> None:
        """Somebody deletes the service; ECS goes on answering it, as INACTIVE."""
        with self.gate.lock:
            self.ecs.delete(self.declared(service_id, environment))

    def somebody_locks(
        self,
        environment: str,
        lease_seconds: int | None = None,
        holder: str = "somebody",
        reason: str = "because",
        build_url: str | None = None,
    ) -> Lock:
        """Somebody else holds the environment now, whoever held it before: by hand, or with a lease."""
        with self.gate.lock:
            table = self.tables.setdefault(self.project.release_table, Table())
            record = table.record(environment)
            lock = Lock(
                owner=self.new_id(),
                holder=holder,
                reason=reason,
                since=self.now(),
                deployment_id=self.new_id() if lease_seconds else None,
                lease_ends=self.now() + timedelta(seconds=lease_seconds) if lease_seconds else None,
                lease_seconds=lease_seconds or 0,
                build_url=build_url,
            )
            table.environments[environment] = replace(record, fence=record.fence + 1, lock=lock)
            return lock

    def somebody_unlocks(self, environment: str) -> None:
        """Somebody takes the lock away."""
        with self.gate.lock:
            table = self.tables[self.project.release_table]
            table.environments[environment] = replace(table.record(environment), lock=None)

    def redefine(self, service_id: str, environment: str, tag: str, registry: str | None = None) -> None:
        """Somebody gives the service a new revision of its task definition, whose images have this tag.

        They are from the registry with this host name, or from the same registry as before.
        """
        with self.gate.lock:
            self.ecs.redefine(self.declared(service_id, environment), tag, registry)

    def stop_deployment(self, service_id: str, environment: str) -> None:
        """Somebody stops the service's latest deployment by hand. ApiError if it has ended."""
        with self.gate.lock:
            self.ecs.stop_deployment(self.declared(service_id, environment))

    def run_task(self, service_id: str, environment: str) -> None:
        """Somebody runs a task of the service's task definition by hand."""
        with self.gate.lock:
            self.ecs.run_task(self.declared(service_id, environment))

    def hand_over(self, service_id: str, environment: str, controller: str) -> None:
        """Another controller manages the service: ECS itself knows no task definition of it."""
        with self.gate.lock:
            self.ecs.hand_over(self.declared(service_id, environment), controller)

    def key(self, service_id: str, environment: str) -> ServiceKey:
        service = self.declared(service_id, environment)
        return ServiceKey(service.cluster.arn, service.name)

    def declared(self, service_id: str, environment: str) -> Service:
        """The service as it really is."""
        wanted = {SERVICE_TAG: service_id, ENVIRONMENT_TAG: environment}
        return next(service for service in self.ecs.services() if service.tags == wanted)


def _raising(error: Exception) -> Callable[[Call], None]:
    def fail(_: Call) -> None:
        raise error

    return fail
