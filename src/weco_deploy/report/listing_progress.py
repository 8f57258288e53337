"""Shows the progress of reading an account: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from weco_deploy.report.progress import can_be_redrawn


@contextmanager
def listing_progress(stream: TextIO) -> Iterator[Callable[[str, int, int], None]]:
    """Yields what shows the progress: what is being read, how many calls are done, and how many there are."""
    if not can_be_redrawn(stream):
        yield _lines(stream)
        return
    # Importing rich takes time, which lines don't need.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from weco_deploy.report.live import live_console

    columns = (
        TextColumn("reading {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=live_console(stream), transient=True) as progress:
        bars = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=done, total=total)

        yield show


def _lines(stream: TextIO) -> Callable[[str, int, int], None]:
    def show(what: str, done: int, total: int) -> None:
        if done == 0 and total:
            stream.write(f"reading {what}: {total} calls\n" if total > 1 else f"reading {what}\n")
            stream.flush()

    return show
