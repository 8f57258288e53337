from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from tests.report.story import Watch
from weco_deploy.report.grouped import GroupedProgress
from weco_deploy.report.live import LiveProgress
from weco_deploy.report.plain import PlainProgress
from weco_deploy.report.progress import progress


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123  a descriptor, which no Path opens
        yield stream
    os.close(ours)


def test_progress_is_live_on_a_terminal(terminal: TextIO) -> None:
    with progress(terminal, Watch()) as show:
        assert isinstance(show, LiveProgress)


def test_progress_is_plain_in_a_file() -> None:
    with progress(io.StringIO(), Watch()) as show:
        assert isinstance(show, PlainProgress)


def test_progress_is_grouped_in_a_job_at_github(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with progress(io.StringIO(), Watch()) as show:
        assert isinstance(show, GroupedProgress)


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("CI", "true")])
def test_progress_is_plain_on_a_terminal_that_cannot_be_redrawn(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with progress(terminal, Watch()) as show:
        assert isinstance(show, PlainProgress)
