"""Runs a check once: a program on this machine, or an HTTP request."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from weco_deploy.errors import Unreachable
from weco_deploy.model.events import StepOutput
from weco_deploy.model.http_answer import HttpAnswer
from weco_deploy.model.rollout_check import PlannedCheck, Program
from weco_deploy.pipeline.step import StepContext
from weco_deploy.ports import NotStarted, RunningProgram
from weco_deploy.rules.rollout_checks import why_not_expected

POLL_INTERVAL = 0.5
SAYS_IT_GOES_ON = timedelta(seconds=5)
LAST_LINES = 20
LONGEST_REQUEST = 10.0
"""Seconds, as the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How an attempt ended.

    Args:
        why: why it failed; empty if it succeeded.
        exit_code: the program's exit code, if it ended.
        timed_out: whether the time was over.
        not_run: whether it could not run.
        lines: the last lines of output.

    """

    why: str = ""
    exit_code: int | None = None
    timed_out: bool = False
    not_run: bool = False
    lines: tuple[str, ...] = ()


def attempt(planned: PlannedCheck, end: datetime, context: StepContext) -> Attempt:
    """Run the check, until `end` at most. Raises Interrupted or LeaseLost, after the program has been stopped."""
    probe = planned.check.probe
    if isinstance(probe, Program):
        return _run(planned, probe, end, context)
    why = why_not_expected(_answer(planned.url, end, context), planned)
    return Attempt(why=why)


def _answer(url: str, end: datetime, context: StepContext) -> HttpAnswer:
    now = context.ports.clock.utc()
    seconds = min(LONGEST_REQUEST, max(1.0, (end - now).total_seconds()))
    # The request itself ends when nothing comes for so long, but an answer may also come bit by bit.
    calls = context.ledger.holding(context.ports).calls.until(now + timedelta(seconds=2 * seconds))
    try:
        (answer,) = calls.read([partial(context.ports.http.get, url, seconds)])
    except Unreachable:
        return HttpAnswer(None, problem=f"it took longer than {2 * seconds:g} s")
    return answer


def _run(planned: PlannedCheck, program: Program, end: datetime, context: StepContext) -> Attempt:
    variables = {
        **dict(planned.variables),
        "DEPLOYED_DEPLOYMENT": context.ledger.deployment.deployment_id,
    }
    try:
        running = context.ports.programs.start(program.arguments, variables, credentials=program.credentials)
    except NotStarted as error:
        return Attempt(why=str(error), not_run=True)
    try:
        return _until_ended(planned, running, end, context)
    finally:
        running.stop()


def _until_ended(
    planned: PlannedCheck, program: RunningProgram, end: datetime, context: StepContext
) -> Attempt:
    clock, last = context.ports.clock, deque[str](maxlen=LAST_LINES)
    said = clock.utc()
    while True:
        # Asked before reading, so that all lines of a program that has ended are read.
        code = program.exit_code()
        lines = tuple(program.new_lines())
        last.extend(lines)
        now = clock.utc()
        if lines or now - said >= SAYS_IT_GOES_ON:
            context.notify(StepOutput(planned.id, lines))
            said = now
        if code is not None:
            return Attempt(why=_why(code), exit_code=code, lines=tuple(last))
        if now >= end:
            why = f"it ran for longer than {planned.check.timeout:g} s and was stopped"
            return Attempt(why=why, timed_out=True, lines=tuple(last))
        context.ledger.note_if_due()
        context.ledger.wait(POLL_INTERVAL)


def _why(code: int) -> str:
    if code == 0:
        return ""
    return f"exit code {code}" if code > 0 else f"ended by signal {-code}"
