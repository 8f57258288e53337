from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.report.samples import DEPLOYMENT_ID, deployment, later
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
from weco_deploy.model.deployment import DeploymentStatus, Kind
from weco_deploy.model.events import (
    Claimed,
    Event,
    Notice,
    PollFailed,
    Settled,
    Settling,
    TagPutBack,
    Waiting,
)
from weco_deploy.report.plain import PlainProgress

Tell = Callable[..., str]


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def tell(watch: Watch) -> Tell:
    """Tells events to one renderer and answers what these added."""
    stream = io.StringIO()
    renderer = PlainProgress(stream, watch)

    def told(*events: Event) -> str:
        before = len(stream.getvalue())
        for event in events:
            renderer(event)
        return stream.getvalue()[before:]

    return told


def test_a_deployment_is_a_line_for_each_thing_that_happens(tell: Tell) -> None:
    assert (
        tell(
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
12:01:15Z ✗ search (catalogue/search-prod) failed: tasks failed to start (after 1 min 12 s)
              task 0a1b2c3d4e5f, container app, EssentialContainerExited, exit code 3: Essential container in task exited
12:00:00Z ✗ Release 8f14e45f to prod failed after 3 min 12 s: 1 failed, 1 redeployed, 1 unchanged
"""
    )


def test_polls_without_news_are_silent_for_a_minute_and_then_one_line_says_what_still_moves(
    tell: Tell,
) -> None:
    tell(CLAIMED, REDEPLOYED, looked_at("search", 10), looked_at("worker", 10, running=1))
    assert tell(*(looked_at("search", at) for at in range(20, 70, 10))) == ""
    assert tell(looked_at("search", 70), looked_at("worker", 70, running=1)) == (
        "12:01:10Z still waiting for search 0/2, worker 1/2\n"
    )
    assert tell(looked_at("search", 80)) == ""


def test_of_many_services_that_still_move_five_are_named(tell: Tell) -> None:
    services = [f"s{number}" for number in range(7)]
    tell(*(looked_at(service, 10) for service in services))
    assert tell(looked_at("s0", 70)) == (
        "12:01:10Z still waiting for s0 0/2, s1 0/2, s2 0/2, s3 0/2, s4 0/2 and 2 more\n"
    )


def test_a_new_state_is_news(tell: Tell) -> None:
    tell(looked_at("search", 10))
    assert (
        tell(looked_at("search", 11, state="draining"))
        == "12:00:11Z search: 0/2 new running, draining (8 s)\n"
    )


def test_waiting_for_a_lock_is_said_once_and_then_each_minute(tell: Tell, watch: Watch) -> None:
    waiting = Waiting("prod is held by ada")
    assert tell(waiting, waiting) == "12:00:00Z prod is held by ada\n"
    watch.seconds = 60
    assert tell(waiting, waiting) == "12:01:00Z prod is held by ada\n"


@pytest.mark.parametrize("kind", [Kind.ROLLBACK, Kind.PROMOTE])
def test_a_rollback_and_a_promotion_say_that_they_are_one(tell: Tell, kind: Kind) -> None:
    said = tell(replace(CLAIMED, deployment=replace(CLAIMED.deployment, kind=kind)))
    assert said.startswith(f"12:00:00Z deployment 45c48cce ({kind.value}) is recorded: ")


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
def test_what_else_happens_is_one_line(tell: Tell, event: Event, line: str) -> None:
    assert tell(event) == f"12:00:00Z {line}\n"


def test_a_failed_deployment_that_is_settled_after_its_rollback_adds_no_line(
    tell: Tell, watch: Watch
) -> None:
    back = replace(CLAIMED.deployment, deployment_id="back", kind=Kind.ROLLBACK)
    tell(CLAIMED, crashed("search", 75), replace(CLAIMED, deployment=back))

    assert "succeeded" in tell(Settled(replace(back, status=DeploymentStatus.SUCCEEDED)))
    watch.seconds += 3600
    assert tell(Settled(replace(SETTLED.deployment, status=DeploymentStatus.ROLLED_BACK))) == ""


def test_a_record_that_is_taken_up_again_adds_no_line(tell: Tell) -> None:
    assert tell(Claimed(CLAIMED.deployment)) == ""
    assert tell(looked_at("search", 10)) != ""
    assert tell(SETTLED) != ""


def test_each_line_is_there_at_once() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    PlainProgress(stream, Watch())(MOVED)
    assert raw.getvalue() == b"12:00:00Z search: env.prod moved, aaaaaaa -> bbbbbbb\n"
