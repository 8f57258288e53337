"""When a service is polled again: a pure function of what its polls have shown."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.states import NOW, OURS, active, primary, service, track, view
from weco_deploy.rules.rollout.cadence import Progress, progress_of, seconds_until_next_poll

INTERVAL = 10.0
EARLY = Progress(polls=4, age=35.0)
"""Fewer polls than an interval of five seconds would have made."""

CASES = {
    "after the first poll as soon as the budget allows": (Progress(polls=1, age=0.0), 5.0),
    "while tasks start after the interval": (EARLY, 10.0),
    "with failed tasks after half of it": (Progress(polls=4, age=35.0, trouble=True), 5.0),
    "all run beside old tasks": (Progress(polls=4, age=35.0, all_run=True, old_run=True), 5.0),
    "all run, and ECS has yet to complete it": (Progress(polls=4, age=35.0, all_run=True), 1.0),
    "no more often on average than after half of it": (Progress(polls=8, age=36.0, all_run=True), 4.0),
    "when it is stable": (Progress(polls=9, age=35.0, all_run=True, more_seconds=3.5), 3.5),
    "but not later than after the interval": (Progress(polls=4, age=35.0, more_seconds=60.0), 10.0),
    "a possibly old answer after the interval": (
        Progress(polls=4, age=35.0, all_run=True, uncertain=True),
        10.0,
    ),
    "a failure that an event names at once": (
        Progress(polls=9, age=35.0, says_failed=True, uncertain=True),
        1.0,
    ),
}


@pytest.mark.parametrize(("progress", "seconds"), CASES.values(), ids=CASES.keys())
def test_next_poll(progress: Progress, seconds: float) -> None:
    assert seconds_until_next_poll(progress, INTERVAL, moving=20) == pytest.approx(seconds)


@pytest.mark.parametrize("interval", [0.1, 1.0])
def test_short_interval_is_kept(interval: float) -> None:
    assert seconds_until_next_poll(EARLY, interval, moving=1) == interval


def test_many_services_are_polled_less_often_than_a_few() -> None:
    progress = Progress(polls=4, age=35.0, all_run=True)
    assert seconds_until_next_poll(progress, INTERVAL, moving=300) == 3.0


@pytest.mark.parametrize("seed", range(50))
def test_no_more_polls_than_a_fixed_interval_of_half_the_length_makes(seed: int) -> None:
    chance, age, polls = random.Random(seed), 0.0, 0  # noqa: S311 - made-up histories, no secrets
    while age < 300.0:
        polls += 1
        assert polls <= age / (INTERVAL / 2) + 1
        progress = Progress(
            polls=polls, age=age, all_run=chance.random() < 0.5, old_run=chance.random() < 0.5, trouble=True
        )
        age += seconds_until_next_poll(progress, INTERVAL, moving=chance.randrange(1, 300))


def test_progress_says_whether_all_run_alone() -> None:
    beside = view(service(desired=2, running=3, deployments=[primary(running=2), active(running=1)]))
    alone = view(service(desired=2, running=2, deployments=[primary(running=2)]))

    assert (progress_of(track(), beside, 30).all_run, progress_of(track(), beside, 30).old_run) == (
        True,
        True,
    )
    assert (progress_of(track(), alone, 30).all_run, progress_of(track(), alone, 30).old_run) == (True, False)


def test_event_that_names_our_deployment_as_failed_is_noticed() -> None:
    failed = f"(service search-api) (deployment {OURS}) deployment failed: tasks failed to start."
    described = view(service(desired=2, deployments=[primary()], events=[failed]))

    assert progress_of(track(), described, 30).says_failed


def test_service_that_ecs_does_not_know_is_uncertain() -> None:
    assert progress_of(track(), None, 30).uncertain


@pytest.mark.parametrize(("created", "age"), [(0.0, 30.0), (20.0, 50.0), (4000.0, 90.0)])
def test_time_since_redeployment_counts_up_to_a_minute_before_the_watch(created: float, age: float) -> None:
    ours = replace(primary(running=1), created_at=NOW - timedelta(seconds=30 + created))
    described = replace(service(desired=2, running=1, deployments=[ours]), as_of=NOW)

    assert progress_of(track(), view(described), 30.0).age == age
