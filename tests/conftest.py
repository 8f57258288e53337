"""Settings for all tests."""

from __future__ import annotations

import os
import signal

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

from tests import figures
from tests.figures import count

__all__ = ["count"]

# In the background of a script SIGINT is ignored, and child processes would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands would add their releases to the cache of the user who runs the tests.
os.environ["XDG_CACHE_HOME"] = os.devnull

# The same examples each time, so that failures repeat; no deadline, because machines are slow at times.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def _parameters(item: pytest.Function) -> list[object]:
    return list(item.callspec.params.values()) if hasattr(item, "callspec") else []


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what starts the sandbox or its ECS, so that `make test-lowest` can leave it out: both need the botocore it pins."""
    if isinstance(item, pytest.Function) and (
        "sandbox_host" in item.fixturenames
        or "simulation_setting" in item.fixturenames
        or "simulation_setting" in _parameters(item)
    ):
        item.add_marker(pytest.mark.sandbox)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    figures.print_figures(terminalreporter)
