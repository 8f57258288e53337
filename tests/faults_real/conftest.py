"""These tests take minutes, and are run by `make test-faults`; at the end they tell their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from _pytest.terminal import TerminalReporter

from tests.sandboxes import sandbox_host

__all__ = ["count", "pytest_terminal_summary", "sandbox_host"]

FIGURE = "figure"


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """Adds to a figure that is told at the end of the whole run, whichever worker the test runs on."""

    def add(name: str, number: int = 1) -> None:
        record_property(FIGURE, [name, number])

    return add


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    figures: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                for name, value in report.user_properties:
                    if name == FIGURE and isinstance(value, list | tuple):
                        figures[value[0]] += value[1]
    if figures:
        terminalreporter.section("faults for real")
        for name, number in sorted(figures.items()):
            terminalreporter.write_line(f"{number:6} {name}")
