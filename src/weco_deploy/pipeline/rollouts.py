"""The rollouts that a deployment began or adopted, watched from then on.

AWS lets a tool redeploy five services a second. While hundreds are redeployed, the first ones are done long before the last ones begin.
So the rollouts are polled in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from weco_deploy.model.plan import PlannedService
from weco_deploy.model.project import Environment
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Clock
from weco_deploy.rules.rollout.track import Track

LATE_ANSWERS = timedelta(seconds=15)
"""How long the answers to a poll in between are waited for."""


class Rollouts:
    """The services of a deployment whose rollouts have begun. `watched` has the tracks of those that `follow` found."""

    def __init__(
        self,
        environment: Environment,
        stable_for: float,
        watched: Watched,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.watched = watched
        self._environment = environment
        self._stable_for = stable_for
        self._ledger = ledger
        self._clock = clock

    def follow(self, services: Iterable[PlannedService]) -> None:
        """Watch those of the services whose rollouts have begun by now, too."""
        now, tracks = self._clock.utc(), dict[str, Track]()
        for service in services:
            outcome = self._ledger.outcome(service.service_id)
            if outcome.begun and not outcome.settled and not self.watched.knows(service.service_id):
                tracks[service.service_id] = Track(
                    service=service,
                    deployment_id=outcome.ecs_deployment_id or "",
                    ecs_rollback=outcome.ecs_rollback or "",
                    previous_id=service.ecs_deployment_id,
                    since=now,
                    stable_for=self._stable_for,
                    leave_old_tasks=self._environment.old_tasks == "leave",
                    made=self._ledger.begun(service.service_id),
                )
        self.watched.add(tracks)

    def poll_in_between(self, services: Iterable[PlannedService]) -> None:
        """Follow these services, too, and poll those that are due. What a poll can't read is read by a later one."""
        self.follow(services)
        self.watched.wait(0.0)
        if due := self.watched.due:
            self.watched.poll(due, self._clock.utc() + LATE_ANSWERS, everything=False)
