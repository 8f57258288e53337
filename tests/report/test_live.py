from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions

from tests.report.samples import EARLIER_ID, deployment, outcome
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
from weco_deploy.errors import Interrupted
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Event, Notice, RollingBack, Settled, TagPutBack, Waiting
from weco_deploy.model.kind import Kind
from weco_deploy.report.live import LiveProgress
from weco_deploy.report.untrusted import log_line


class Drawn:
    """A terminal whose screen can be read."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.file = io.StringIO()
        self.console = Console(
            file=self.file, force_terminal=True, width=width, height=height, color_system=None, _environ={"TERM": "xterm"}, markup=False,
            highlight=False,
        )  # fmt: skip

    def lines(self) -> list[str]:
        """The lines on the screen. Each redrawing moves up and clears the lines before it draws them again."""
        shown: list[str] = []
        cursor = 0
        for line in self.file.getvalue().split("\n"):
            cursor -= line.count("\x1b[1A")
            if "\x1b[2K" in line:
                del shown[max(0, cursor) :]
            shown[cursor:] = [log_line(line.rpartition("\r")[2])]
            cursor = len(shown)
        return [line for line in shown if line]


def test_last_state_stays_on_the_screen() -> None:
    drawn, watch = Drawn(), Watch()
    with LiveProgress(drawn.console, watch) as show:
        for event in (
            CLAIMED,
            MOVED,
            REDEPLOYED,
            looked_at("search", 10),
            looked_at("worker", 10, running=1),
        ):
            show(event)
        watch.seconds = 75
        show(succeeded("worker", 30))
        show(crashed("search", 75))
        show(SETTLED)
    assert drawn.lines() == [
        "release 8f14e45f to prod  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  3/3  1 min 15 s",
        "1 failed, 2 done",
        "✗ search  0/2  1 min 12 s  exit code 3: tasks failed to start",
        "    | no index called works",
        "✓ worker  2/2        27 s  succeeded",
        "done: 1 unchanged",
    ]


def test_drawing_begins_with_the_deployment() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        stderr = sys.stderr
        show(Waiting("prod is held by ada"))
        show(Waiting("prod is held by ada"))
        show(Notice("planned again"))
        assert sys.stderr is stderr
    assert drawn.file.getvalue() == "prod is held by ada\nplanned again\n"


def test_other_output_appears_above_the_live_view(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        print("a warning of somebody else's", file=sys.stderr)  # noqa: T201  the test is about such output
        print('{"result": 1}')  # noqa: T201  a result on stdout, which is not a terminal
        show(SETTLED)
    assert drawn.lines()[0] == "a warning of somebody else's"
    assert capsys.readouterr().out == '{"result": 1}\n'
    assert capsys.readouterr().err == ""


def test_unfinished_line_of_other_output_is_not_lost() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        sys.stderr.write("half a line")
    assert "half a line" in drawn.file.getvalue()


def test_interruption_leaves_the_last_state_and_a_sane_terminal() -> None:
    drawn = Drawn()
    stderr = sys.stderr

    def interrupted() -> None:
        with LiveProgress(drawn.console, Watch()) as show:
            show(CLAIMED)
            raise Interrupted("Ctrl-C")

    with pytest.raises(Interrupted):
        interrupted()
    assert sys.stderr is stderr
    assert drawn.file.getvalue().endswith("\x1b[?25h")  # the cursor is visible again
    assert drawn.lines()[1] == "tags 0/1, 2 not begun, 1 done"


@pytest.mark.parametrize("between", [(SETTLED,), ()])
def test_rollback_is_drawn_below_the_failed_deployment(between: tuple[Event, ...]) -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        for event in (CLAIMED, crashed("search", 75), *between, CLAIMED, succeeded("search", 90)):
            show(event)
    lines = drawn.lines()
    assert sum(line.startswith("release 8f14e45f to prod") for line in lines) == 2
    failed = lines.index("✗ search  0/2  1 min 12 s  exit code 3: tasks failed to start")
    assert failed < lines.index("✓ search  2/2  1 min 27 s  succeeded")


def drawn_after(*events: Event) -> list[str]:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        for event in events:
            show(event)
    return drawn.lines()


def test_failed_deployment_has_the_last_line_after_its_rollback_and_is_not_drawn_again() -> None:
    back = replace(CLAIMED.deployment, deployment_id="back", kind=Kind.ROLLBACK)
    events = (
        CLAIMED,
        crashed("search", 75),
        replace(CLAIMED, deployment=back),
        Settled(replace(back, status=DeploymentStatus.SUCCEEDED)),
    )
    undone = Settled(replace(SETTLED.deployment, status=DeploymentStatus.ROLLED_BACK))

    before, after = drawn_after(*events), drawn_after(*events, undone)
    assert after[: len(before)] == before
    assert " ".join(after[len(before) :]) == (
        "✗ Release 8f14e45f to prod failed and was rolled back after 3 min 12 s: 1 failed, 1 succeeded, 1 unchanged"
    )


def test_resumed_deployment_is_not_drawn_and_does_not_end_the_drawing() -> None:
    resumed = Claimed(replace(CLAIMED.deployment, kind=Kind.ROLLBACK))

    assert drawn_after(resumed) == []
    assert drawn_after(looked_at("search", 10), resumed, SETTLED) == drawn_after(
        looked_at("search", 10), SETTLED
    )


def test_rollback_is_announced_below_the_failed_deployment_before_it_begins() -> None:
    rolling_back = RollingBack(replace(CLAIMED.deployment, status=DeploymentStatus.FAILED), EARLIER_ID)
    back = replace(CLAIMED.deployment, deployment_id="back", kind=Kind.ROLLBACK)

    before = drawn_after(CLAIMED, crashed("search", 75))
    after = drawn_after(CLAIMED, crashed("search", 75), rolling_back, replace(CLAIMED, deployment=back))

    assert after[: len(before)] == before
    assert after[len(before)] == "✗ Release 8f14e45f to prod failed; rolling back to release c9f0f895"
    assert after[len(before) + 1].startswith("deployment back (rollback) is recorded: ")


def test_view_that_a_narrower_terminal_wraps_is_erased_whole() -> None:
    drawn = Drawn(width=80)
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        before = len(drawn.file.getvalue())
        drawn.console.width = 40  # the bar's line, of 80 columns, takes two lines now
        show(looked_at("search", 10))
    redrawn = drawn.file.getvalue()[before:]
    lines_drawn, wrapped = 5, 1
    assert redrawn.partition("release")[0].count("\x1b[1A") == lines_drawn - 1 + wrapped


def test_view_follows_the_size_of_the_terminal() -> None:
    drawn = Drawn(width=200, height=50)
    services = tuple(outcome(f"s{number}", ServiceStatus.PENDING) for number in range(60))
    many = Claimed(deployment(DeploymentStatus.IN_PROGRESS, services), CLAIMED.plan)
    with LiveProgress(drawn.console, Watch()) as show:
        show(many)
        drawn.console.size = ConsoleDimensions(60, 6)
        show(REDEPLOYED)
        lines = drawn.lines()
    assert max(map(cell_len, lines[-3:])) <= 60
    assert lines[-1] == "… search  redeployment requested"


def test_tag_that_was_moved_back_is_not_counted_as_moved() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(MOVED)
        show(TagPutBack(IMAGE))
    lines = drawn.lines()
    assert lines[0] == "search: env.prod put back, bbbbbbb → aaaaaaa"
    assert lines[2].startswith("tags 0/1, ")


def test_watching_without_a_deployment_draws_the_services() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(looked_at("search", 10, running=2))
    assert drawn.lines()[-1] == "… search  2/2  0 s  tasks start"


def test_no_line_is_wider_than_the_terminal() -> None:
    drawn = Drawn(width=40)
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(looked_at("a-service-with-a-very-long-name", 10, state="日本語 " * 30))
        show(crashed("search", 75))
    assert max(cell_len(line) for line in drawn.lines()) <= 40
