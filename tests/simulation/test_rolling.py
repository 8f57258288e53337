"""Rolling by minimum and maximum percent: the pure step. Source: the service model, `DeploymentConfiguration`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weco_deploy.sandbox.ecs.rolling import Limits, RolledTask, next_step

USUAL = Limits(desired=2, fewest=2, most=4)


def task(name: str, *, new: bool, healthy: bool = True, **more: bool) -> RolledTask:
    usual = {"wanted": True, "occupies": True, "protected": False}
    return RolledTask(id=name, new=new, healthy=healthy, **usual | more)


OLD = [task("a", new=False), task("b", new=False)]
NEW = [task("c", new=True), task("d", new=True)]


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "fewest", "most"),
    [(4, 50, 100, 2, 4), (4, 100, 200, 4, 8), (3, 100, 125, 3, 3), (2, 75, 200, 2, 4), (0, 100, 200, 0, 0)],
)
def test_the_minimum_is_rounded_up_and_the_maximum_down(
    desired: int, minimum: int, maximum: int, fewest: int, most: int
) -> None:
    assert Limits.of(desired, minimum, maximum) == Limits(desired=desired, fewest=fewest, most=most)


def test_new_tasks_start_before_old_ones_stop() -> None:
    assert next_step(USUAL, OLD, 0).start == 2
    assert next_step(USUAL, OLD, 0).stop == ()


def test_tasks_about_to_be_placed_are_not_started_again() -> None:
    assert next_step(USUAL, OLD, 2).start == 0


def test_old_tasks_stop_as_new_ones_become_healthy() -> None:
    half = [NEW[0], replace(NEW[1], healthy=False)]

    assert next_step(USUAL, OLD + half, 0).stop == ("a",)
    assert next_step(USUAL, OLD + NEW, 0).stop == ("a", "b")


def test_without_room_old_tasks_stop_first_as_far_as_the_minimum_allows() -> None:
    limits = Limits(desired=2, fewest=1, most=2)

    assert next_step(limits, OLD, 0).start == 0
    assert next_step(limits, OLD, 0).stop == ("a",)


def test_percentages_that_allow_no_step_allow_none() -> None:
    step = next_step(Limits.of(1, 100, 100), OLD[:1], 0)

    assert (step.start, step.stop) == (0, ())


def test_protected_old_tasks_are_held() -> None:
    held = [replace(OLD[0], protected=True), OLD[1]]

    step = next_step(USUAL, held + NEW, 0)

    assert (step.stop, step.held) == (("b",), ("a",))


def test_surplus_tasks_stop_those_that_are_not_healthy_first() -> None:
    many = [*NEW, task("e", new=True, healthy=False), task("f", new=True)]

    assert next_step(USUAL, many, 0).stop == ("e", "c")


TASKS = st.lists(
    st.builds(
        RolledTask,
        id=st.uuids().map(str),
        new=st.booleans(),
        wanted=st.booleans(),
        occupies=st.booleans(),
        healthy=st.booleans(),
        protected=st.booleans(),
    ).map(lambda task: task if task.wanted else replace(task, healthy=False)),
    max_size=12,
)
PERCENT = st.integers(0, 200)


@given(TASKS, st.integers(0, 6), st.integers(0, 100), PERCENT, st.integers(0, 6))
def test_no_step_breaks_a_limit(
    tasks: list[RolledTask], desired: int, minimum: int, maximum: int, starting: int
) -> None:
    limits = Limits.of(desired, minimum, maximum)
    step = next_step(limits, tasks, starting)
    by_id = {task.id: task for task in tasks}

    healthy = sum(task.healthy for task in tasks if task.wanted)
    stopped_healthy = sum(by_id[task_id].healthy for task_id in step.stop)
    occupied = sum(task.occupies for task in tasks)
    wanted_new = sum(task.new and task.wanted for task in tasks)
    assert stopped_healthy == 0 or healthy - stopped_healthy >= limits.fewest
    assert step.start == 0 or occupied + starting + step.start <= limits.most
    assert wanted_new + starting + step.start <= max(desired, wanted_new + starting)
    assert not any(by_id[task_id].protected for task_id in step.stop)
    assert all(by_id[task_id].wanted for task_id in step.stop)
    assert len(set(step.stop)) == len(step.stop)
