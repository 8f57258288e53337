"""Chooses how to show progress on a stream: live or as plain lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TextIO

from weco_deploy.model.events import Event
from weco_deploy.report.grouped import GroupedProgress
from weco_deploy.report.plain import PlainProgress


@contextmanager
def progress(stream: TextIO, now: Callable[[], datetime]) -> Iterator[Callable[[Event], None]]:
    """Show events on `stream` while the context lasts. `now` returns the time in UTC (a clock's `utc`).

    Progress is live on a terminal. It is plain lines in a file or pipe, on a terminal that can't move its cursor, and in a
    build, which may have a terminal but keeps everything that was drawn. GitHub's job logs fold groups of lines.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        with GroupedProgress(stream, now) as show_grouped:
            yield show_grouped
        return
    if not can_be_redrawn(stream):
        yield PlainProgress(stream, now)
        return
    # Importing rich takes time, which plain lines don't need.
    from weco_deploy.report.live import LiveProgress, live_console

    with LiveProgress(live_console(stream), now) as show:
        yield show


def can_be_redrawn(stream: TextIO) -> bool:
    in_a_build = os.environ.get("CI", "false").lower() not in {"", "false", "0"}
    return stream.isatty() and not in_a_build and os.environ.get("TERM") not in {"dumb", "unknown"}
