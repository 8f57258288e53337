"""Figures that tests count, told at the end of a run: `how many of what`, over all tests and workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

FIGURE = "figure"

Count = Callable[[str, int], None]
"""Adds to the figure of that name."""


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Adds to a figure that is told at the end of the whole run, whichever worker the test runs on."""

    def add(name: str, number: int = 1) -> None:
        record_property(FIGURE, [name, number])

    return add


def tell(terminalreporter: TerminalReporter) -> None:
    """Print the sums, if there are any."""
    figures: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                for name, value in report.user_properties:
                    if name == FIGURE and isinstance(value, list | tuple):
                        figures[value[0]] += value[1]
    if figures:
        terminalreporter.section("figures")
        for name, number in sorted(figures.items()):
            terminalreporter.write_line(f"{number:6} {name}")
