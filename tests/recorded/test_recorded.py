"""Rollouts judged by answers that were recorded from MiniStack's ECS, with containers of a simulated engine."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.recorded.recordings import (
    ANSWERS,
    SECONDS_BETWEEN_POLLS,
    STABLE_FOR,
    Poll,
    Recording,
    recording,
)
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
    "redeployed_by_somebody": (
        ServiceStatus.SUCCEEDED,
        r"by a later deployment, ecs-svc/\w+, of the same images, which took over from ours, ecs-svc/\w+",
    ),
    "scaled_to_nothing": (
        ServiceStatus.NOTHING_RUNNING,
        "its desired count is 0: the new images run when it is scaled up",
    ),
}
EACH = pytest.mark.parametrize("name", SCENARIOS)
GOOD = [name for name, verdict in VERDICTS.items() if verdict == (ServiceStatus.SUCCEEDED, "")]
BROKEN = [name for name, (_, reason) in VERDICTS.items() if reason == BREAKER]


def watched(recorded: Recording, polls: tuple[Poll, ...] | None = None) -> list[Track]:
    """The track after each poll of a watch."""
    tracks = [recorded.track()]
    for poll in recorded.polls if polls is None else polls:
        tracks.append(advance(tracks[-1], poll.as_watched(tracks[-1])))
    return tracks[1:]


def settled_at(tracks: list[Track]) -> int:
    """The index of the first poll after which the rollout is settled."""
    return next(place for place, track in enumerate(tracks) if track.settled)


def runs_the_release(recorded: Recording, poll: Poll) -> bool:
    """Whether the answers show everything that success requires, written independently of the rules."""
    by_status = {deployment["status"]: deployment for deployment in poll.service["deployments"]}
    up = [task for task in poll.running if task["lastStatus"] == "RUNNING"]
    digests = {container.get("imageDigest") for task in up for container in task["containers"]}
    return (
        by_status["PRIMARY"]["id"] == recorded.deployment_id
        and by_status["PRIMARY"]["rolloutState"] == "COMPLETED"
        and sum(deployment["runningCount"] for deployment in poll.service["deployments"]) == len(up)
        and len(up) == poll.service["runningCount"] == poll.service["desiredCount"] > 0
        and bool(digests)
        and digests <= set(recorded.digests)
    )


def given_up_by_ecs(recorded: Recording, poll: Poll) -> bool:
    return any(
        deployment["id"] == recorded.deployment_id and deployment["rolloutState"] == "FAILED"
        for deployment in poll.service["deployments"]
    )


def crashed(recorded: Recording, poll: Poll) -> int:
    """How many tasks of the new image have stopped."""
    images = [container.get("imageDigest") for task in poll.stopped for container in task["containers"]]
    return sum(image in recorded.digests for image in images)


def test_recordings_exist_for_each_scenario_and_are_small() -> None:
    assert {file.stem for file in ANSWERS.iterdir()} == set(SCENARIOS) == set(VERDICTS)
    assert all(file.stat().st_size < 100_000 for file in ANSWERS.iterdir())


@EACH
def test_recorded_rollout_gets_its_verdict_and_reason(name: str) -> None:
    status, reason = VERDICTS[name]

    *_, last = watched(recording(name))

    assert last.status is status, last.state
    assert re.fullmatch(reason, last.reason)


@EACH
def test_verdict_does_not_depend_on_tasks_that_a_watch_does_not_read(name: str) -> None:
    recorded = recording(name)
    reading_all = [recorded.track()]
    for poll in recorded.polls:
        reading_all.append(advance(reading_all[-1], poll.view()))

    assert [(track.status, track.reason) for track in reading_all[1:]] == [
        (track.status, track.reason) for track in watched(recorded)
    ]


@EACH
@pytest.mark.parametrize("every", [1, 2, 3])
def test_verdict_does_not_depend_on_when_the_watch_begins_or_how_often_it_polls(
    name: str, every: int
) -> None:
    recorded = recording(name)
    at_last = (recorded.polls[-1],) * 2

    for first in range(len(recorded.polls)):
        *_, last = watched(recorded, (*recorded.polls[first::every], *at_last))
        assert last.status is VERDICTS[name][0], f"from poll {first}: {last.state}"


@pytest.mark.parametrize("name", GOOD)
def test_success_is_reported_in_the_first_poll_that_shows_everything(name: str) -> None:
    recorded = recording(name)

    shown = [runs_the_release(recorded, poll) for poll in recorded.polls]

    assert settled_at(watched(recorded)) == shown.index(True) > 0


@pytest.mark.parametrize("name", GOOD)
def test_success_stays_one_when_the_rollout_is_judged_again(name: str) -> None:
    recorded = recording(name)
    tracks = watched(recorded)

    after = recorded.polls[settled_at(tracks) + 1 :]

    assert after
    for poll in after:
        reopened = tracks[-1].reopened(recorded.polls[-1].at)
        assert advance(reopened, poll.as_watched(reopened)).status is ServiceStatus.SUCCEEDED


@pytest.mark.parametrize("name", BROKEN)
def test_failure_is_reported_in_the_first_poll_in_which_ecs_knows_it(name: str) -> None:
    recorded = recording(name)

    known = [given_up_by_ecs(recorded, poll) for poll in recorded.polls]

    assert settled_at(watched(recorded)) == known.index(True) > 0


def test_failure_without_a_breaker_is_reported_when_no_task_is_healthy_after_the_third_stopped_task() -> None:
    recorded = recording("crash_without_breaker")

    enough = [crashed(recorded, poll) >= 3 for poll in recorded.polls]
    polls_until_healthy = int(STABLE_FOR / SECONDS_BETWEEN_POLLS)

    assert settled_at(watched(recorded)) == enough.index(True) + polls_until_healthy
    assert not any(given_up_by_ecs(recorded, poll) for poll in recorded.polls)


def test_later_deployment_of_the_same_image_is_followed_to_its_end() -> None:
    recorded = recording("redeployed_by_somebody")
    images = {
        container.get("imageDigest")
        for task in recorded.polls[-1].running
        for container in task["containers"]
    }
    last = watched(recorded)[-1]

    assert images == {recorded.digests[0]}, "at the end nothing but the release runs"
    assert last.superseded_id == recorded.deployment_id
    assert recorded.polls[-1].view().service.primary == last.made


def test_later_deployment_of_another_image_supersedes_ours() -> None:
    recorded = replace(recording("redeployed_by_somebody"), digests=("sha256:another",))

    assert watched(recorded, recorded.polls[1:])[-1].status is ServiceStatus.SUPERSEDED
