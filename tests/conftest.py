"""Settings for all tests."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Generator, Iterator

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

from tests import figures, preloaded
from tests.figures import count
from weco_deploy.cli import gc_pause

__all__ = ["count"]

# In the background of a script SIGINT is ignored, and child processes would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands would add their releases to the cache of the user who runs the tests.
os.environ["XDG_CACHE_HOME"] = os.devnull

# Texts have local times.
os.environ["TZ"] = "UTC"
time.tzset()

# In a build of this project, commands would report to the build.
for variable in ("GITHUB_ACTIONS", "BUILDKITE", "GITLAB_CI"):
    os.environ.pop(variable, None)


def pytest_sessionfinish() -> None:
    """Write what coverage has measured while the session still waits for this worker.

    A worker that needs more than ten seconds to exit is killed, on a busy machine before coverage has written anything.
    """
    coverage = sys.modules.get("coverage")
    if coverage and (running := coverage.Coverage.current()):
        running.save()


# The same examples each time, so that failures repeat; no deadline, because machines are slow at times.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("steady"), max_examples=40)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without collecting garbage, and let no later garbage collection look at what they are made of.

    There are hundreds of thousands of objects that stay until the end: each full collection would take a third of a second.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _garbage_is_collected() -> Iterator[None]:
    """A command freezes objects when it connects, also garbage of the commands before it: here the process does not end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc_pause, "pause", lambda: None)
        patch.setattr(gc_pause, "resume", lambda: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def _preloaded_programs_end() -> Iterator[None]:
    yield
    preloaded.end()


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
