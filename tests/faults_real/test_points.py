"""Which calls are killed at: a sample of them that leaves nothing out by its rhythm."""

from __future__ import annotations

import pytest

from tests.faults_real.test_kills import Point, points
from tests.proxy.calls import Call

CALLS = [
    Call(number=number, name=name, arrived=0.0)
    for number, name in enumerate([*["ecr:PutImage"] * 12, *["ecs:DescribeTasks"] * 60], 1)
]


def counted(chosen: list[Point], *, changes: bool) -> tuple[int, int]:
    """How many of them are before and how many after a call."""
    after = [point.after for point in chosen if point.changes is changes]
    return after.count(False), after.count(True)


def test_each_call_that_changes_something_is_a_point_before_and_after() -> None:
    every = {(point.nth, point.after) for point in points(CALLS) if point.changes}
    assert every == {(nth, after) for nth in range(1, 13) for after in (False, True)}


@pytest.mark.parametrize("changes", [True, False], ids=["calls that change something", "reads"])
def test_what_is_tried_is_half_before_and_half_after_a_call(changes: bool) -> None:
    before, after = counted(points(CALLS), changes=changes)
    assert before > 0
    assert abs(before - after) <= 1
