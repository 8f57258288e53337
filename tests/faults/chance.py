"""Chance that keeps a list of what it brought about, so that the figures can say how mixed random worlds really are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")


class Chance:
    """Random choices that are the same each time for a seed. `situations` names those that were noted."""

    def __init__(self, seed: float) -> None:
        self._random = Random(seed)  # noqa: S311 - made-up histories, no secrets
        self.situations: set[str] = set()

    def happens(self, probability: float, situation: str = "") -> bool:
        """Whether something happens; noted under the name, if it has one."""
        if self._random.random() >= probability:
            return False
        if situation:
            self.note(situation)
        return True

    def choice(self, choices: Sequence[Choice]) -> Choice:
        return self._random.choice(choices)

    def noted(self, what: str, choices: Sequence[Choice]) -> Choice:
        """One of the choices, noted as `WHAT CHOICE`."""
        chosen = self.choice(choices)
        self.note(f"{what} {chosen}")
        return chosen

    def between(self, least: float, most: float) -> float:
        return self._random.uniform(least, most)

    def number(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def note(self, situation: str) -> None:
        self.situations.add(situation)
