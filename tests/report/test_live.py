from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.report.samples import deployment, outcome
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
from weco_deploy.model.events import Claimed, Event, Notice, Settled, TagPutBack, Waiting
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
    assert drawn.lines()[-4:] == [
        "✗ search     0/2  1 min 12 s  failed: tasks failed to start",
        "✓ worker     1/2        27 s  succeeded",
        "· items                       unchanged",
        "release 8f14e45f to prod: tags 1/1, services 3/3, 1 failed, 1 min 15 s",
    ]


def test_services_in_progress_show_their_tasks_state_and_time() -> None:
    drawn, watch = Drawn(), Watch()
    with LiveProgress(drawn.console, watch) as show:
        show(CLAIMED)
        show(REDEPLOYED)
        watch.seconds = 13
        show(looked_at("worker", 13, running=1, state="1 of 2 tasks run"))
        assert drawn.lines() == [
            "… search                      told to redeploy",
            "… worker     1/2        10 s  1 of 2 tasks run",
            "· items                       unchanged",
            "release 8f14e45f to prod: tags 0/1, services 1/3, 13 s",
        ]


def test_failure_is_explained_at_once() -> None:
    drawn = Drawn(width=100)
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(crashed("search", 75))
        text = "\n".join(drawn.lines())
    assert "✗ search (catalogue/search-prod) failed: tasks failed to start (after 1 min 12 s)" in text
    assert "    task 0a1b2c3d4e5f, container app, EssentialContainerExited, exit code 3" in text
    assert "|   no index called works" in text


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
    assert drawn.lines()[-1].startswith("release 8f14e45f to prod: tags 0/1, services 1/3")


def test_services_that_do_not_fit_are_hidden_until_the_end_except_failed_ones() -> None:
    drawn = Drawn(height=6)
    services = [outcome(f"s{number}", ServiceStatus.UNCHANGED) for number in range(20)]
    failed = outcome("last", ServiceStatus.FAILED, "it crashed")
    many = deployment(DeploymentStatus.FAILED, (*services, failed))
    with LiveProgress(drawn.console, Watch()) as show:
        show(Claimed(many, CLAIMED.plan))
        during = drawn.lines()
        show(Settled(many))
    assert [line.split()[1] for line in during[:3]] == ["last", "s0", "s1"]
    assert during[3] == "and 18 more"
    assert len(during) == 5
    assert len(drawn.lines()) == 22


@pytest.mark.parametrize("between", [(SETTLED,), ()])
def test_rollback_is_drawn_below_the_failed_deployment(between: tuple[Event, ...]) -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        for event in (CLAIMED, crashed("search", 75), *between, CLAIMED, succeeded("search", 90)):
            show(event)
    lines = drawn.lines()
    assert sum(line.startswith("release 8f14e45f to prod") for line in lines) == 2
    assert "✗ search          1 min 12 s  failed: tasks failed to start" in lines
    assert "✓ search          1 min 27 s  succeeded" in lines


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
        "✗ Release 8f14e45f to prod failed and was rolled back after 3 min 12 s: 1 failed, 1 redeployed, 1 unchanged"
    )


def test_resumed_deployment_is_not_drawn_and_does_not_end_the_drawing() -> None:
    resumed = Claimed(replace(CLAIMED.deployment, kind=Kind.ROLLBACK))

    assert drawn_after(resumed) == []
    assert drawn_after(looked_at("search", 10), resumed, SETTLED) == drawn_after(
        looked_at("search", 10), SETTLED
    )


def test_rollback_is_announced() -> None:
    drawn = Drawn(width=120)
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(replace(CLAIMED, deployment=replace(CLAIMED.deployment, kind=Kind.ROLLBACK)))
    text = "\n".join(drawn.lines())
    assert text.count("is recorded") == text.count("deployment 45c48cce (rollback) is recorded: ") == 1


def test_tag_that_was_moved_back_is_not_counted_as_moved() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(MOVED)
        show(TagPutBack(IMAGE))
    lines = drawn.lines()
    assert lines[0] == "search: env.prod put back, bbbbbbb → aaaaaaa"
    assert "tags 0/1" in lines[-1]


def test_watching_without_a_deployment_draws_the_services() -> None:
    drawn = Drawn()
    with LiveProgress(drawn.console, Watch()) as show:
        show(looked_at("search", 10, running=2))
    assert drawn.lines()[-1] == "services 0/1, 0 s"


def test_no_line_is_wider_than_the_terminal() -> None:
    drawn = Drawn(width=40)
    with LiveProgress(drawn.console, Watch()) as show:
        show(CLAIMED)
        show(looked_at("a-service-with-a-very-long-name", 10, state="日本語 " * 30))
        show(crashed("search", 75))
    assert max(cell_len(line) for line in drawn.lines()) <= 40
