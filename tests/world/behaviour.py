"""How an image behaves when ECS runs it, as tests of operations need it: each takes ten seconds to start."""

from __future__ import annotations

from weco_deploy.sandbox.ecs import Behaviour

START = 10.0


def good() -> Behaviour:
    """Comes up and runs until it is stopped."""
    return Behaviour(start=START)


def slow(seconds: float) -> Behaviour:
    """Takes so long to be up, then runs until it is stopped."""
    return Behaviour(start=seconds)


def crash(at: float = 0, code: int = 1, lines: tuple[str, ...] = ("starting", "fatal: no")) -> Behaviour:
    """Exits with `code`: `at` 0 while it starts, else so many seconds after it was RUNNING."""
    return Behaviour(start=START, exits_after=at, exit_code=code, lines=lines)


def unpullable() -> Behaviour:
    """Is in ECR, but no task can pull it."""
    return Behaviour(pullable=False, lines=())
