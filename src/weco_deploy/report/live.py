"""Shows progress on a terminal, as a view that is redrawn after each event."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self, TextIO

from rich.cells import cell_len
from rich.console import Console, ConsoleRenderable, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.padding import Padding
from rich.segment import ControlType
from rich.text import Text

from weco_deploy.model.events import (
    Claimed,
    Event,
    Notice,
    PollFailed,
    Progress,
    RollingBack,
    Settled,
    Settling,
    StepOutput,
    TagPutBack,
    Waiting,
)
from weco_deploy.model.kind import Kind
from weco_deploy.report.event_lines import event_lines
from weco_deploy.report.live_view import draw
from weco_deploy.report.page import BAD_STYLE
from weco_deploy.report.rollout_state import RolloutState
from weco_deploy.report.screen import Screen

_REDRAWS_A_SECOND = 4


def live_console(stream: TextIO) -> Console:
    """The rich console of a terminal."""
    return Console(file=stream, force_terminal=True, markup=False, highlight=False, emoji=False)


class LiveProgress:
    """Draws the deployment as in `live_view`. Important events are printed above the view.

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
        if isinstance(event, RollingBack):
            self._stop()
        if self._is_worth_a_line(event):
            self._print(event)
        if isinstance(event, Settled):
            self._stop()
        elif self._live and not isinstance(event, Progress):  # a poll has many; the next redrawing shows them
            self._live.refresh()

    def _start(self) -> None:
        self._began, self._ended = self._now(), None
        self._live = _ResizableLive(
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
            case Claimed(deployment):
                return deployment.kind is Kind.ROLLBACK  # it may have begun automatically
            case Settled():
                # The view shows the rollback, so the deployment that failed needs a line of its own.
                return self._state.is_after_rollback(event)
            case StepOutput(lines=lines):
                return bool(lines)
            case RollingBack() | Settling() | TagPutBack() | PollFailed() | Notice():
                return True
            case _:
                return False

    def _print(self, event: Event) -> None:
        style = BAD_STYLE if isinstance(event, RollingBack) else ""
        for line in event_lines(event, self._screen.symbols):
            text = Text(self._screen.fit(line.text), style=style if line.indent == 0 else "", overflow="fold")
            self._console.print(Padding(text, (0, 0, 0, line.indent), expand=False))

    def _drawing(self) -> Group:
        now = self._ended or self._now()
        screen = replace(self._screen, width=self._console.width, height=self._console.height)
        return Group(*draw(self._state, screen, now, now - self._began))


class _ResizableLive(Live):
    """A live view that also erases what a narrower terminal makes of the lines drawn before.

    rich moves up as many lines as it has drawn. Most terminals wrap lines that no longer fit, so that there are more.
    """

    _next: RenderableType = ""
    _drawn: RenderableType = ""

    def get_renderable(self) -> RenderableType:
        """The view to draw next."""
        self._next = super().get_renderable()
        return self._next

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Move up over the lines that a resize added, before rich moves up over its own."""
        added = self._added_by_wrapping()
        self._drawn = self._next
        processed = super().process_renderables(renderables)
        if not added:
            return processed
        line_up = ((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))
        clear = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *line_up * added)
        return [clear, *processed]

    def _added_by_wrapping(self) -> int:
        drawn = self._drawn.renderables if isinstance(self._drawn, Group) else []
        lengths = [cell_len(line.plain) for line in drawn if isinstance(line, Text)]
        return sum(max(0, length - 1) // self.console.width for length in lengths)
