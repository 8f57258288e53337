from __future__ import annotations

import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from typing import TextIO

import pytest

from tests.report.samples import deployment
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.screen import Screen


@contextmanager
def terminal(columns: int) -> Iterator[TextIO]:
    ours, theirs = pty.openpty()
    try:
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123  a descriptor, which no Path opens
            yield stream
    finally:
        os.close(ours)


def test_terminal_has_its_own_size() -> None:
    with terminal(97) as stream:
        assert Screen.of(stream) == Screen(width=97, height=24, terminal=True, encoding="utf-8")


def test_terminal_without_a_size_has_80_columns() -> None:
    with terminal(0) as stream:
        assert Screen.of(stream).width == 80


def test_pipe_has_120_columns_and_no_colour() -> None:
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert Screen.of(pipe) == Screen(width=120, terminal=False, encoding="latin-1")
    assert Screen.of(io.StringIO()) == Screen()


def test_terminal_stream_without_a_file_has_80_columns() -> None:
    class Pretender(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert Screen.of(Pretender()).width == 80


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "✓"), ("ascii", "ok"), ("latin-1", "ok")])
def test_symbols_fit_the_encoding(encoding: str, mark: str) -> None:
    text = deployment_text(deployment(), Screen(encoding=encoding))
    assert text.startswith(f"{mark} Release 8f14e45f to prod succeeded")
    text.encode(encoding)


def test_characters_that_the_encoding_lacks_become_question_marks() -> None:
    assert Screen(encoding="ascii").fit("Œuvre") == "?uvre"


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = deployment_text(deployment(), Screen(terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = deployment_text(deployment(), Screen(terminal=True))
    assert "\x1b[32m" in coloured
    assert "\x1b[3" not in plain


def test_file_is_never_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in deployment_text(deployment(), Screen())
