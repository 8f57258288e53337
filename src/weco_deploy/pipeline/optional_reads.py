"""Reads that add evidence, but that not every role may make and not every emulator has.

A read that is refused is not made again in this run, and the reader is told once. A read that fails in passing is made again by
the next poll, but not for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from weco_deploy.errors import AwsError, NoCredentials, Throttled, Unreachable

T = TypeVar("T")

MOST_FAILURES = 3
"""After so many failures in a row a read is given up."""


class OptionalReads:
    """Makes optional reads, and remembers which ones AWS refuses.

    Args:
        notice: gets a text for the reader about each kind of read that is given up.

    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._given_up: set[str] = set()
        self._failures: dict[str, int] = {}

    def given_up(self, name: str) -> bool:
        """Whether reads of this kind are not made any more."""
        return name in self._given_up

    def read(self, name: str, read: Callable[[], T], otherwise: T) -> T:
        """The answer of `read`, or `otherwise` if it fails. Raises NoCredentials, and errors that don't come from AWS.

        Args:
            name: what is read, for the notice; the same for all reads of a kind.
            read: makes the calls.
            otherwise: the answer that stands for "unknown".

        """
        if name in self._given_up:
            return otherwise
        try:
            answer = read()
        except NoCredentials:
            raise
        except (Throttled, Unreachable) as error:
            self._failures[name] = self._failures.get(name, 0) + 1
            if self._failures[name] >= MOST_FAILURES:
                self._give_up(name, error)
            return otherwise
        except AwsError as error:
            self._give_up(name, error)
            return otherwise
        self._failures[name] = 0
        return answer

    def _give_up(self, name: str, error: AwsError) -> None:
        self._given_up.add(name)
        self._notice(f"{name} can't be read, so the verdict does without: {error.message}")
