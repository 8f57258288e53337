"""Runs commands in a terminal of a fixed size, and keeps what it shows as text with styles, and as SVG."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyte
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PATIENCE = 180.0
"""Seconds within which a command must end."""

_COLOURS = {"brown": "yellow", "brightbrown": "bright_yellow"}
"""What pyte calls otherwise than rich."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a terminal showed, and the exit code of the command if it had ended by then."""

    text: Text
    code: int | None

    def svg(self, title: str, columns: int) -> str:
        """An image of the screen, which loads nothing from elsewhere."""
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
            console.print(self.text, end="", soft_wrap=True)
            svg = console.export_svg(title=title, theme=MONOKAI, unique_id="screen")
        return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)


def run(
    command: Sequence[str],
    *,
    columns: int,
    rows: int,
    directory: Path,
    environment: Mapping[str, str],
    until: Callable[[str], bool] | None = None,
) -> Screen:
    """Run a command in a terminal to its end, and return the last screen.

    With `until`, return the first screen whose text it accepts. The command goes on to its end all the same.

    Raises RuntimeError if there was no such screen, and TimeoutError if the command does not end.
    """
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    kept: Text | None = None
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        with subprocess.Popen(
            list(command),
            cwd=directory,
            env={**environment, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            end = time.monotonic() + PATIENCE
            while (output := _read(ours, end)) is not None:
                stream.feed(output)
                if until is not None and kept is None and until("\n".join(screen.display)):
                    kept = _styled(screen)
            code = process.wait()
    finally:
        os.close(ours)
    if until is None:
        return Screen(_styled(screen), code)
    if kept is None:
        raise RuntimeError(f"{command} never showed the screen that was waited for")
    return Screen(kept, None)


def _read(descriptor: int, end: float) -> bytes | None:
    """The next output, or nothing if the command has closed the terminal."""
    if not select.select([descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
        raise TimeoutError(f"the command did not end within {PATIENCE:g} seconds")
    try:
        return os.read(descriptor, 65536) or None
    except OSError:  # Linux answers EIO once the other side is closed
        return None


def _styled(screen: pyte.Screen) -> Text:
    lines: list[Text] = []
    for number in range(screen.lines):
        characters = [screen.buffer[number][column] for column in range(screen.columns)]
        line = Text()
        for style, group in groupby(characters, _style):
            line.append("".join(character.data for character in group), style)
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return Text("\n").join(lines)


def _style(character: pyte.screens.Char) -> str:
    words = [name for name in ("bold", "italics", "underscore", "reverse") if getattr(character, name)]
    named = {"italics": "italic", "underscore": "underline"}
    style = [named.get(word, word) for word in words]
    if character.fg != "default":
        style.append(_colour(character.fg))
    if character.bg != "default":
        style.append(f"on {_colour(character.bg)}")
    return " ".join(style)


def _colour(name: str) -> str:
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return _COLOURS.get(name, re.sub(r"^bright(?!_)", "bright_", name))
