"""Watches the services until every one is settled, or the waiting time is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.plan import PlannedService
from weco_deploy.pipeline.polling import Patience, poll_until_settled
from weco_deploy.pipeline.step import StepContext
from weco_deploy.rules.deployment_status import verdict
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.step_failure import Unsuccessful


@dataclass(frozen=True, slots=True)
class Watch:
    """Polls the rollouts of services that were redeployed, and of those whose rollout is adopted."""

    services: tuple[PlannedService, ...]
    patience: Patience
    stable_for: float
    undo_on_failure: ClassVar[bool] = False

    def run(self, context: StepContext) -> Unsuccessful | None:
        """Watch the services; the ledger has the outcome of each. Returns None if all of them are good."""
        ledger = context.ledger
        polled = poll_until_settled(
            self._tracks(context),
            context.environment,
            self.patience,
            ledger,
            context.ports,
            context.notify,
        )
        outcomes = [ledger.outcome(service.service_id) for service in self.services]
        if verdict(outcomes) is DeploymentStatus.SUCCEEDED:
            return None
        return Unsuccessful(waited=self.patience.wait, polled=polled)

    def undo(self, context: StepContext) -> None:
        """Watching changes nothing."""

    def _tracks(self, context: StepContext) -> dict[str, Track]:
        now = context.ports.clock.utc()
        tracks: dict[str, Track] = {}
        for service in self.services:
            outcome = context.ledger.outcome(service.service_id)
            if outcome.ecs_deployment_id and not outcome.settled:
                tracks[service.service_id] = Track(
                    service=service,
                    deployment_id=outcome.ecs_deployment_id,
                    previous_id=service.ecs_deployment_id,
                    since=now,
                    stable_for=self.stable_for,
                    leave_old_tasks=context.environment.old_tasks == "leave",
                    made=context.ledger.begun(service.service_id),
                )
        return tracks
