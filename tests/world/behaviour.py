"""How an image behaves when ECS runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A container's life, in seconds.

    It takes `start` to be up. `exits` is when it ends, counted from then: None for never, 0 for before it
    was ever RUNNING. `lines` is what it logs.
    """

    start: float = 10.0
    exits: float | None = None
    code: int = 0
    pullable: bool = True
    lines: tuple[str, ...] = ("starting",)

    @property
    def fails_to_start(self) -> bool:
        return not self.pullable or self.exits == 0


def good() -> Behaviour:
    """Comes up and runs until it is stopped."""
    return Behaviour()


def slow(seconds: float) -> Behaviour:
    """Takes so long to be up, then runs until it is stopped."""
    return Behaviour(start=seconds)


def crash(at: float = 0, code: int = 1, lines: tuple[str, ...] = ("starting", "fatal: no")) -> Behaviour:
    """Exits with `code`: `at` 0 while it starts, else so many seconds after it was RUNNING."""
    return Behaviour(exits=at, code=code, lines=lines)


def unpullable() -> Behaviour:
    """Is in ECR, but no task can pull it."""
    return Behaviour(pullable=False, lines=())
