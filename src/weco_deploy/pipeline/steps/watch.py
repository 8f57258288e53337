"""Watches the services until every one is settled, or the waiting time is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.plan import PlannedService, Wave
from weco_deploy.pipeline.polling import Patience, poll_until_settled
from weco_deploy.pipeline.step import StepContext
from weco_deploy.rules.deployment_status import verdict
from weco_deploy.rules.step_failure import Unsuccessful


@dataclass(frozen=True, slots=True)
class Watch:
    """Polls the rollouts of services that were redeployed, and of those whose rollout is adopted.

    Args:
        wave: the services that are watched.
        patience: for how long.
        earlier: the services of earlier waves. They are looked at once more at the end, or watched further.
        goes_on: whether the next step follows also if not all services are good.

    """

    wave: Wave
    patience: Patience
    earlier: tuple[PlannedService, ...] = ()
    goes_on: bool = False
    undo_on_failure: ClassVar[bool] = False

    def run(self, context: StepContext) -> Unsuccessful | None:
        """Watch the services; the ledger has the outcome of each. Returns None if the next step may run."""
        ledger = context.ledger
        context.rollouts.follow(self.wave.services)
        watched = context.rollouts.watched
        waited = self.patience.wait + watched.own_wait.total_seconds()
        polled = poll_until_settled(watched, self.patience, context.ports.clock)
        if self.goes_on:
            return None
        outcomes = [ledger.outcome(service.service_id) for service in (*self.earlier, *self.wave.services)]
        if verdict(outcomes) is DeploymentStatus.SUCCEEDED:
            return None
        return Unsuccessful(waited=waited, polled=polled)

    def undo(self, context: StepContext) -> None:
        """Watching changes nothing."""
