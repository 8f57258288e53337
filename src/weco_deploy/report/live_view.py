"""Draws the state of a rollout for a terminal: the overall progress, failures, what is moving, and what is done.

Pure: the lines depend on the arguments alone. There are never more of them than the terminal has, and none is wider than it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from weco_deploy.model.deployment import GOOD, ServiceStatus
from weco_deploy.model.steps import GOOD_STEPS, StepOutcome, StepStatus
from weco_deploy.report.cutting import cut_at_word
from weco_deploy.report.outcomes import STATUS_WORDS, counts, mark
from weco_deploy.report.page import BOLD, DIM, status_style, step_style
from weco_deploy.report.rollout_state import RolloutState, Row
from weco_deploy.report.screen import Screen
from weco_deploy.report.short_names import short_names
from weco_deploy.report.step_lines import step_mark, step_result
from weco_deploy.report.untrusted import log_line, one_line
from weco_deploy.report.wording import duration, short_id

_HEIGHT_IF_UNKNOWN = 24
_CURSOR_LINE = 1
_LEAST_BAR = 8
_LEAST_NAME = 8
_MOVING_BEFORE_LOGS = 3
_BAD_FIRST = (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
_MOVING_FIRST = (ServiceStatus.UNVERIFIED, ServiceStatus.IN_PROGRESS)
_NOT_LISTED = (*_BAD_FIRST, *_MOVING_FIRST, ServiceStatus.UNCHANGED)
"""What has a place of its own, or is counted: nobody reads a hundred lines about services that nothing happened to."""
_DONE = "done: "


def draw(rollout: RolloutState, screen: Screen, now: datetime, elapsed: timedelta) -> tuple[Text, ...]:
    """The lines to show at `now`, `elapsed` after the deployment began."""
    painter = _Painter(rollout, screen, now)
    room = max(1, (screen.height or _HEIGHT_IF_UNKNOWN) - _CURSOR_LINE)
    head = (painter.bar(elapsed), painter.counts())
    steps = painter.steps()
    return (*head, *steps, *painter.body(room - len(head) - len(steps)))[:room]


def _rows(rollout: RolloutState, statuses: Sequence[ServiceStatus]) -> list[Row]:
    """The rows with these statuses, in the order of the statuses."""
    return [row for status in statuses for row in rollout.rows.values() if row.status is status]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The widths of a row's columns, and the names that fit into the first, by service id."""

    names: Mapping[str, str]
    name: int
    tasks: int
    time: int


