"""Tracebacks for `--verbose`, without the messages of libraries, which may quote credentials."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

OMITTED = "(its message is left out: it may quote credentials)"
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n\n"
_OUTSPOKEN = {"builtins", "click", "weco_deploy"}
"""The packages whose messages are shown. Where AWS refuses a signature, botocore's message has the signed
headers, session token included; our error for it does not.
"""


def origin_of(error: BaseException) -> str:
    """The error's traceback and those of the errors that led to it, as Python prints them."""
    return "".join(_lines(error, set()))


def _lines(error: BaseException, shown: set[int]) -> Iterator[str]:
    shown.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in shown:
        yield from _lines(earlier, shown)
        yield _CAUSED if error.__cause__ is not None else _MEANWHILE
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{message_of(error)}\n"


def message_of(error: BaseException) -> str:
    """The error's type and, if it can't quote credentials, its message."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    outspoken = kind.__module__.partition(".")[0] in _OUTSPOKEN
    return f"{name}: {error if outspoken else OMITTED}"
