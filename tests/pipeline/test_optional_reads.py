"""Optional reads: what happens when AWS refuses them or does not answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from weco_deploy.errors import AccessDenied, AwsError, NoCredentials, Throttled, Unreachable
from weco_deploy.pipeline.optional_reads import MOST_FAILURES, OptionalReads

NAME = "something"


class Asked:
    """Fails with these errors one after the other, then answers 1."""

    def __init__(self, *errors: AwsError) -> None:
        self.errors = list(errors)
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)
        return 1


def read_often(asked: Callable[[], int], times: int) -> tuple[list[int], list[str]]:
    notices: list[str] = []
    optional = OptionalReads(notices.append)
    return [optional.read(NAME, asked, 0) for _ in range(times)], notices


@pytest.mark.parametrize(
    "error", [AccessDenied("ecs:X", "you may not"), AwsError("ecs:X", "UnknownOperationException")]
)
def test_refused_read_is_made_once_and_noticed_once(error: AwsError) -> None:
    asked = Asked(error)
    answers, notices = read_often(asked, 3)
    assert (answers, asked.times) == ([0, 0, 0], 1)
    assert notices == [f"{NAME} can't be read, so the verdict does without: {error.message}"]


@pytest.mark.parametrize("error", [Throttled("ecs:X", "too many"), Unreachable("ecs:X", "no answer")])
def test_read_that_fails_in_passing_is_made_again(error: AwsError) -> None:
    answers, notices = read_often(Asked(error, error), 4)
    assert (answers, notices) == ([0, 0, 1, 1], [])


def test_read_that_fails_each_time_is_given_up() -> None:
    asked = Asked(*[Unreachable("ecs:X", "no answer")] * 10)
    _, notices = read_often(asked, 10)
    assert (asked.times, len(notices)) == (MOST_FAILURES, 1)


def test_other_kinds_of_reads_go_on() -> None:
    optional = OptionalReads(lambda _: None)
    assert optional.read(NAME, Asked(AccessDenied("ecs:X", "no")), 0) == 0
    assert optional.read("something else", Asked(), 0) == 1


def test_missing_credentials_are_an_error() -> None:
    with pytest.raises(NoCredentials):
        read_often(Asked(NoCredentials("ecs:X", "expired")), 1)
