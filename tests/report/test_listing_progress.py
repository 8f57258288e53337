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


def test_progress_on_a_terminal_is_a_bar_that_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123  a descriptor, which no Path opens
        with listing_progress(stream) as show:
            show("services", 0, 60)
            show("services", 40, 60)
        stream.flush()
        drawn = os.read(ours, 100_000).decode()
    os.close(ours)

    assert "reading services" in drawn
    assert "40/60" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")
