"""Tracebacks for `--verbose`, without the messages of libraries, which may quote credentials."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

OMITTED = "(its message is left out: it may quote credentials)"
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n\n"
_SAFE_PACKAGES = {"builtins", "click", "weco_deploy"}
"""The packages whose messages are shown. If AWS refuses a signature, botocore's message contains the signed headers,
including the session token; our error for it does not.
"""


def traceback_of(error: BaseException) -> str:
    """The traceback of the error and of its causes, in Python's format."""
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
    """The error's type, and its message if that can't quote credentials."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    is_safe = kind.__module__.partition(".")[0] in _SAFE_PACKAGES
    return f"{name}: {error if is_safe else OMITTED}"
