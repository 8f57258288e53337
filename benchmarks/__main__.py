"""Measures whole deployments, on their own and next to other tools, and prints what was measured next to the goals.

    python -m benchmarks [--full] [--write]

`--full` measures larger sizes and the curves of the plots, too. With `--write` the figures replace those in docs/performance.md.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator

from benchmarks import page
from benchmarks.aws import emulated
from benchmarks.comparison import Compared, compared
from benchmarks.goals import CRASH, Results, goals
from benchmarks.history import Commands, commands
from benchmarks.processes import Process, processes
from benchmarks.rollouts import Case, Rollout, rollout
from tests.world import side_by_side

PATIENCE = 3600.0
"""Real seconds that a deployment in virtual time may take, on a busy machine, too."""
SIZES = ((10, 2), (50, 3), (100, 3))
CASES = (
    *(Case(images, services, others) for images, services in SIZES for others in (0, 2000)),
    Case(10, 2, role=True),
    Case(50, 3, part=0.5),
    Case(50, 3, runs=2),
    *(Case(images, services, behaviour=CRASH) for images, services in SIZES[:2]),
)
CURVES = (
    *(Case(images, 2) for images in (5, 20, 40)),
    *(Case(10, services) for services in (1, 5, 10)),
    *(Case(50, 3, others) for others in (500, 1000)),
)
RELEASES, RELEASES_IN_FULL = (10, 1000), (10, 100, 1000, 10_000)


def main() -> None:
    """Measure, print, and write the documentation if asked to."""
    full = "--full" in sys.argv
    side_by_side.PATIENCE = PATIENCE
    with emulated() as port:
        accounts = (str(200_000_000_000 + number) for number in itertools.count())
        results = Results(
            rollouts=list(_rollouts(port, accounts, (*CASES, *CURVES) if full else CASES)),
            commands=list(_commands(port, accounts, RELEASES_IN_FULL if full else RELEASES)),
            compared=list(_compared(port, accounts, 10, 2)),
            processes=list(_processes(SIZES if full else ((10, 2), (100, 3)))),
        )
    _say(page.goals_table(goals(results)))
    if "--write" in sys.argv:
        page.write(results)


def _rollouts(port: int, accounts: Iterator[str], cases: tuple[Case, ...]) -> Iterator[Rollout]:
    for case in cases:
        started = time.perf_counter()
        measured = rollout(port, next(accounts), case)
        _say(f"{page.rollout_line(measured)}; took {time.perf_counter() - started:.0f} s")
        yield measured


def _commands(port: int, accounts: Iterator[str], numbers: tuple[int, ...]) -> Iterator[Commands]:
    for releases in numbers:
        measured = commands(port, next(accounts), releases)
        _say(f"{releases} releases: {measured.calls}")
        yield measured


def _compared(port: int, accounts: Iterator[str], images: int, services: int) -> Iterator[Compared]:
    for measured in compared(port, accounts, images, services):
        _say(page.comparison_line(measured))
        yield measured


def _processes(sizes: tuple[tuple[int, int], ...]) -> Iterator[Process]:
    for measured in processes(sizes):
        _say(page.process_line(measured))
        yield measured


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
