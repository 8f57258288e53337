"""For how long tasks must have been running before a service counts as deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.rules.polls import after, judged
from tests.rules.states import NOW, ago, made_at, primary, service, stopped, task, track, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceView, Task
from weco_deploy.rules.rollout.aws_clock import CLOCK_RESOLUTION, aws_now
from weco_deploy.rules.rollout.stability import seconds_until_stable


def running(*started: datetime, ended: Sequence[Task] = (), desired: int | None = None) -> ServiceView:
    """A complete rollout whose tasks run since these times."""
    described = service(running=len(started), desired=desired, deployments=[primary(completed=True)])
    tasks = [task(f"t{number}", started=at) for number, at in enumerate(started)]
    return view(described, tasks, list(ended))


def left(polled: ServiceView, stable_for: float = 10, failed_at: datetime | None = None) -> float:
    return seconds_until_stable(polled, polled.tasks or (), stable_for, failed_at)


def test_service_succeeds_once_its_tasks_have_been_running_long_enough() -> None:
    young = after(running(ago(60), ago(4)))
    assert young.status is ServiceStatus.IN_PROGRESS
    assert young.state == "waiting until its tasks have been running for 10 s"
    assert young.more_seconds == 6 + CLOCK_RESOLUTION
    assert not young.blames_image
    assert judged(running(ago(60), ago(10))) is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize(("stable_for", "expected"), [(0, 0), (5, 0), (10, 3), (30, 23)])
def test_seconds_until_stable(stable_for: float, expected: float) -> None:
    assert left(running(ago(7)), stable_for) == (expected + CLOCK_RESOLUTION if expected else 0)


def test_zero_turns_it_off() -> None:
    assert judged(running(ago(0)), start=replace(track(), stable_for=0.0)) is ServiceStatus.SUCCEEDED


def test_younger_surplus_tasks_do_not_matter() -> None:
    assert left(running(ago(60), ago(60), ago(1), desired=2)) == 0
    assert left(running(ago(60), ago(1), ago(1), desired=2)) > 0


def test_task_that_failed_since_then_makes_the_time_begin_anew() -> None:
    assert left(running(ago(60)), failed_at=ago(2)) == 8 + CLOCK_RESOLUTION
    assert left(running(ago(60)), failed_at=ago(20)) == 0
    failed = replace(stopped("t9"), stopped_at=ago(2), started_at=ago(3))
    assert judged(running(ago(60), ended=[failed])) is ServiceStatus.IN_PROGRESS


def test_task_that_was_scaled_in_since_then_does_not_matter() -> None:
    scaled_in = replace(
        stopped("t9", code="ServiceSchedulerInitiated", reason="Scaling activity"), stopped_at=ago(2)
    )
    assert judged(running(ago(60), ended=[scaled_in])) is ServiceStatus.SUCCEEDED


def test_emulator_without_start_times_is_judged_by_creation_times() -> None:
    polled = running(ago(60))
    bare = [
        replace(each, started_at=None, created_at=at)
        for each, at in zip(polled.tasks or (), [ago(3)], strict=True)
    ]
    assert left(replace(polled, tasks=tuple(bare))) == 7 + CLOCK_RESOLUTION


def test_time_is_that_of_the_answer_or_of_the_newest_event_in_it() -> None:
    polled = running(ago(60))
    assert aws_now(polled) == NOW
    without = replace(polled, service=replace(polled.service, as_of=None))
    assert aws_now(without) == ago(60)
    newer = replace(stopped("t9"), stopped_at=NOW + timedelta(seconds=3))
    assert aws_now(replace(polled, stopped=(newer,))) == NOW + timedelta(seconds=3)
    assert made_at(9) == NOW
