"""The properties of an output: its width, its encoding, and whether it is a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

WIDTH_OF_A_FILE = 120
WIDTH_IF_UNKNOWN = 80
LEAST_WIDTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    arrow: str = "→"
    good: str = "✓"
    bad: str = "✗"
    moving: str = "…"
    quiet: str = "·"
    ellipsis: str = "…"


ASCII = Symbols(arrow="->", good="ok", bad="!!", moving="..", quiet="--", ellipsis="..")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A terminal, file or pipe that text is rendered for. `width` is in columns. Only terminals get colours.

    `height` is in lines; None for a file or pipe, and for a terminal of unknown size. `now` is the time in UTC at which somebody reads a
    terminal; None for a file or pipe, which is read later.
    """

    width: int = WIDTH_OF_A_FILE
    height: int | None = None
    terminal: bool = False
    encoding: str = "utf-8"
    now: datetime | None = None

    @classmethod
    def of(cls, stream: TextIO, now: datetime | None = None) -> Screen:
        """The screen that `stream` writes to. `now` is the time in UTC, for texts with times."""
        encoding = stream.encoding or "utf-8"
        if not stream.isatty():
            return cls(encoding=encoding)
        columns, lines = _size(stream)
        return cls(
            width=max(LEAST_WIDTH, columns),
            height=lines,
            terminal=True,
            encoding=encoding,
            now=now,
        )

    @property
    def symbols(self) -> Symbols:
        """The Unicode symbols if the encoding has all of them; otherwise ASCII symbols."""
        symbols = Symbols()
        text = "".join((symbols.arrow, symbols.good, symbols.bad, symbols.moving, symbols.quiet))
        return symbols if self.fit(text) == text else ASCII

    def fit(self, text: str) -> str:
        """`text` with `?` for each character that the encoding doesn't have."""
        return text.encode(self.encoding, "replace").decode(self.encoding)


FILE = Screen()
"""A file or pipe."""


def _size(stream: TextIO) -> tuple[int, int | None]:
    """The columns and lines of a terminal."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except OSError:  # the terminal has no size, or the stream has no file (io.UnsupportedOperation)
        return WIDTH_IF_UNKNOWN, None
    return size.columns or WIDTH_IF_UNKNOWN, size.lines or None
