"""A page of text: lines and tables, rendered with rich.

On a terminal, only commands to copy may be wider than the screen. In a file or pipe, lines are as long as necessary and
only columns of prose are wrapped, so that people can search for ids.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from weco_deploy.model.deployment import GOOD, DeploymentStatus, ServiceStatus
from weco_deploy.model.steps import StepStatus
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Row, Styled, cell_text, table_for_file, table_for_terminal
from weco_deploy.report.untrusted import log_line

DIM = "dim"
BOLD = "bold"
GOOD_STYLE = "green"
BAD_STYLE = "bold red"
WARNING_STYLE = "yellow"
_HEIGHT = 100  # rich requires a height; the output doesn't depend on it


def status_style(status: DeploymentStatus | ServiceStatus) -> str:
    match status:
        case DeploymentStatus.SUCCEEDED | ServiceStatus.SUCCEEDED:
            return GOOD_STYLE
        case DeploymentStatus.IN_PROGRESS | DeploymentStatus.INTERRUPTED:
            return WARNING_STYLE
        case ServiceStatus.PENDING | ServiceStatus.IN_PROGRESS | ServiceStatus.UNVERIFIED:
            return WARNING_STYLE
        case ServiceStatus.NOT_STARTED:
            return WARNING_STYLE
        case DeploymentStatus.UNVERIFIED:
            return DIM
        case _:
            return DIM if status in GOOD else BAD_STYLE


def step_style(status: StepStatus) -> str:
    match status:
        case StepStatus.SUCCEEDED:
            return GOOD_STYLE
        case StepStatus.SKIPPED:
            return DIM
        case StepStatus.PENDING | StepStatus.RUNNING:
            return WARNING_STYLE
        case _:
            return BAD_STYLE


class Page:
    """A page that is built line by line. It makes the given texts safe for a terminal."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._file = io.StringIO()

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        """Add a line of text, which is wrapped on a terminal."""
        shown = self._screen.fit(log_line(text))
        if self._screen.terminal and shown:
            self._print(Text(shown, style=style, overflow="fold"), self._screen.width, indent)
        else:
            self.unwrapped(shown, indent)

    def unwrapped(self, text: str, indent: int = 0) -> None:
        """Add a line to copy. It contains no line breaks: if it is too long, the terminal wraps it."""
        self._file.write(f"{' ' * indent}{log_line(text)}\n")

    def entry(self, label: str, text: str, style: str, label_width: int) -> None:
        """Add a line that begins with a styled label. On a terminal its text is wrapped beside the label."""
        shown = log_line(text)
        if not self._screen.terminal:
            self.unwrapped(f"{label:<{label_width}}{shown}")
            return
        grid = Table.grid()
        grid.add_column(width=label_width, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(label, style=style), Text(shown))
        self._print(grid, self._screen.width, 0)

    def table(self, columns: Sequence[Column], rows: Sequence[Row], indent: int = 2) -> None:
        """Add a table, laid out for the screen's width, without columns that are empty in all rows."""
        filled = [number for number in range(len(columns)) if any(cell_text(row[number]) for row in rows)]
        columns = [columns[number] for number in filled]
        rows = [[self._fitted(row[number]) for number in filled] for row in rows]
        if self._screen.terminal:
            self._print(
                table_for_terminal(columns, rows, self._screen.width - indent), self._screen.width, indent
            )
        else:
            table, width = table_for_file(columns, rows, self._screen.width - indent)
            self._print(table, width + indent, indent)

    def text(self) -> str:
        """The page's text. Each line ends with a newline, and has no trailing spaces."""
        lines = self._file.getvalue().splitlines()
        return self._screen.fit("".join(f"{line.rstrip()}\n" for line in lines))

    def _fitted(self, cell: Cell) -> Cell:
        """The cell as it will be shown: `?` may be wider than the character in whose place it stands."""
        text = self._screen.fit(cell_text(cell))
        return Styled(text, cell.style) if isinstance(cell, Styled) else text

    def _print(self, renderable: RenderableType, width: int, indent: int) -> None:
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
        console.print(Padding(renderable, (0, 0, 0, indent), expand=False))
