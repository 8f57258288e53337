"""Shows progress as lines, in a file, a pipe or a build log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TextIO

from weco_deploy.model.events import Event, PollFailed, Progress, ServiceSettled, StepOutput, Waiting
from weco_deploy.report.event_lines import event_lines
from weco_deploy.report.outcomes import Line
from weco_deploy.report.rollout_state import RolloutState
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import clock_time, listed_briefly

SILENCE = timedelta(seconds=60)
"""How long to write nothing. Build systems end jobs that are silent for long, and readers get impatient sooner."""
_NAMED = 5


class PlainProgress:
    """Writes a line with the time (UTC) for each event.

    Polls without news are left out. After a minute without a line, a line names the services that are still in progress.

    Args:
        stream: the stream to write to, usually stderr. It is flushed after each event.
        now: the time in UTC, for events without a time.

    """

    def __init__(self, stream: TextIO, now: Callable[[], datetime]) -> None:
        self._stream = stream
        self._screen = Screen.of(stream)
        self._now = now
        self._state = RolloutState()
        self._waiting = ""
        self._written: datetime | None = None

    def __call__(self, event: Event) -> None:
        if self._state.leaves_out(event):
            return
        at = event.at if isinstance(event, Progress | ServiceSettled | PollFailed) else self._now()
        before, self._state = self._state, self._state.after(event)
        if self._is_news(event, before):
            self._write(at, event_lines(event, self._screen.symbols))
        elif self._written is None or at - self._written >= SILENCE:
            self._write(at, (Line(0, self._still(event)),))

    def _is_news(self, event: Event, before: RolloutState) -> bool:
        match event:
            case Progress(outcome=outcome):
                return not self._state.rows[outcome.key].looks_like(before.rows.get(outcome.key))
            case StepOutput(lines=lines):
                return bool(lines)
            case Waiting(message):
                previous, self._waiting = self._waiting, message
                return message != previous
            case _:
                return True

    def _still(self, event: Event) -> str:
        if isinstance(event, Waiting):
            return event_lines(event, self._screen.symbols)[0].text
        if isinstance(event, StepOutput):
            return f"still waiting for {one_line(event.step_id)}"
        names = [f"{row.service_id} {row.running or 0}/{row.desired or 0}" for row in self._state.moving]
        return f"still waiting for {listed_briefly(names, _NAMED)}"

    def _write(self, at: datetime, lines: tuple[Line, ...]) -> None:
        self._written = at
        head, *rest = lines
        time = clock_time(at)
        shown = [
            f"{time} {head.text}",
            *(f"{' ' * (len(time) + 1 + line.indent)}{line.text}" for line in rest),
        ]
        self._stream.write(self._screen.fit("".join(f"{line}\n" for line in shown)))
        self._stream.flush()
