"""The sandbox's threads: its processes must serve, watch and wait at the same time.

They are separate from `local/concurrent_calls.py`, which belongs to a deployment: no deployment runs in the
sandbox's processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - provisioning fans out with no deployment running
from threading import Thread  # noqa: TID251 - servers and watchers next to the main thread
from typing import TypeVar

WORKERS = 12

Result = TypeVar("Result")


def in_background(name: str, work: Callable[[], None]) -> None:
    """Run `work` in a daemon thread."""
    Thread(target=work, name=name, daemon=True).start()


def side_by_side(calls: Iterable[Callable[[], Result]]) -> list[Result]:
    """Make the calls concurrently; returns their results in order.

    If calls fail, raises the first failure once all running calls have ended.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [pool.submit(call) for call in calls]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
