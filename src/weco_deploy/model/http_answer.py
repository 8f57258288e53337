"""The answer to an HTTP request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The status and the text of an answer, as far as it was read. Without an answer `status` is None and `problem` says why."""

    status: int | None
    text: str = ""
    problem: str = ""
