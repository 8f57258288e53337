from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _end_the_threads_of_killed_runs() -> Iterator[None]:
    """Collect what a test leaves. Each run of the tool has threads, which end once nothing refers to the run.

    A killed run refers to itself, so only the garbage collector frees it. By itself it would wait until there are thousands.
    """
    yield
    gc.collect()
