"""Answers in rounds: what the tool asks side by side is answered together, however slow the machine is."""

from __future__ import annotations

import asyncio
from pathlib import Path

LOOKS_EVERY = 0.005
LOOKS_TO_BE_SURE = 3


class Rounds:
    """Holds answers back until the tool does nothing but wait for them; then all of them leave.

    So a call that arrives after another one ended is one that had to wait for it, or for one beside it. `process`
    is the tool's; whether it waits is read from /proc. Where there is none, some quiet milliseconds must do.
    """

    def __init__(self) -> None:
        self.process: int | None = None
        self._under_way = 0
        self._held: list[asyncio.Future[None]] = []
        self._releasing: asyncio.Task[None] | None = None

    def began(self) -> None:
        """A call arrived."""
        self._under_way += 1

    async def turn(self) -> None:
        """Wait until the answer may leave."""
        held = asyncio.get_running_loop().create_future()
        self._held.append(held)
        if self._releasing is None:
            self._releasing = asyncio.create_task(self._release())
        await held

    async def _release(self) -> None:
        waiting = 0
        while waiting < LOOKS_TO_BE_SURE:
            await asyncio.sleep(LOOKS_EVERY)
            all_held = self._under_way == len(self._held)
            waiting = waiting + 1 if all_held and self._tool_waits() else 0
        self._releasing = None
        self._under_way -= len(self._held)
        for held in self._held:
            held.set_result(None)
        self._held = []

    def _tool_waits(self) -> bool:
        """Whether all its threads sleep."""
        threads = Path(f"/proc/{self.process}/task")
        try:
            return all(_state(thread / "stat") == "S" for thread in threads.iterdir())
        except FileNotFoundError:
            return not Path(
                "/proc/self/task"
            ).exists()  # else a thread, or the tool, ended just now: look again


def _state(stat: Path) -> str:
    return stat.read_text().rpartition(") ")[2][0]
