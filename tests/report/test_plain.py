from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.report.samples import DEPLOYMENT_ID, EARLIER_ID, deployment, later
from tests.report.story import (
    CLAIMED,
    IMAGE,
    MOVED,
    REDEPLOYED,
    SETTLED,
    Watch,
    crashed,
    looked_at,
    succeeded,
)
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.events import (
    Claimed,
    Event,
    Notice,
    PollFailed,
    RollingBack,
    Settled,
    Settling,
    TagPutBack,
    Waiting,
)
from weco_deploy.model.kind import Kind
from weco_deploy.report.plain import PlainProgress

Write = Callable[..., str]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def written(watch: Watch) -> Write:
    """Passes events to a renderer, and returns the text that it writes."""
    stream = io.StringIO()
    renderer = PlainProgress(stream, watch)

    def write(*events: Event) -> str:
        before = len(stream.getvalue())
        for event in events:
            renderer(event)
        return stream.getvalue()[before:]

    return write


def test_deployment_has_a_line_for_each_event(written: Write) -> None:
    assert (
        written(
            CLAIMED,
            MOVED,
            REDEPLOYED,
            looked_at("search", 10),
            looked_at("worker", 10, running=1),
            looked_at("search", 20),
            looked_at("search", 30, running=1),
            succeeded("worker", 30),
            crashed("search", 75),
            SETTLED,
        )
        == """\
12:00:00Z deployment 45c48cce is recorded: release 8f14e45f to prod, 1 tag to move, 1 service to redeploy, 1 to watch
12:00:00Z search: env.prod moved, aaaaaaa → bbbbbbb
12:00:00Z search (catalogue/search-prod): ECS redeploys it as ecs-svc/7
12:00:10Z search: 0/2 new running, tasks start (7 s)
12:00:10Z worker: 1/2 new running, tasks start (7 s)
12:00:30Z search: 1/2 new running, tasks start (27 s)
12:00:30Z ✓ worker (catalogue/worker-prod) succeeded (after 27 s)
12:01:15Z ✗ search (catalogue/search-prod) failed: exit code 3; tasks failed to start; log: no index called works (after 1 min 12 s)
12:00:00Z ✗ Release 8f14e45f to prod failed after 3 min 12 s: 1 failed, 1 succeeded, 1 unchanged
"""
    )


def test_service_that_is_settled_at_once_has_no_duration(written: Write) -> None:
    assert written(succeeded("search", 3)).endswith(" succeeded\n")


def test_service_that_settled_has_one_line_whatever_is_to_be_said_of_it(written: Write) -> None:
    settled = crashed("search", 5)
    old = (DrainingTask("0a1b2c", None, StaysBecause.SCALE_IN_PROTECTION),)
    assert len(written(replace(settled, outcome=replace(settled.outcome, draining=old))).splitlines()) == 1


def test_polls_without_news_are_silent_for_a_minute_and_then_name_the_services_in_progress(
    written: Write,
) -> None:
    written(CLAIMED, REDEPLOYED, looked_at("search", 10), looked_at("worker", 10, running=1))
    assert written(*(looked_at("search", at) for at in range(20, 70, 10))) == ""
    assert written(looked_at("search", 70), looked_at("worker", 70, running=1)) == (
        "12:01:10Z still waiting for search 0/2, worker 1/2\n"
    )
    assert written(looked_at("search", 80)) == ""


def test_line_after_a_minute_names_five_of_many_services(written: Write) -> None:
    services = [f"s{number}" for number in range(7)]
    written(*(looked_at(service, 10) for service in services))
    assert written(looked_at("s0", 70)) == (
        "12:01:10Z still waiting for s0 0/2, s1 0/2, s2 0/2, s3 0/2, s4 0/2 and 2 more\n"
    )


def test_new_state_is_a_line(written: Write) -> None:
    written(looked_at("search", 10))
    assert (
        written(looked_at("search", 11, state="draining"))
        == "12:00:11Z search: 0/2 new running, draining (8 s)\n"
    )


