"""The sandbox's only threads: its two processes must serve, watch and wait at the same time.

They are not the tool's: `pipeline/concurrent_calls.py` belongs to a deployment's main thread, and these to processes
and set-up work in which no deployment runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - provisioning fans out with no deployment running
from threading import Thread  # noqa: TID251 - a server and a watcher beside the process's main thread
from typing import TypeVar

WORKERS = 12

Result = TypeVar("Result")


def in_background(name: str, work: Callable[[], None]) -> None:
    """Run `work` beside everything else; it ends with the process at the latest."""
    Thread(target=work, name=name, daemon=True).start()


def side_by_side(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """The calls' results, in their order; the first failure is raised once the calls under way have ended."""
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(call) for call in calls]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
