"""Runs a task before services restart, and waits for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar
from uuid import NAMESPACE_OID, uuid5

from weco_deploy.errors import AccessDenied, AwsError, DeployError, Throttled, Unreachable
from weco_deploy.model.events import Notice, PollFailed, StepFinished, StepStarted
from weco_deploy.model.launch import NewTask
from weco_deploy.model.log_location import log_location
from weco_deploy.model.planned_task import PlannedTask, TaskAction
from weco_deploy.model.service import Task
from weco_deploy.model.steps import StepOutcome, StepRun, StepStatus
from weco_deploy.pipeline.polling import Patience
from weco_deploy.pipeline.step import StepContext
from weco_deploy.pipeline.task_log import TaskLog
from weco_deploy.ports import Done, Failed, Outcome
from weco_deploy.rules.before_tasks import READ_LAG
from weco_deploy.rules.step_failure import TaskFailed
from weco_deploy.rules.step_runs import with_run
from weco_deploy.rules.task_end import counted_container, why_failed

LONGEST_POLL_INTERVAL = 5.0
"""Seconds. Its log is shown as it goes on."""
ATTEMPTS = 3
"""How often ECS is asked to run the task if its answer is lost, besides botocore's retries."""
SECONDS_BETWEEN_ATTEMPTS = 2.0
STOPS_WITHIN = timedelta(minutes=5)
"""How long to wait for the end of a task that was told to stop."""


def token_of(deployment_id: str, step_id: str) -> str:
    """The token with which ECS runs one task at most for a step of a deployment."""
    return str(uuid5(NAMESPACE_OID, f"weco-deploy {deployment_id} {step_id}"))


@dataclass(frozen=True, slots=True)
class RunTask:
    """Runs a task, or goes on with the one that an earlier deployment began, until it has ended."""

    task: PlannedTask
    patience: Patience
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> TaskFailed | None:
        """Run the task and wait. Returns None if it succeeded, and otherwise why it did not.

        An interruption leaves the task alone: half a migration is worse than one that nobody waits for. The next deployment goes
        on with it.
        """
        return _TaskRun(self.task, self.patience, context).carry_out()

    def undo(self, context: StepContext) -> None:
        """What the task did remains: only its authors know how to undo it."""


