from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

QUICK = frozenset(
    {
        "test_every_call.py",
        "test_page.py",
        "test_points.py",
        "test_notes.py",
        "test_random_fates.py",
        "test_judge.py",
    }
)
"""Files that `make test` runs, except for tests that are marked as exhaustive themselves."""


@pytest.fixture(autouse=True)
def _end_the_threads_of_killed_runs() -> Iterator[None]:
    """Collect what a test leaves. Each run of the tool has threads, which end once nothing refers to the run.

    A killed run refers to itself, so only the garbage collector frees it. By itself it would wait until there are thousands.
    """
    yield
    gc.collect()


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder that go through every call: together they take minutes."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.path.name not in QUICK:
            item.add_marker(pytest.mark.exhaustive)
