"""The calls at which the tool is killed: every change, and a balanced sample of reads."""

from __future__ import annotations

import pytest

from tests.faults_real.test_kills import Point, points
from tests.proxy.calls import Call

CALLS = [
    Call(number=number, name=name, arrived=0.0)
    for number, name in enumerate([*["ecr:PutImage"] * 12, *["ecs:DescribeTasks"] * 60], 1)
]


def count_before_and_after(chosen: list[Point], *, changes: bool) -> tuple[int, int]:
    after = [point.after for point in chosen if point.changes is changes]
    return after.count(False), after.count(True)


def test_points_include_before_and_after_every_change() -> None:
    found = {(point.nth, point.after) for point in points(CALLS) if point.changes}
    assert found == {(nth, after) for nth in range(1, 13) for after in (False, True)}


@pytest.mark.parametrize("changes", [True, False], ids=["calls that change something", "reads"])
def test_points_are_half_before_and_half_after_a_call(changes: bool) -> None:
    before, after = count_before_and_after(points(CALLS), changes=changes)
    assert before > 0
    assert abs(before - after) <= 1
