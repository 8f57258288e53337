"""Shows progress on a terminal, as a view that is redrawn after each event."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from weco_deploy.model.deployment import GOOD, ServiceStatus
from weco_deploy.model.events import (
    Claimed,
    Event,
    Notice,
    PollFailed,
    ServiceSettled,
    Settled,
    Settling,
    TagPutBack,
    Waiting,
)
from weco_deploy.model.kind import Kind
from weco_deploy.report.event_lines import event_lines
from weco_deploy.report.outcomes import STATUS_WORDS, mark
from weco_deploy.report.page import BOLD, status_style
from weco_deploy.report.rollout_state import RolloutState, Row
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import duration, short_id

_REDRAWS_A_SECOND = 4
_OTHER_LINES = 3  # the line for the whole deployment, the line for rows that don't fit, and the cursor's line
_URGENCY = (
    ServiceStatus.FAILED,
    ServiceStatus.SUPERSEDED,
    ServiceStatus.UNVERIFIED,
    ServiceStatus.IN_PROGRESS,
    ServiceStatus.PENDING,
    ServiceStatus.SUCCEEDED,
    ServiceStatus.NOTHING_RUNNING,
    ServiceStatus.UNCHANGED,
)


def live_console(stream: TextIO) -> Console:
    """The rich console of a terminal."""
    return Console(file=stream, force_terminal=True, markup=False, highlight=False, emoji=False)


class LiveProgress:
    """Draws a line for each service and a line for the whole deployment. Important events are printed above them.

    Drawing begins with the first event of a deployment, because questions to the user come before. The last state stays on
    the screen. Other output to stderr appears above the view.

    Args:
        console: the terminal.
        now: the time in UTC.

    """

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._console = console
        self._screen = Screen(width=console.width, terminal=True, encoding=console.encoding)
        self._now = now
        self._live: Live | None = None
        # rich draws in its own thread. Each drawing reads this attribute once, and a state is never modified.
        self._state = RolloutState()
        self._began = now()
        self._ended: datetime | None = None
        self._waiting = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def __call__(self, event: Event) -> None:
        if self._state.leaves_out(event):
            return
        if isinstance(event, Claimed):
            self._stop()
            self._state = RolloutState()
        rollout = self._state.after(event)
        if rollout is not self._state and self._live is None:
            self._start()
        self._state = rollout
        if self._is_worth_a_line(event):
            self._print(event)
        if isinstance(event, Settled):
            self._stop()
        elif self._live:
            self._live.refresh()

    def _start(self) -> None:
        self._began, self._ended = self._now(), None
        self._live = Live(
            console=self._console,
            get_renderable=self._drawing,
            refresh_per_second=_REDRAWS_A_SECOND,
            # If stdout is a file, the result must go there.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._live.start()

    def _stop(self) -> None:
        if self._live:
            live, self._live = self._live, None
            self._ended = self._now()
            sys.stderr.flush()  # otherwise an unfinished line would be lost with the redirection
            live.stop()

    def _is_worth_a_line(self, event: Event) -> bool:
        match event:
            case Waiting(message):
                previous, self._waiting = self._waiting, message
                return message != previous
            case ServiceSettled(outcome):
                return outcome.status not in GOOD
            case Claimed(deployment):
                return deployment.kind is Kind.ROLLBACK  # it may have begun automatically
            case Settled():
                # The view shows the rollback, so the deployment that failed needs a line of its own.
                return self._state.is_after_rollback(event)
            case Settling() | TagPutBack() | PollFailed() | Notice():
                return True
            case _:
                return False

    def _print(self, event: Event) -> None:
        style = status_style(event.outcome.status) if isinstance(event, ServiceSettled) else ""
        for line in event_lines(event, self._screen.symbols):
            text = Text(self._screen.fit(line.text), style=style if line.indent == 0 else "", overflow="fold")
            self._console.print(Padding(text, (0, 0, 0, line.indent), expand=False))

    def _drawing(self) -> Group:
        rollout, ended = self._state, self._ended
        now = ended or self._now()
        width = self._console.width
        rows = list(rollout.rows.values())
        room = len(rows) if ended else max(1, self._console.height - _OTHER_LINES)
        shown = rows if len(rows) <= room else sorted(rows, key=lambda row: _URGENCY.index(row.status))[:room]
        name_width = min(max((cell_len(_name(row)) for row in rows), default=0), max(8, width // 3))
        return Group(
            *(self._line(row, now, name_width) for row in shown),
            *_hidden_rows(len(rows) - len(shown)),
            _cut(self._screen.fit(self._summary_line(rollout, now)), BOLD),
        )

    def _line(self, row: Row, now: datetime, name_width: int) -> Text:
        tasks = "" if row.desired is None else f"{row.running}/{row.desired}"
        lasted = "" if row.since is None else duration((row.ended or now) - row.since)
        state = ": ".join(part for part in (STATUS_WORDS[row.status], one_line(row.state)) if part)
        if row.status is ServiceStatus.IN_PROGRESS:
            state = one_line(row.state) or STATUS_WORDS[row.status]
        sign = mark(row.status, self._screen.symbols)
        name = set_cell_size(_name(row), name_width)
        text = f"{sign} {name} {tasks:>7} {lasted:>11}  {state}"
        return _cut(self._screen.fit(text), status_style(row.status))

    def _summary_line(self, rollout: RolloutState, now: datetime) -> str:
        settled = sum(row.settled for row in rollout.rows.values())
        bad = sum(row.settled and row.status not in GOOD for row in rollout.rows.values())
        release = ""
        if rollout.release_id:
            release = f"release {short_id(rollout.release_id)} to {one_line(rollout.environment)}: "
        parts = [
            *([f"tags {rollout.tags_moved}/{rollout.tags}"] if rollout.tags else []),
            f"services {settled}/{len(rollout.rows)}",
            *([f"{bad} failed"] if bad else []),
            duration(now - self._began),
        ]
        return release + ", ".join(parts)


def _name(row: Row) -> str:
    return one_line(row.service_id)


def _hidden_rows(number: int) -> Iterator[Text]:
    if number > 0:
        yield Text(f"and {number} more")


def _cut(text: str, style: str) -> Text:
    """A line whose end is cut off if the terminal is too narrow."""
    return Text(text, style=style, no_wrap=True, overflow="crop")
