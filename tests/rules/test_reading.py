"""Which polls read tasks: those that may tell something new, and no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.rules.states import BEFORE, OLD, active, made_at, primary, service, stopped, task, track, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.reading import reads
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

STABLE_FOR = 60.0


def when(seconds: float) -> datetime:
    """So many seconds after our deployment was made."""
    return made_at(2) + timedelta(seconds=seconds)


def at(seconds: float, described: Service) -> Service:
    """The service, answered so many seconds after our deployment was made."""
    return replace(described, as_of=when(seconds))


def rolling(seconds: float, new: int, old: int, **more: object) -> Service:
    """Two desired tasks: so many new ones and old ones run."""
    ours, before = primary(running=new), active(BEFORE, state="COMPLETED", running=old)
    options = {"desired": 2, "running": new + old, "breaker": True, **more}
    return at(seconds, service(deployments=[ours, before], **options))  # type: ignore[arg-type]  # options of any type


def complete(seconds: float) -> Service:
    return at(
        seconds, service(desired=2, running=2, breaker=True, deployments=[primary(completed=True, running=2)])
    )


def seen(described: Service, new: int, old: int, *, start: float = 20, now: Track | None = None) -> Track:
    """The track after a poll that read the tasks."""
    up = [replace(task(f"new{number}"), started_at=when(start)) for number in range(new)]
    others = [task(f"old{number}", of=BEFORE, digest=OLD) for number in range(old)]
    return advance(now or replace(track(), stable_for=STABLE_FOR), view(described, [*up, *others]))


def test_tasks_are_read_when_ours_first_run() -> None:
    none_runs = advance(track(), view(rolling(5, new=0, old=2)))

    assert reads(none_runs, rolling(10, new=1, old=2)).tasks


def test_tasks_are_not_read_again_while_others_of_ours_start() -> None:
    now = seen(rolling(20, new=1, old=2), new=1, old=2)

    assert not reads(now, rolling(25, new=1, old=1)).tasks
    assert reads(now, rolling(25, new=2, old=1)).tasks, "all run for the first time"


def test_tasks_beside_old_ones_are_read_now_and_then() -> None:
    now = seen(rolling(20, new=2, old=1), new=2, old=1)

    assert not reads(now, rolling(25, new=2, old=1)).tasks
    assert reads(now, rolling(30, new=2, old=1)).tasks


def test_everything_is_read_in_the_last_look() -> None:
    now = seen(rolling(20, new=2, old=1), new=2, old=1)

    assert reads(now, rolling(21, new=2, old=1), everything=True).tasks


def test_steady_service_is_read_when_it_becomes_steady_and_when_it_is_stable() -> None:
    now = seen(rolling(30, new=2, old=1), new=2, old=1)
    assert reads(now, complete(31)).tasks
    now = seen(complete(31), new=2, old=0, now=now)
    assert now.more_seconds

    assert not reads(now, complete(40)).tasks
    waiting = advance(now, ServiceView(service=complete(40)))
    assert waiting.state == now.state
    assert waiting.more_seconds == now.more_seconds - 9
    assert not waiting.blames_image

    assert reads(waiting, complete(20 + STABLE_FOR + 2)).tasks
    assert seen(complete(20 + STABLE_FOR + 2), new=2, old=0, now=waiting).status is ServiceStatus.SUCCEEDED


def test_steady_service_that_changed_is_read_before_it_is_stable() -> None:
    now = seen(complete(31), new=2, old=0)
    changed = replace(complete(35), pending=1)

    assert not reads(now, complete(36)).tasks
    assert reads(seen(changed, new=2, old=0, now=now), complete(36)).tasks


def test_service_is_no_success_by_tasks_of_an_earlier_poll() -> None:
    now = seen(complete(31), new=2, old=0)

    assert advance(now, ServiceView(service=complete(200))).status is ServiceStatus.IN_PROGRESS


def test_tasks_are_read_in_each_poll_once_some_of_them_failed() -> None:
    going = rolling(20, new=1, old=1, breaker=False)
    now = advance(track(), view(going, [task("new0")], [stopped("t1")]))
    assert now.stops

    read = reads(now, replace(going, as_of=when(21)))
    assert read.tasks
    assert read.stopped


@pytest.mark.parametrize("happens", ["event", "fewer run", "failed start"])
def test_stopped_tasks_are_read_as_soon_as_something_happens(happens: str) -> None:
    before = rolling(20, new=2, old=1, breaker=False)
    now = advance(track(), view(before, [task("new0"), task("new1")], []))
    after = {
        "event": rolling(
            22, new=2, old=1, breaker=False, events=["(service search-api) has started 1 tasks"]
        ),
        "fewer run": rolling(22, new=1, old=1, breaker=False),
        "failed start": replace(
            rolling(22, new=2, old=1, breaker=False),
            deployments=(replace(before.deployments[0], failed_tasks=1), before.deployments[1]),
        ),
    }[happens]

    assert not reads(now, replace(before, as_of=when(22))).stopped
    assert reads(now, after).stopped


def test_stopped_tasks_are_read_now_and_then_if_nothing_seems_to_happen() -> None:
    before = rolling(20, new=1, old=1, breaker=False)
    now = advance(track(), view(before, [task("new0")], []))

    assert not reads(now, replace(before, as_of=when(49))).stopped
    assert reads(now, replace(before, as_of=when(50))).stopped


def test_unread_tasks_keep_what_was_said_of_the_image() -> None:
    now = seen(rolling(20, new=2, old=1), new=2, old=1)
    assert not now.blames_image

    assert not advance(now, ServiceView(service=rolling(22, new=2, old=1))).blames_image
    assert not advance(now, ServiceView(service=rolling(22, new=1, old=1))).blames_image

    unhealthy = [task("new0"), task("new1", health="UNHEALTHY")]
    bad = advance(track(), view(rolling(20, new=2, old=1), unhealthy))
    assert bad.blames_image
    assert advance(bad, ServiceView(service=rolling(22, new=2, old=1))).blames_image


def test_answers_without_a_time_are_always_followed_by_tasks() -> None:
    timeless = replace(rolling(20, new=1, old=2), as_of=None)

    assert reads(seen(timeless, new=1, old=2), timeless).tasks
