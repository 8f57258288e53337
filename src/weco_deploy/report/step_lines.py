"""The lines for the steps of a deployment, which progress and summaries share."""

from __future__ import annotations

from weco_deploy.model.steps import WAVE, StepOutcome, StepStatus
from weco_deploy.report.outcomes import Line
from weco_deploy.report.screen import Symbols
from weco_deploy.report.untrusted import log_line, one_line
from weco_deploy.report.wording import duration

_WORDS = {
    StepStatus.PENDING: "not begun",
    StepStatus.RUNNING: "still running",
    StepStatus.SUCCEEDED: "succeeded",
    StepStatus.FAILED: "failed",
    StepStatus.TIMED_OUT: "ran out of time",
    StepStatus.SKIPPED: "skipped",
    StepStatus.UNKNOWN: "ended in an unknown way",
}


def step_mark(step: StepOutcome, symbols: Symbols) -> str:
    if step.status is StepStatus.SUCCEEDED:
        return symbols.good
    if step.status is StepStatus.SKIPPED:
        return symbols.quiet
    return symbols.bad if step.bad else symbols.moving


def step_name(step: StepOutcome) -> str:
    """`migrate (before)`: the id, and the key of the project file that declares the step. Of a wave, its id: `wave 2`."""
    if step.kind == WAVE:
        return one_line(step.id)
    return f"{one_line(step.id)} ({one_line(step.kind)})"


def step_result(step: StepOutcome) -> str:
    """`failed after 12 s: exit code 3: no such column`, without what the detail says already."""
    took = (
        f" after {duration(step.finished - step.started)}"
        if step.started and step.finished and step.status is not StepStatus.SKIPPED
        else ""
    )
    code = f"exit code {step.exit_code}" if step.exit_code else ""
    detail = one_line(step.detail)
    why = ": ".join(part for part in ("" if code in detail else code, detail) if part)
    only = " (advisory)" if step.advisory and step.bad else ""
    return f"{_WORDS[step.status]}{only}{took}" + (f": {why}" if why else "")


def step_line(step: StepOutcome, symbols: Symbols) -> str:
    """`✗ migrate (before) failed after 12 s: exit code 3`."""
    return f"{step_mark(step, symbols)} {step_name(step)} {step_result(step)}"


def step_lines(step: StepOutcome, symbols: Symbols) -> tuple[Line, ...]:
    """The step's line; below it, if it is bad, its last log lines, and where its log is."""
    lines = [Line(0, step_line(step, symbols))]
    if step.bad:
        lines += (Line(6, f"| {log_line(line)}".rstrip()) for line in step.log_lines or step.output)
        if step.log_location:
            lines.append(Line(6, f"log: {one_line(step.log_location)}"))
    return tuple(lines)
