"""Lays out a table in one of three ways, depending on the width.

1. Side by side: all columns in one line.
2. With lines below: as few columns marked `below` as possible, the last ones, are under the row, as many in a line as fit.
3. Cell by cell: each cell in its own line, with its heading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from weco_deploy.report.untrusted import log_line

_GAP = 2
_BELOW = 4
_HEADING_STYLE = "bold"


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column.

    `least` is the width (in characters) to which the column may shrink on a terminal; a column without it does not shrink.
    A column of `prose` shrinks in a file, too. A column marked `below` may move under the row.
    """

    heading: str
    least: int | None = None
    prose: bool = False
    below: bool = False


@dataclass(frozen=True, slots=True)
class Styled:
    """A cell with a style."""

    text: str
    style: str


Cell = str | Styled
Row = Sequence[Cell]


def table_for_terminal(columns: Sequence[Column], rows: Sequence[Row], width: int) -> RenderableType:
    """The table for a terminal, at most `width` wide."""
    if _width_side_by_side(columns, rows) <= width:
        return _side_by_side(columns, rows, [column.least is not None for column in columns])
    for above in _columns_above(columns):
        if _full_width(columns, rows, above) <= width:
            return Group(*_with_lines_below(columns, rows, above, width))
    return Group(*_cell_by_cell(columns, rows))


def table_for_file(columns: Sequence[Column], rows: Sequence[Row], width: int) -> tuple[RenderableType, int]:
    """The table for a file, in which only prose is wrapped, and its width, which is `width` or more."""
    needed = _GAP * (len(columns) - 1)
    for number, column in enumerate(columns):
        content = _content_width(columns, rows, number)
        needed += min(content, column.least) if column.prose and column.least else content
    return _side_by_side(columns, rows, [column.prose for column in columns]), max(width, needed)


def cell_text(cell: Cell) -> str:
    return _parts(cell)[0]


def _parts(cell: Cell) -> tuple[str, str]:
    return (log_line(cell.text), cell.style) if isinstance(cell, Styled) else (log_line(cell), "")


def _text(cell: Cell) -> Text:
    text, style = _parts(cell)
    return Text(text, style=style, overflow="fold")


def _content_width(columns: Sequence[Column], rows: Sequence[Row], number: int) -> int:
    return max(
        cell_len(text) for text in (columns[number].heading, *(_parts(row[number])[0] for row in rows))
    )


def _columns_above(columns: Sequence[Column]) -> Iterator[list[int]]:
    """The numbers of the columns that stay in the row: without the last that may move below it, without the last two, …"""
    movable = [number for number, column in enumerate(columns) if column.below]
    for kept in reversed(range(len(movable))):
        yield [number for number in range(len(columns)) if number not in movable[kept:]]


def _full_width(columns: Sequence[Column], rows: Sequence[Row], numbers: Sequence[int]) -> int:
    return sum(_content_width(columns, rows, number) for number in numbers) + _GAP * (len(numbers) - 1)


def _width_side_by_side(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    widths = (
        min(_content_width(columns, rows, number), column.least or _content_width(columns, rows, number))
        for number, column in enumerate(columns)
    )
    return sum(widths) + _GAP * (len(columns) - 1)


def _side_by_side(columns: Sequence[Column], rows: Sequence[Row], shrinks: Sequence[bool]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=_HEADING_STYLE)
    for column, may_shrink in zip(columns, shrinks, strict=True):
        table.add_column(column.heading, no_wrap=not may_shrink, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _with_lines_below(
    columns: Sequence[Column], rows: Sequence[Row], above: Sequence[int], width: int
) -> Iterator[RenderableType]:
    widths = {number: _content_width(columns, rows, number) for number in above}
    headings = [columns[number].heading for number in above]
    yield _joined(headings, list(widths.values()), _HEADING_STYLE)
    for row in rows:
        yield _joined([row[number] for number in above], list(widths.values()))
        below = [cell for number, cell in enumerate(row) if number not in widths and _parts(cell)[0]]
        for line in _packed(below, width - _BELOW):
            yield Padding(line, (0, 0, 0, _BELOW), expand=False)


def _packed(cells: Sequence[Cell], width: int) -> Iterator[Text]:
    """The cells in lines, as many in a line as fit."""
    line = Text(overflow="fold")
    for cell in cells:
        text = _text(cell)
        if line and line.cell_len + _GAP + text.cell_len > width:
            yield line
            line = Text(overflow="fold")
        line.append(" " * _GAP if line else "").append_text(text)
    if line:
        yield line


def _joined(cells: Sequence[Cell], widths: Sequence[int], style: str = "") -> Text:
    line = Text(style=style, no_wrap=True)
    for cell, width in zip(cells, widths, strict=True):
        text, own_style = _parts(cell)
        line.append(set_cell_size(text, width), style=own_style or None).append(" " * _GAP)
    line.rstrip()
    return line


def _cell_by_cell(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[RenderableType]:
    for number, row in enumerate(rows):
        if number:
            yield Text()
        for column, cell in zip(columns, row, strict=True):
            text, style = _parts(cell)
            if text:
                yield Text(f"{column.heading}: {text}", style=style, overflow="fold")
