"""Where text goes: how wide it may be, whether somebody looks at it, which characters it can show."""

from __future__ import annotations

import os
from dataclasses import dataclass
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


ASCII = Symbols(arrow="->", good="ok", bad="!!", moving="..", quiet="--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What text is made for. `width` is in columns; a file or pipe has 120 and is never coloured."""

    width: int = WIDTH_OF_A_FILE
    terminal: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """The screen that `stream` writes to."""
        encoding = stream.encoding or "utf-8"
        if not stream.isatty():
            return cls(encoding=encoding)
        return cls(width=max(LEAST_WIDTH, _columns(stream)), terminal=True, encoding=encoding)

    @property
    def symbols(self) -> Symbols:
        """The marks that the encoding can do, else ones made of ASCII."""
        wanted = Symbols()
        every = "".join((wanted.arrow, wanted.good, wanted.bad, wanted.moving, wanted.quiet))
        return wanted if self.fit(every) == every else ASCII

    def fit(self, text: str) -> str:
        """`text` with `?` for each character that the encoding can't do."""
        return text.encode(self.encoding, "replace").decode(self.encoding)


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH_IF_UNKNOWN
    except OSError:  # a terminal that has no size, or a stream that has no file: io.UnsupportedOperation
        return WIDTH_IF_UNKNOWN