def test_waiting_for_a_lock_is_a_line_at_first_and_then_each_minute(written: Write, watch: Watch) -> None:
    waiting = Waiting("prod is held by ada")
    assert written(waiting, waiting) == "12:00:00Z prod is held by ada\n"
    watch.seconds = 60
    assert written(waiting, waiting) == "12:01:00Z prod is held by ada\n"


@pytest.mark.parametrize("kind", [Kind.ROLLBACK, Kind.PROMOTE])
def test_rollback_and_promotion_are_named(written: Write, kind: Kind) -> None:
    line = written(replace(CLAIMED, deployment=replace(CLAIMED.deployment, kind=kind)))
    assert line.startswith(f"12:00:00Z deployment 45c48cce ({kind.value}) is recorded: ")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (TagPutBack(IMAGE), "search: env.prod put back, bbbbbbb → aaaaaaa"),
        (TagPutBack(IMAGE, "no"), "✗ search: env.prod could not be put back to aaaaaaa: no"),
        (
            PollFailed("throttled\n\x1b[31m", later(0)),
            "could not look at the services, will try again: throttled",
        ),
        (Notice("the lease\nis short"), "the lease is short"),
        (
            Settling(deployment(DeploymentStatus.INTERRUPTED)),
            f"an earlier deployment, {DEPLOYMENT_ID[:8]} of release 8f14e45f, was cut off: it is settled as interrupted",
        ),
    ],
)
def test_other_events_are_a_line(written: Write, event: Event, line: str) -> None:
    assert written(event) == f"12:00:00Z {line}\n"


BACK = replace(CLAIMED.deployment, deployment_id="back", release_id=EARLIER_ID, kind=Kind.ROLLBACK)


def test_rollback_is_announced_with_the_verdict_before_it_begins(written: Write) -> None:
    failed = replace(CLAIMED.deployment, status=DeploymentStatus.FAILED)
    assert written(RollingBack(failed, EARLIER_ID)) == (
        "12:00:00Z ✗ Release 8f14e45f to prod failed; rolling back to release c9f0f895\n"
    )


def test_failed_deployment_has_the_last_line_after_its_rollback(written: Write) -> None:
    done = replace(BACK, status=DeploymentStatus.SUCCEEDED)
    undone = replace(SETTLED.deployment, status=DeploymentStatus.ROLLED_BACK, rollback=done)
    written(CLAIMED, crashed("search", 75), replace(CLAIMED, deployment=BACK))

    assert written(Settled(done), Settled(undone)) == (
        "12:00:00Z ✓ Rollback of prod to release c9f0f895 succeeded: 2 not begun, 1 unchanged\n"
        "12:00:00Z ✗ Release 8f14e45f to prod failed and was rolled back after 3 min 12 s: "
        "1 failed, 1 succeeded, 1 unchanged\n"
    )


def test_last_line_says_that_the_rollback_did_not_succeed(written: Write) -> None:
    failed = replace(BACK, status=DeploymentStatus.FAILED)
    written(CLAIMED, replace(CLAIMED, deployment=BACK), Settled(failed))

    assert written(Settled(replace(SETTLED.deployment, rollback=failed))).endswith(
        "✗ Release 8f14e45f to prod failed after 3 min 12 s: 1 failed, 1 succeeded, 1 unchanged; "
        "the rollback did not succeed: 2 not begun, 1 unchanged\n"
    )


def test_resumed_deployment_adds_no_line(written: Write) -> None:
    assert written(Claimed(CLAIMED.deployment)) == ""
    assert written(looked_at("search", 10)) != ""
    assert written(SETTLED) != ""


def test_lines_are_flushed_at_once() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    PlainProgress(stream, Watch())(MOVED)
    assert raw.getvalue() == b"12:00:00Z search: env.prod moved, aaaaaaa -> bbbbbbb\n"
