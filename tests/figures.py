"""Figures that tests count. The sums over all tests and workers are printed at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

FIGURE = "figure"

Count = Callable[[str, int], None]
"""Adds a number to the figure with a name."""


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """Adds to a figure. The property reaches the main process from any xdist worker."""

    def add(name: str, number: int = 1) -> None:
        record_property(FIGURE, [name, number])

    return add


def print_figures(terminalreporter: TerminalReporter) -> None:
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
