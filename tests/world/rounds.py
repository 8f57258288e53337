"""How many steps one after the other some calls take, when what goes side by side counts as one."""

from __future__ import annotations

import threading

QUIET = 0.2
"""Real seconds without a newcomer after which the calls that wait are taken to be all of a round."""


class Rounds:
    """Holds calls of worker threads back until no more join them: together they are one round.

    A call of the main thread is a round of its own, since nobody else works while that one does.
    Off until `begin`, because it takes a little real time for each round.
    """

    def __init__(self) -> None:
        self._gathering = threading.Condition()
        self._on = False
        self._gone = 0
        self._waiting = 0
        self._sizes: list[int] = []

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many calls went side by side, round by round."""
        with self._gathering:
            return tuple(self._sizes)

    def begin(self) -> None:
        """Measure from now on, from the first round."""
        with self._gathering:
            self._on = True
            self._sizes.clear()

    def join(self, *, alone: bool) -> int:
        """Take part in a round and answer its number, from 1; 0 while nothing is measured."""
        if not self._on:
            return 0
        with self._gathering:
            if alone:
                self._sizes.append(1)
                return len(self._sizes)
            return self._gather()

    def _gather(self) -> int:
        generation = self._gone
        self._waiting += 1
        self._gathering.notify_all()
        while generation == self._gone:
            before = self._waiting
            notified = self._gathering.wait(QUIET)
            if generation == self._gone and not notified and self._waiting == before:
                self._sizes.append(self._waiting)
                self._waiting = 0
                self._gone += 1
                self._gathering.notify_all()
        return len(self._sizes)
