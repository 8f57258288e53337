"""Marks where waves of services begin and end. Between the two, its services are redeployed and watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from weco_deploy.model.events import StepFinished, StepStarted
from weco_deploy.model.plan import Wave
from weco_deploy.model.steps import StepStatus
from weco_deploy.pipeline.step import StepContext
from weco_deploy.rules.waves import ended


@dataclass(frozen=True, slots=True)
class BeginWave:
    """Records that the wave begins, so that the record of a deployment that is killed tells how far it got."""

    wave: Wave
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> None:
        """Note the wave's step as running."""
        ledger = context.ledger
        ledger.step(
            replace(
                ledger.step_outcome(self.wave.id),
                status=StepStatus.RUNNING,
                started=context.ports.clock.utc(),
            )
        )
        ledger.note()
        context.notify(StepStarted(ledger.step_outcome(self.wave.id)))

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back."""


@dataclass(frozen=True, slots=True)
class EndWave:
    """Gives the wave its result, by how its services ended. In a rollback that may be a failure, and the next wave begins."""

    wave: Wave
    undo_on_failure: ClassVar[bool] = False

    def run(self, context: StepContext) -> None:
        """Record the result of the wave's step."""
        ledger = context.ledger
        step = ended(ledger.step_outcome(self.wave.id), self.wave, ledger.deployment.services)
        ledger.step(replace(step, finished=context.ports.clock.utc()))
        ledger.note()
        context.notify(StepFinished(ledger.step_outcome(self.wave.id)))

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back."""