class _TaskRun:
    """A task while it runs: its outcome in the ledger, and its recorded run."""

    def __init__(self, task: PlannedTask, patience: Patience, context: StepContext) -> None:
        ledger = context.ledger
        self._task = task
        self._context = context
        self._interval = min(patience.interval, LONGEST_POLL_INTERVAL)
        self._runner = context.ports.tasks(context.environment)
        self._run = task.earlier or StepRun(
            key=task.key,
            token=token_of(ledger.deployment.deployment_id, task.id),
            deployment_id=ledger.deployment.deployment_id,
            status=StepStatus.RUNNING,
            begun=context.ports.clock.utc(),
            cluster=task.launch.cluster,
            definition=task.definition.arn,
        )
        self._runs = task.runs

    def carry_out(self) -> TaskFailed | None:
        if self._task.said_done:
            self._record(replace(self._run, status=StepStatus.SUCCEEDED))
            return None
        known = self._begin()
        log = TaskLog(self._task.id, self._task.container, self._context)
        ended, timed_out = self._wait(known, log)
        return self._finish(ended, log, timed_out=timed_out)

    def _begin(self) -> str:
        """The ARN of the task, after ECS was asked for it if necessary."""
        ledger = self._context.ledger
        outcome = replace(self._outcome, status=StepStatus.RUNNING, started=self._run.begun)
        ledger.step(outcome)
        if self._run.task is None:
            # The record must name the token before ECS is asked: whoever goes on asks with the same.
            self._record(self._run)
            self._record(replace(self._run, task=self._ask().arn))
        elif self._run not in self._runs:
            self._record(self._run)
        located = replace(outcome, log_location=self._log_location())
        ledger.step(located)
        ledger.note()
        self._context.notify(StepStarted(located, resumed=self._task.action is TaskAction.ADOPT))
        assert self._run.task is not None  # noqa: S101 - for mypy: it was recorded above
        return self._run.task

    def _ask(self) -> Task:
        """Ask ECS to run the task. An answer that is lost is asked for again, because ECS runs one task at most for the token."""
        ledger, ports = self._context.ledger, self._context.ports
        new = NewTask(
            definition=self._task.definition.arn,
            container=self._task.container.name,
            command=self._task.command,
            launch=self._task.launch,
            token=self._run.token,
        )
        for attempt in range(1, ATTEMPTS + 1):
            self._context.allow_change(f"interrupted before {self._task.id} began")
            outcomes: list[Outcome[Task]] = ports.calls.meanwhile(ledger.renew_if_due).change(
                [partial(self._runner.run, new)], lambda _, __: None, lambda: False
            )
            (outcome,) = outcomes
            if isinstance(outcome, Done):
                return outcome.value
            error = outcome.error if isinstance(outcome, Failed) else DeployError("ECS was not asked")
            if isinstance(error, Unreachable) and attempt < ATTEMPTS:
                ledger.wait(SECONDS_BETWEEN_ATTEMPTS)
                continue
            self._refused(error)
            raise error
        raise AwsError("ecs:RunTask", f"{self._task.id} could not be run")

    def _refused(self, error: DeployError) -> None:
        """Note why ECS did not run the task. After a lost answer it may run: the next deployment finds that out."""
        lost = isinstance(error, Unreachable)
        why = error.with_advice if isinstance(error, AccessDenied) else error.message
        status = StepStatus.UNKNOWN if lost else StepStatus.FAILED
        self._end(replace(self._outcome, status=status, detail=why))
        if not lost:
            self._record(replace(self._run, status=StepStatus.FAILED))

    def _wait(self, arn: str, log: TaskLog) -> tuple[Task | None, bool]:
        """The task when it has ended, and whether its time was over; None if ECS does not know it any more."""
        ledger, clock = self._context.ledger, self._context.ports.clock
        end = self._run.begun + timedelta(seconds=self._task.timeout)
        stopped_at: datetime | None = None
        while True:
            found = self._poll(arn)
            log.show_news(arn)
            if isinstance(found, Task) and found.status == "STOPPED":
                # It may have ended by itself when it was about to be stopped.
                return found, stopped_at is not None and found.stop_code == "UserInitiated"
            now = clock.utc()
            if found is None and now - self._run.begun >= READ_LAG:
                return None, stopped_at is not None
            if stopped_at is None and now >= end:
                self._stop(arn)
                stopped_at = now
            elif stopped_at is not None and now - stopped_at >= STOPS_WITHIN:
                return (found if isinstance(found, Task) else None), True
            ledger.note()
            ledger.wait(self._interval)

    def _poll(self, arn: str) -> Task | Failed | None:
        """The task; None if ECS does not know it, Failed if it can't be read at the moment."""
        ports = self._context.ports
        try:
            calls = self._context.ledger.holding(ports).calls
            (found,) = calls.read([partial(self._runner.task, self._run.cluster, arn)])
        except (Throttled, Unreachable) as error:
            self._context.notify(PollFailed(error.message, ports.clock.utc()))
            return Failed(error)
        return found

    def _stop(self, arn: str) -> None:
        ledger, ports = self._context.ledger, self._context.ports
        reason = f"weco-deploy: it ran for longer than {self._task.timeout:g} s"
        stop = partial(self._runner.stop, self._run.cluster, arn, reason)
        ledger.ours()
        (outcome,) = ports.calls.meanwhile(ledger.renew_if_due).change(
            [stop], lambda _, __: None, lambda: False
        )
        if isinstance(outcome, Failed):
            self._context.notify(Notice(f"{self._task.id} can't be stopped: {outcome.error.message}"))

    def _finish(self, ended: Task | None, log: TaskLog, *, timed_out: bool) -> TaskFailed | None:
        """Note how the task ended, and return why that is no success."""
        status, why = self._judged(ended, timed_out=timed_out)
        counted = counted_container(ended, self._task) if ended else None
        good = status is StepStatus.SUCCEEDED
        outcome = replace(
            self._outcome,
            status=status,
            exit_code=counted.exit_code if counted else None,
            detail=why,
            log_lines=() if good else log.last_lines,
            # A task that an earlier deployment began may have ended long ago.
            finished=ended.stopped_at if ended else None,
        )
        # The end of a task that ECS has forgotten stays open: a person must say what became of it.
        if status is not StepStatus.UNKNOWN:
            self._record(replace(self._run, status=status))
        self._end(outcome)
        return None if good else TaskFailed(reason=f"{self._task.id} did not succeed: {why}")

    def _judged(self, ended: Task | None, *, timed_out: bool) -> tuple[StepStatus, str]:
        if ended is None:
            return StepStatus.UNKNOWN, f"ECS does not know the task {self._run.task} any more"
        if timed_out:
            over = f"it ran for longer than {self._task.timeout:g} s and was stopped"
            still = "" if ended.status == "STOPPED" else ", but has not ended yet"
            return StepStatus.TIMED_OUT, over + still
        why = why_failed(ended, self._task)
        return (StepStatus.FAILED if why else StepStatus.SUCCEEDED), why

    def _end(self, outcome: StepOutcome) -> None:
        finished = replace(outcome, finished=outcome.finished or self._context.ports.clock.utc())
        self._context.ledger.step(finished)
        self._context.ledger.note()
        self._context.notify(StepFinished(finished))

    def _record(self, run: StepRun) -> None:
        self._run = run
        self._runs = with_run(self._runs, run)
        self._context.ledger.record_step_runs(self._task.id, self._runs)

    def _log_location(self) -> str | None:
        container = self._task.container
        if container.log_driver != "awslogs" or container.log_group is None:
            return None
        return log_location(container, self._run.task or "")

    @property
    def _outcome(self) -> StepOutcome:
        steps = self._context.ledger.deployment.steps
        return next(step for step in steps if step.id == self._task.id)
