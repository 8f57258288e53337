"""A part of a container's log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of a log. `next_token` reads on; None if there is no log yet. `complete` says that these are all lines so far."""

    lines: tuple[str, ...] = ()
    next_token: str | None = None
    complete: bool = True
