"""Sends responses in rounds: concurrent calls get their responses together, however slow the machine is."""

from __future__ import annotations

import asyncio
from pathlib import Path

POLL_INTERVAL = 0.005
POLLS_TO_BE_SURE = 3


class Rounds:
    """Holds responses back until the tool only waits for them, then sends all of them.

    So a call that arrives after another call has ended had to wait for that call, or for another call of its
    round. `process` is the tool's process id: /proc says whether the tool waits. On systems without /proc,
    some milliseconds without a call must do.
    """

    def __init__(self) -> None:
        self.process: int | None = None
        self._calls_in_progress = 0
        self._held: list[asyncio.Future[None]] = []
        self._releasing: asyncio.Task[None] | None = None

    def call_arrived(self) -> None:
        self._calls_in_progress += 1

    async def wait(self) -> None:
        """Wait until the response of a call may be sent."""
        held = asyncio.get_running_loop().create_future()
        self._held.append(held)
        if self._releasing is None:
            self._releasing = asyncio.create_task(self._release())
        await held

    async def _release(self) -> None:
        polls = 0
        while polls < POLLS_TO_BE_SURE:
            await asyncio.sleep(POLL_INTERVAL)
            all_held = self._calls_in_progress == len(self._held)
            polls = polls + 1 if all_held and self._tool_waits() else 0
        self._releasing = None
        self._calls_in_progress -= len(self._held)
        for held in self._held:
            held.set_result(None)
        self._held = []

    def _tool_waits(self) -> bool:
        """Whether all threads of the tool sleep."""
        threads = Path(f"/proc/{self.process}/task")
        try:
            return all(_state(thread / "stat") == "S" for thread in threads.iterdir())
        except FileNotFoundError:
            # With /proc, a thread or the tool has just ended: poll again.
            return not Path("/proc/self/task").exists()


def _state(stat: Path) -> str:
    return stat.read_text().rpartition(") ")[2][0]
