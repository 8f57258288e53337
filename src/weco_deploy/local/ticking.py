"""Runs an action once a second in a thread of its own, which ends with the process."""

from __future__ import annotations

import threading
from collections.abc import Callable

INTERVAL = 1.0


def tick(action: Callable[[], bool], interval: float = INTERVAL) -> None:
    """Call `action` every `interval` seconds until it returns False."""

    def run() -> None:
        pause = threading.Event()
        while True:
            pause.wait(interval)
            if not action():
                return

    threading.Thread(target=run, name="tick", daemon=True).start()
