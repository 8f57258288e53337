"""The progress of reading an account."""

from __future__ import annotations

import io
import os
import pty

import pytest

from weco_deploy.report.listing_progress import listing_progress


def test_progress_in_a_file_is_a_line_for_each_kind_of_call() -> None:
    stream = io.StringIO()

    with listing_progress(stream) as show:
        for what, done, total in (
            ("clusters", 0, 1), ("clusters", 1, 1), ("services", 0, 60), ("services", 40, 60), ("services", 60, 60), ("images", 0, 0),
        ):  # fmt: skip
            show(what, done, total)

    assert stream.getvalue() == "reading clusters\nreading services: 60 calls\n"


def all_drawn(terminal: int) -> str:
    """What was written to the other end, which is closed."""
    drawn = b""
    while True:
        try:
            drawn += os.read(terminal, 4096)
        except OSError:  # Linux's error at the end
            os.close(terminal)
            return drawn.decode()


def test_progress_on_a_terminal_is_a_bar_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with (
        open(theirs, "w", encoding="utf-8") as stream,  # noqa: PTH123  a descriptor, which no Path opens
        listing_progress(stream) as show,
    ):
        show("services", 0, 60)
        show("services", 40, 60)
    drawn = all_drawn(ours)

    assert "reading services" in drawn
    assert "40/60" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")
