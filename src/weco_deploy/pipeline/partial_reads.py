"""Makes reads of which some may fail, and loses no answer because another read failed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from weco_deploy.errors import AwsError, NoCredentials
from weco_deploy.ports import Calls

T = TypeVar("T")
PlaceT = TypeVar("PlaceT", bound=Hashable)


class PartialReads(Generic[PlaceT]):
    """Reads in several places, such as clusters. `errors` has the first error in each place where a read failed."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.errors: dict[PlaceT, AwsError] = {}

    def read(self, jobs: Iterable[tuple[PlaceT, Callable[[], T]]]) -> list[T | None]:
        """Make these reads, each in its place. The answers in order; None for a read that failed."""
        return self.answers([(place, self.calls.begin(job)) for place, job in jobs])

    def answers(self, begun: Sequence[tuple[PlaceT, Future[T]]]) -> list[T | None]:
        """The answers of reads that have begun, as `read` returns them.

        Raises NoCredentials, because no other read can succeed then, and what ends the wait before all reads have ended.
        """
        futures = [future for _, future in begun]
        try:
            return [*self.calls.answers(futures)]
        except NoCredentials:
            raise
        except AwsError:
            if not all(future.done() and not future.cancelled() for future in futures):
                raise
        return [*self._each(begun)]

    def raise_first(self) -> None:
        """Raise the first error, if a read failed."""
        for error in self.errors.values():
            raise error

    def _each(self, begun: Iterable[tuple[PlaceT, Future[T]]]) -> Iterator[T | None]:
        for place, future in begun:
            try:
                yield future.result()
            except NoCredentials:
                raise
            except AwsError as error:
                self.errors.setdefault(place, error)
                yield None
