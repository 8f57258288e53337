"""Which stopped tasks count as recent crashes of a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from weco_deploy.model.service import Container, Task
from weco_deploy.rules.service_health import RECENT, recent_crashes

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def stopped(
    ago: timedelta = timedelta(minutes=5), code: int | None = 3, stop_code: str = "EssentialContainerExited"
) -> Task:
    return Task(
        arn=f"arn:aws:ecs:eu-west-1:111122223333:task/prod/{ago.total_seconds():g}",
        service_name="search-api",
        deployment_id=None,
        task_definition="search:1",
        status="STOPPED",
        stopped_at=NOON - ago,
        stop_code=stop_code,
        stopped_reason="Essential container in task exited",
        containers=(Container(name="app", image="search:env.prod", exit_code=code),),
    )


def test_tasks_that_ended_alike_are_one_crash_with_the_time_of_the_last() -> None:
    (crash,) = recent_crashes([stopped(timedelta(minutes=9)), stopped()], (), NOON)

    assert (crash.tasks, crash.container, crash.exit_code) == (2, "app", 3)
    assert crash.last == NOON - timedelta(minutes=5)


def test_different_exit_codes_are_different_crashes_the_latest_first() -> None:
    crashes = recent_crashes([stopped(timedelta(minutes=9)), stopped(code=137)], (), NOON)

    assert [crash.exit_code for crash in crashes] == [137, 3]


def test_crash_of_more_than_an_hour_ago_does_not_count() -> None:
    assert recent_crashes([stopped(RECENT)], (), NOON)
    assert not recent_crashes([stopped(RECENT + timedelta(seconds=1))], (), NOON)


def test_task_that_somebody_stopped_does_not_count() -> None:
    assert not recent_crashes([stopped(stop_code="UserInitiated")], (), NOON)


def test_task_without_an_exit_code_has_its_reason() -> None:
    (crash,) = recent_crashes([stopped(code=None, stop_code="TaskFailedToStart")], (), NOON)

    assert (crash.exit_code, crash.reason) == (None, "Essential container in task exited")
