"""What a step of a deployment is. The steps themselves are in `steps/`, one a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from weco_deploy.errors import Interrupted
from weco_deploy.model.events import Event
from weco_deploy.model.project import Environment
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.rollouts import Rollouts
from weco_deploy.ports import Ports
from weco_deploy.rules.step_failure import StepFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What every step of a deployment works with. `rollouts` are those that are watched, of all waves so far."""

    environment: Environment
    ledger: Ledger
    ports: Ports
    notify: Callable[[Event], None]
    rollouts: Rollouts

    def stop_if_requested(self, message: str) -> None:
        """Raise Interrupted with this message if a signal asks to stop."""
        if self.ports.interrupts.requested():
            raise Interrupted(message)

    def allow_change(self, message: str) -> None:
        """Raise LeaseLost if the environment may be somebody else's by now, or Interrupted if a signal asks to stop."""
        self.ledger.ours()
        self.stop_if_requested(message)


class Step(Protocol):
    """A part of carrying out a plan, made from that plan. Steps run one after the other, in the main thread.

    A step keeps the ledger up to date with everything that it changes, because the record is written from the ledger and
    because `undo` reads there what was changed. It notes the ledger when it is done, renews the lease while it waits, and asks
    `ledger.ours` before each change. A step does not know the other steps.
    """

    undo_on_failure: ClassVar[bool]
    """Whether a failure of this step undoes the steps so far, and itself, as long as no service was redeployed."""

    def run(self, context: StepContext) -> StepFailure | None:
        """Do it. Returns None if the next step may run, and otherwise what failed to happen in time.

        Raises Interrupted if a signal asks to stop, LeaseLost if the environment is not ours any more, or any other
        DeployError that kept the step from doing its work. When it returns or raises, all its changes have ended.
        `rules/step_failure.py` decides what that means for the deployment.
        """

    def undo(self, context: StepContext) -> None:
        """Put back what `run` changed, also if `run` failed half-way; what it did not change stays as it is.

        Never raises a DeployError, because the reason for undoing must be reported: it notifies of what it can't put back.
        Never stops because of a signal, and never goes on after the lease is lost. Never redeploys a service, since that
        is a rollback and a deployment of its own, and never deletes an image.
        """
