"""Reads whose errors are answers, so that one read that fails does not hide the others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from weco_deploy.errors import AwsError, NotFound
from weco_deploy.model.answers import Answer
from weco_deploy.ports import Calls

T = TypeVar("T")


def begin_attempt(calls: Calls, read: Callable[[], T]) -> Future[Answer[T]]:
    """Begin a read. Its answer is what it reads, or the error by AWS, or that something is not there."""
    return calls.begin(partial(attempt, read))


def attempt(read: Callable[[], T]) -> Answer[T]:
    """What it reads, or the error by AWS, or that something is not there."""
    try:
        return read()
    except (AwsError, NotFound) as error:
        return error
