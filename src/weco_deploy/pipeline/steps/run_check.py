"""Runs a check when all services have settled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from weco_deploy.errors import DeployError, Interrupted
from weco_deploy.model.events import StepFinished, StepOutput, StepStarted
from weco_deploy.model.rollout_check import PlannedCheck
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.pipeline.check_attempt import Attempt, attempt
from weco_deploy.pipeline.step import StepContext
from weco_deploy.rules.deployment_status import nothing_runs
from weco_deploy.rules.step_failure import CheckFailed

RETRY_INTERVAL = 5.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class RunCheck:
    """Runs a check, and repeats it as the project file says.

    While old tasks drain, they may answer instead of the release's. So a check that expects the release is repeated then until its
    time is over.
    """

    planned: PlannedCheck
    undo_on_failure: ClassVar[bool] = False

    def run(self, context: StepContext) -> CheckFailed | None:
        """Run the check. Returns None if it succeeded, or is only advisory."""
        if nothing_runs(context.ledger.deployment.services):
            skipped = replace(self._outcome(context), status=StepStatus.SKIPPED, detail="nothing is running")
            self._end(skipped, context)
            return None
        started = context.ports.clock.utc()
        outcome = replace(self._outcome(context), status=StepStatus.RUNNING, started=started)
        context.ledger.step(outcome)
        context.ledger.note()
        context.notify(StepStarted(outcome))
        try:
            last = self._attempts(context)
        except DeployError as error:
            interrupted = isinstance(error, Interrupted)
            self._end(
                replace(
                    outcome,
                    status=StepStatus.UNKNOWN,
                    detail="it was interrupted" if interrupted else error.message,
                ),
                context,
                note=False,  # the lease may be lost, and the verdict is recorded at once in any case
            )
            raise
        self._end(self._judged(last, outcome), context)
        if not last.why or self.planned.check.advisory:
            return None
        return CheckFailed(reason=f"{self.planned.id} did not succeed: {last.why}", not_run=last.not_run)

    def undo(self, context: StepContext) -> None:
        """A check changes nothing that the tool knows of."""

    def _attempts(self, context: StepContext) -> Attempt:
        """The last attempt: the first that succeeds, or the one after which there is none."""
        check, clock = self.planned.check, context.ports.clock
        end = clock.utc() + timedelta(seconds=check.timeout)
        retries = check.retries
        while True:
            last = attempt(self.planned, end, context)
            drain = self.planned.about_release and _old_tasks_drain(context)
            again = drain or retries > 0
            over = clock.utc() + timedelta(seconds=RETRY_INTERVAL) >= end
            if not last.why or last.not_run or last.timed_out or not again or over:
                return last
            if not drain:
                retries -= 1
            context.notify(StepOutput(self.planned.id, (f"{last.why}: trying again",)))
            context.ledger.wait(RETRY_INTERVAL)

    def _judged(self, last: Attempt, outcome: StepOutcome) -> StepOutcome:
        status = StepStatus.FAILED if last.why else StepStatus.SUCCEEDED
        return replace(
            outcome,
            status=StepStatus.TIMED_OUT if last.timed_out else status,
            exit_code=last.exit_code,
            detail=last.why,
            log_lines=last.lines if last.why else (),
            output=last.lines if self.planned.check.record_output else (),
        )

    def _end(self, outcome: StepOutcome, context: StepContext, *, note: bool = True) -> None:
        finished = replace(outcome, finished=context.ports.clock.utc())
        context.ledger.step(finished)
        if note:
            context.ledger.note()
        context.notify(StepFinished(finished))

    def _outcome(self, context: StepContext) -> StepOutcome:
        return context.ledger.step_outcome(self.planned.id)


def _old_tasks_drain(context: StepContext) -> bool:
    return any(service.draining for service in context.ledger.deployment.services)