class _Painter:
    def __init__(self, rollout: RolloutState, screen: Screen, now: datetime) -> None:
        self._rollout = rollout
        self._screen = screen
        self._now = now
        self._columns = self._laid_out()

    def bar(self, elapsed: timedelta) -> Text:
        """The whole deployment: what is deployed, a bar, how many services are settled, and the time."""
        rollout = self._rollout
        settled, services = sum(row.settled for row in rollout.rows.values()), len(rollout.rows)
        what = "services"
        if rollout.release_id:
            what = f"release {short_id(rollout.release_id)} to {one_line(rollout.environment)}"
        numbers = f"{settled}/{services}  {duration(elapsed)}"
        room = self._screen.width - cell_len(what) - cell_len(numbers) - 4
        text = f"{what}: {numbers}"
        if room >= _LEAST_BAR:
            filled = room * settled // services if services else 0
            ascii_only = self._screen.fit("━─") != "━─"
            full, empty = ("#", "-") if ascii_only else ("━", "─")
            text = f"{what}  {full * filled}{empty * (room - filled)}  {numbers}"
        return self._line(text, BOLD)

    def counts(self) -> Text:
        """`tags 2/5, 1 failed, 12 in progress, 3 not begun, 104 done`. Once all tags have moved, they are left out."""
        rollout = self._rollout
        statuses = [row.status for row in rollout.rows.values()]
        bad = [row.status for row in rollout.rows.values() if row.failed]
        numbers = {
            "unverified": statuses.count(ServiceStatus.UNVERIFIED),
            "in progress": statuses.count(ServiceStatus.IN_PROGRESS),
            "not begun": statuses.count(ServiceStatus.PENDING),
            "not started": statuses.count(ServiceStatus.NOT_STARTED),
            "done": sum(status in GOOD for status in statuses),
        }
        steps_done = sum(step.status in GOOD_STEPS for step in rollout.steps.values())
        parts = [
            *([f"tags {rollout.tags_moved}/{rollout.tags}"] if rollout.tags_moved < rollout.tags else []),
            *([f"steps {steps_done}/{len(rollout.steps)}"] if steps_done < len(rollout.steps) else []),
            *([counts(bad)] if bad else []),
            *(f"{number} {what}" for what, number in numbers.items() if number),
        ]
        checking = "final check: " if rollout.in_final_check else ""
        return self._line(checking + ", ".join(parts))

    def steps(self) -> tuple[Text, ...]:
        """The steps that are running, or ended badly."""
        shown = (
            step for step in self._rollout.steps.values() if step.bad or step.status is StepStatus.RUNNING
        )
        return tuple(self._line(self._step(step), step_style(step.status)) for step in shown)

    def _step(self, step: StepOutcome) -> str:
        start = f"{step_mark(step, self._screen.symbols)} {one_line(step.id)}"
        if step.status is not StepStatus.RUNNING:
            return f"{start}  {step_result(step)}"
        lasted = duration(self._now - step.started) if step.started else ""
        output = log_line(self._rollout.last_output.get(step.id, ""))
        return "  ".join(part for part in (start, lasted, output and f"| {output}") if part)

    def body(self, room: int) -> tuple[Text, ...]:
        """Failures with their last log line, then what is moving, then the rest, in at most `room` lines.

        Unchanged services are counted.
        """
        bad, moving = _rows(self._rollout, _BAD_FIRST), _rows(self._rollout, _MOVING_FIRST)
        rest = _rows(self._rollout, [status for status in ServiceStatus if status not in _NOT_LISTED])
        unchanged = [
            row.status for row in self._rollout.rows.values() if row.status is ServiceStatus.UNCHANGED
        ]
        last = (self._line(_DONE + counts(unchanged), DIM),) if unchanged else ()
        logged = sum(bool(_last_log_line(row)) for row in bad)
        if len(bad) + logged + len(moving) + len(rest) + len(last) <= room:
            return (
                *self._failures(bad, logged),
                *map(self._row, moving),
                *map(self._row, rest),
                *last,
            )
        done = [row.status for row in rest if row.status in GOOD] + unchanged
        last = (self._line(_DONE + counts(done), DIM),) if done else ()
        room -= len(last)
        bad_lines = self._first(bad, room, "failed")
        room -= len(bad_lines)
        if len(bad_lines) == len(bad):
            logs = max(0, min(logged, room - min(len(moving), _MOVING_BEFORE_LOGS)))
            bad_lines = self._failures(bad, logs)
            room -= logs
        return (*bad_lines, *self._first(moving, room, "in progress"), *last)

    def _first(self, rows: Sequence[Row], room: int, what: str) -> tuple[Text, ...]:
        """The first rows that fit, and how many more there are."""
        if len(rows) <= room:
            return tuple(map(self._row, rows))
        if room <= 0:
            return ()
        shown = rows[: room - 1]
        return (*map(self._row, shown), self._line(f"and {len(rows) - len(shown)} more {what}"))

    def _failures(self, rows: Sequence[Row], logs: int) -> tuple[Text, ...]:
        """The failed services; the first ones, as many as `logs`, with the last line of their log."""
        lines: list[Text] = []
        for row in rows:
            lines.append(self._row(row))
            log = _last_log_line(row)
            if log and logs > 0:
                logs -= 1
                lines.append(self._line(f"    | {log}"))
        return tuple(lines)

    def _row(self, row: Row) -> Text:
        columns = self._columns
        name = columns.names[row.service_id]
        padded = set_cell_size(name, max(columns.name, cell_len(name)))
        start = f"{mark(row.status, self._screen.symbols)} {padded}"
        tasks, time = _tasks(row).rjust(columns.tasks), self._time(row).rjust(columns.time)
        text = "  ".join(part for part in (start, tasks, time, _state(row)) if part)
        return self._line(text, status_style(row.status))

    def _time(self, row: Row) -> str:
        return "" if row.since is None else duration((row.ended or self._now) - row.since)

    def _laid_out(self) -> _Columns:
        rows = self._rollout.rows.values()
        # All names are shortened together, so that a name looks the same whichever rows are shown.
        names = _short(
            tuple(row.service_id for row in rows),
            max(_LEAST_NAME, self._screen.width // 3),
            self._screen.symbols.ellipsis,
        )
        return _Columns(
            names,
            max(map(cell_len, names.values()), default=0),
            max((len(_tasks(row)) for row in rows), default=0),
            max((len(self._time(row)) for row in rows), default=0),
        )

    def _line(self, text: str, style: str = "") -> Text:
        shown = self._screen.fit(text)
        cut = cut_at_word(shown, self._screen.width, self._screen.symbols.ellipsis)
        return Text(cut.rstrip(), style=style, no_wrap=True, overflow="crop")


@lru_cache(maxsize=8)  # the view is drawn four times a second, and the names stay the same
def _short(service_ids: tuple[str, ...], width: int, ellipsis: str) -> Mapping[str, str]:
    """The service ids as they are shown, by service id."""
    shown = {service_id: one_line(service_id) for service_id in service_ids}
    short = short_names(shown.values(), width, ellipsis)
    return {service_id: short[name] for service_id, name in shown.items()}


def _tasks(row: Row) -> str:
    return "" if row.desired is None else f"{row.running}/{row.desired}"


def _state(row: Row) -> str:
    """What the service waits for, or why it failed: the exit code first, because the end may be cut off."""
    state = one_line(row.state)
    code = row.failure.exit_code if row.failure else None
    exited = f"exit code {code}" if code is not None else ""
    why = ": ".join(part for part in (exited, state.replace(f", {exited}", "") if exited else state) if part)
    if row.status in (ServiceStatus.IN_PROGRESS, ServiceStatus.FAILED):
        return why or STATUS_WORDS[row.status]
    return ": ".join(part for part in (STATUS_WORDS[row.status], why) if part)


def _last_log_line(row: Row) -> str:
    """The last line that a failed container wrote."""
    lines = row.failure.log_lines if row.failed and row.failure else ()
    return next((shown for line in reversed(lines) if (shown := log_line(line).strip())), "")
