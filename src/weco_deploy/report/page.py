"""A page of text for a screen: lines and tables, put together with rich.

On a terminal nothing is wider than it, except commands to copy; in a file or pipe lines are as long as
they need to be, and only columns of prose are wrapped, so that ids can be searched for.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from weco_deploy.model.deployment import GOOD, DeploymentStatus, ServiceStatus
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Column, Row, fitting, unshrunk
from weco_deploy.report.untrusted import log_line

DIM = "dim"
BOLD = "bold"
GOOD_STYLE = "green"
BAD_STYLE = "bold red"
WARNING_STYLE = "yellow"
_HEIGHT = 100  # rich wants one; nothing here depends on it


def status_style(status: DeploymentStatus | ServiceStatus) -> str:
    match status:
        case DeploymentStatus.SUCCEEDED | ServiceStatus.SUCCEEDED:
            return GOOD_STYLE
        case DeploymentStatus.IN_PROGRESS | DeploymentStatus.INTERRUPTED:
            return WARNING_STYLE
        case ServiceStatus.PENDING | ServiceStatus.IN_PROGRESS:
            return WARNING_STYLE
        case DeploymentStatus.UNVERIFIED:
            return DIM
        case _:
            return DIM if status in GOOD else BAD_STYLE


class Page:
    """Text that grows line by line. What it is given may hold anything: it is shown, never obeyed."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._file = io.StringIO()

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """A line of text, wrapped on a terminal."""
        shown = log_line(text)
        if self._screen.terminal and shown:
            self._print(Text(shown, style=style, overflow="fold"), self._screen.width, indent)
        else:
            self.unwrapped(shown, indent)

    def unwrapped(self, text: str, indent: int = 0) -> None:
        """A line to copy: if it is too long the terminal wraps it, so no line break gets into it."""
        self._file.write(f"{' ' * indent}{log_line(text)}\n")

    def table(self, columns: Sequence[Column], rows: Sequence[Row], indent: int = 2) -> None:
        """A table, laid out for the room that there is."""
        if self._screen.terminal:
            self._print(fitting(columns, rows, self._screen.width - indent), self._screen.width, indent)
        else:
            table, width = unshrunk(columns, rows, self._screen.width - indent)
            self._print(table, width + indent, indent)

    def text(self) -> str:
        """The page, each line ended, without blanks at the lines' ends."""
        lines = self._file.getvalue().splitlines()
        return self._screen.fit("".join(f"{line.rstrip()}\n" for line in lines))

    def _print(self, what: RenderableType, width: int, indent: int) -> None:
        console = Console(
            file=self._file,
            width=width,
            height=_HEIGHT,
            force_terminal=self._screen.terminal,
            color_system="standard" if self._screen.terminal else None,
            legacy_windows=False,
            force_jupyter=False,
            markup=False,
            highlight=False,
            emoji=False,
        )
        console.print(Padding(what, (0, 0, 0, indent), expand=False))
