"""The judgement of rollouts, on answers that were recorded of ECS's emulator (`record.py`)."""

from __future__ import annotations

import re

import pytest

from tests.recorded.recordings import ANSWERS, Poll, Recording, recording
from tests.recorded.scenarios import SCENARIOS
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

BREAKER = r"ECS deployment circuit breaker was triggered after 3 consecutive .*failures.*"
VERDICTS = {
    "good": (ServiceStatus.SUCCEEDED, ""),
    "slow": (ServiceStatus.SUCCEEDED, ""),
    "multi_arch": (ServiceStatus.SUCCEEDED, ""),
    "redeployed_as_it_was": (ServiceStatus.SUCCEEDED, ""),
    "crash": (ServiceStatus.FAILED, BREAKER),
    "crash_without_rollback": (ServiceStatus.FAILED, BREAKER),
    "crash_without_breaker": (
        ServiceStatus.FAILED,
        r"\d+ tasks of this deployment stopped: Essential container exited; "
        r"it has no circuit breaker, so ECS keeps retrying",
    ),
    "unpullable": (ServiceStatus.FAILED, BREAKER),
    "superseded": (
        ServiceStatus.SUPERSEDED,
        r"a later deployment, ecs-svc/\w+, took over from ours, ecs-svc/\w+",
    ),
    "scaled_to_nothing": (
        ServiceStatus.NOTHING_RUNNING,
        "its desired count is 0: the new images run when it is scaled up",
    ),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)
GOOD = [name for name, (status, _) in VERDICTS.items() if status is ServiceStatus.SUCCEEDED]
BROKEN = [name for name, (_, reason) in VERDICTS.items() if reason == BREAKER]


def watched(recorded: Recording, polls: tuple[Poll, ...] | None = None) -> list[Track]:
    """How it stands after each poll of a watch."""
    tracks = [recorded.track()]
    for poll in recorded.polls if polls is None else polls:
        tracks.append(advance(tracks[-1], poll.as_watched(tracks[-1])))
    return tracks[1:]


def certain_at(tracks: list[Track]) -> int:
    """The first poll after which it is settled."""
    return next(place for place, track in enumerate(tracks) if track.settled)


def runs_the_release(recorded: Recording, poll: Poll) -> bool:
    """Whether all that success means is in the answers, in other words than the rules have it."""
    by_status = {one["status"]: one for one in poll.service["deployments"]}
    up = [task for task in poll.running if task["lastStatus"] == "RUNNING"]
    digests = {container.get("imageDigest") for task in up for container in task["containers"]}
    return (
        by_status["PRIMARY"]["id"] == recorded.deployment_id
        and by_status["PRIMARY"]["rolloutState"] == "COMPLETED"
        and sum(one["runningCount"] for one in poll.service["deployments"]) == len(up)
        and len(up) == poll.service["runningCount"] == poll.service["desiredCount"] > 0
        and bool(digests)
        and digests <= set(recorded.digests)
    )


def given_up_by_ecs(recorded: Recording, poll: Poll) -> bool:
    return any(
        one["id"] == recorded.deployment_id and one["rolloutState"] == "FAILED"
        for one in poll.service["deployments"]
    )


def crashed(recorded: Recording, poll: Poll) -> int:
    """How many tasks of the new image have stopped."""
    images = [container.get("imageDigest") for task in poll.stopped for container in task["containers"]]
    return sum(image in recorded.digests for image in images)


def test_each_scenario_was_recorded_and_is_small() -> None:
    assert {file.stem for file in ANSWERS.iterdir()} == set(SCENARIOS) == set(VERDICTS)
    assert all(file.stat().st_size < 100_000 for file in ANSWERS.iterdir())


@EACH
def test_a_recorded_rollout_gets_its_verdict_and_its_reason(name: str) -> None:
    status, reason = VERDICTS[name]

    *_, last = watched(recording(name))

    assert last.status is status, last.state
    assert re.fullmatch(reason, last.reason)


@EACH
def test_tasks_that_a_watch_does_not_read_would_not_change_the_verdict(name: str) -> None:
    recorded = recording(name)
    told_all = [recorded.track()]
    for poll in recorded.polls:
        told_all.append(advance(told_all[-1], poll.view()))

    assert [(one.status, one.reason) for one in told_all[1:]] == [
        (one.status, one.reason) for one in watched(recorded)
    ]


@EACH
@pytest.mark.parametrize("every", [1, 2, 3])
def test_the_verdict_is_the_same_whenever_the_watch_begins_and_however_seldom_it_looks(
    name: str, every: int
) -> None:
    recorded = recording(name)
    at_last = (recorded.polls[-1],) * 2

    for first in range(len(recorded.polls)):
        *_, last = watched(recorded, (*recorded.polls[first::every], *at_last))
        assert last.status is VERDICTS[name][0], f"from poll {first}: {last.state}"


@pytest.mark.parametrize("name", GOOD)
def test_success_is_said_in_the_first_poll_that_shows_all_of_it(name: str) -> None:
    recorded = recording(name)

    shown = [runs_the_release(recorded, poll) for poll in recorded.polls]

    assert certain_at(watched(recorded)) == shown.index(True) > 0


@pytest.mark.parametrize("name", GOOD)
def test_what_did_well_still_does_when_it_is_looked_at_again(name: str) -> None:
    recorded = recording(name)
    tracks = watched(recorded)

    after = recorded.polls[certain_at(tracks) + 1 :]

    assert after
    for poll in after:
        anew = tracks[-1].reopened()
        assert advance(anew, poll.as_watched(anew)).status is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("name", BROKEN)
def test_failure_is_said_in_the_first_poll_in_which_ecs_knows_it(name: str) -> None:
    recorded = recording(name)

    known = [given_up_by_ecs(recorded, poll) for poll in recorded.polls]

    assert certain_at(watched(recorded)) == known.index(True) > 0


def test_without_a_breaker_failure_is_said_with_the_third_task_that_stopped() -> None:
    recorded = recording("crash_without_breaker")

    enough = [crashed(recorded, poll) >= 3 for poll in recorded.polls]

    assert certain_at(watched(recorded)) == enough.index(True) > 0
    assert not any(given_up_by_ecs(recorded, poll) for poll in recorded.polls)


def test_a_take_over_with_the_same_image_is_no_success() -> None:
    recorded = recording("superseded")
    images = {
        container.get("imageDigest")
        for task in recorded.polls[-1].running
        for container in task["containers"]
    }

    assert images == {recorded.digests[0]}, "at the end nothing but the release runs"
    assert ServiceStatus.SUCCEEDED not in {track.status for track in watched(recorded)}


def test_a_take_over_is_said_in_the_second_poll_that_shows_it() -> None:
    recorded = recording("superseded")

    primary = [poll.view().service.primary for poll in recorded.polls]
    taken = [one is not None and one.id != recorded.deployment_id for one in primary]

    assert certain_at(watched(recorded)) == taken.index(True) + 1
