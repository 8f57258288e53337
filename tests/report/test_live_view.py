"""The live view at each size of terminal: recorded text, and what holds for every state and size."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.report.samples import CRASH, EARLIER_ID, deployment, later, outcome, plan, planned_image
from tests.report.story import CLAIMED, MOVED, SETTLED, crashed, looked_at, succeeded
from weco_deploy.model.deployment import GOOD, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Event, Progress, RollingBack, ServiceSettled, TagMoved
from weco_deploy.report.live_view import draw
from weco_deploy.report.rollout_state import RolloutState
from weco_deploy.report.screen import Screen

RECORDED = Path(__file__).parent / "recorded"
NAMES = [
    f"catalogue-pipeline-{stage}-{number}-{role}"
    for number in range(20)
    for stage in ("transformer", "ingestor")
    for role in ("api", "worker", "indexer")
]
IMAGES = 40


def after(*events: Event) -> RolloutState:
    state = RolloutState()
    for event in events:
        state = state.after(event)
    return state


def drawn(state: RolloutState, width: int = 80, height: int = 24, seconds: float = 100) -> list[str]:
    screen = Screen(width=width, height=height, terminal=True)
    return [line.plain for line in draw(state, screen, later(seconds), timedelta(seconds=seconds))]


def estate(failures: int) -> RolloutState:
    """A deployment of 120 services in the middle: the first services failed; of the others, some are in each state."""
    statuses = [
        ServiceStatus.UNCHANGED if number % 4 == 3 else ServiceStatus.PENDING for number in range(120)
    ]
    services = tuple(outcome(name, status) for name, status in zip(NAMES, statuses, strict=True))
    images = tuple(planned_image(f"image-{number}", "a", "b") for number in range(IMAGES))
    events: list[Event] = [Claimed(deployment(DeploymentStatus.IN_PROGRESS, services), plan(images))]
    events += [TagMoved(image) for image in images]
    for number, name in enumerate(NAMES):
        if number < failures:
            failed = outcome(name, ServiceStatus.FAILED, "3 tasks failed to start in a row", (CRASH,))
            events.append(ServiceSettled(failed, 0, 3, later(80), later(20)))
        elif number % 4 == 0:
            done = outcome(name, ServiceStatus.SUCCEEDED)
            events.append(ServiceSettled(done, 3, 3, later(90), later(20)))
        elif number % 4 == 1:
            state = "new tasks start; 2 old tasks are draining"
            moving = outcome(name, ServiceStatus.IN_PROGRESS, state)
            events.append(Progress(moving, number % 3, 3, state, later(95), later(20)))
    return after(*events)


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("height", [24, 50])
@pytest.mark.parametrize("failures", [0, 5, 30])
def test_120_services_look_as_recorded(width: int, height: int, failures: int) -> None:
    recorded = (RECORDED / f"live_{width}x{height}_{failures}_failed.txt").read_text()
    assert "".join(f"{line}\n" for line in drawn(estate(failures), width, height)) == recorded


def test_small_deployment_shows_every_service() -> None:
    state = after(CLAIMED, MOVED, looked_at("worker", 10, running=1, state="1 of 2 tasks run"))
    assert drawn(state, seconds=13) == [
        "release 8f14e45f to prod  ━━━━━━━━━━━━━━─────────────────────────────  1/3  13 s",
        "1 in progress, 1 not begun, 1 done",
        "… worker  1/2  10 s  1 of 2 tasks run",
        "… search             not begun",
        "done: 1 unchanged",
    ]


def test_finished_rows_show_the_tasks_they_ended_with() -> None:
    state = after(CLAIMED, looked_at("worker", 10, running=1), succeeded("worker", 30))
    assert "✓ worker  2/2  27 s  succeeded" in drawn(state)


def test_tags_are_counted_until_all_have_moved() -> None:
    assert drawn(after(CLAIMED))[1] == "tags 0/1, 2 not begun, 1 done"
    assert drawn(after(CLAIMED, MOVED))[1] == "2 not begun, 1 done"


def test_final_check_is_announced_between_the_last_service_and_the_verdict() -> None:
    events: tuple[Event, ...] = (CLAIMED, MOVED, crashed("search", 75), succeeded("worker", 30))
    assert drawn(after(*events[:-1]))[1] == "1 failed, 1 not begun, 1 done"
    assert drawn(after(*events))[1] == "final check: 1 failed, 2 done"
    assert drawn(after(*events, SETTLED))[1] == "1 failed, 2 done"
    assert drawn(after(*events, RollingBack(SETTLED.deployment, EARLIER_ID)))[1] == "1 failed, 2 done"


def test_failures_come_first_with_exit_code_and_last_log_line() -> None:
    lines = drawn(after(CLAIMED, looked_at("worker", 10), crashed("search", 75)))
    assert lines[2:4] == [
        "✗ search  0/2  1 min 12 s  exit code 3: tasks failed to start",
        "    | no index called works",
    ]


def test_exit_code_is_not_repeated_and_not_cut_off() -> None:
    failed = outcome("search", ServiceStatus.FAILED, "2 tasks ended, exit code 3", (CRASH,))
    state = after(CLAIMED, ServiceSettled(failed, 0, 2, later(75), later(3)))
    assert "✗ search  0/2  1 min 12 s  exit code 3: 2 tasks ended" in drawn(state)
    assert "✗ search  0/2  1 min 12 s  exit code 3: 2…" in drawn(state, width=44)


def test_terminal_without_unicode_gets_ascii() -> None:
    screen = Screen(width=60, height=24, terminal=True, encoding="ascii")
    lines = [line.plain for line in draw(estate(5), screen, later(100), timedelta(seconds=100))]
    assert "".join(lines).isascii()
    assert "?" not in "".join(lines)


STATUSES = st.sampled_from(ServiceStatus)
SERVICE_NAMES = st.lists(
    st.builds(
        "{}{}-{}{}".format,
        st.sampled_from(["", "catalogue-", "日本-"]),
        st.sampled_from(["api", "worker", "indexer"]),
        st.text("ab0", min_size=1, max_size=20),
        st.sampled_from(["", "-prod", "-stage-service"]),
    ),
    unique=True,
    max_size=30,
)


@st.composite
def states(draw_value: st.DrawFn) -> RolloutState:
    names = draw_value(SERVICE_NAMES)
    services = tuple(
        outcome(
            name, draw_value(STATUSES), draw_value(st.sampled_from(["", "tasks start", "a " * 90])), (CRASH,)
        )
        for name in names
    )
    return after(Claimed(deployment(DeploymentStatus.IN_PROGRESS, services), CLAIMED.plan))


@given(states(), st.integers(20, 200), st.integers(1, 60))
def test_view_never_exceeds_the_terminal(state: RolloutState, width: int, height: int) -> None:
    lines = drawn(state, width, height)
    assert all(cell_len(line) <= width for line in lines)
    assert len(lines) <= max(1, height - 1)


@given(states(), st.integers(60, 200), st.integers(4, 60))
def test_failures_are_always_visible_or_counted(state: RolloutState, width: int, height: int) -> None:
    lines = drawn(state, width, height)
    bad = [row for row in state.rows.values() if row.failed]
    done = any(row.status in GOOD for row in state.rows.values())
    shown = sum(line.startswith("✗") for line in lines)
    room = height - 1 - len(lines[:2]) - done
    if len(bad) <= room:
        assert shown == len(bad)
    elif room > 0:
        assert f"and {len(bad) - shown} more failed" in lines


@given(states(), st.integers(60, 200), st.integers(24, 60))
def test_no_two_services_look_alike(state: RolloutState, width: int, height: int) -> None:
    rows = [line for line in drawn(state, width, height) if line[:2] in ("✗ ", "… ", "✓ ", "· ")]
    names = [line.split()[1] for line in rows]
    assert len(set(names)) == len(names)
