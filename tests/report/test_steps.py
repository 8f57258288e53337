"""The steps of a deployment in each place where people and scripts read of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.report.samples import (
    BROKEN_MIGRATION,
    MIGRATED,
    deployment,
    later,
    outcome,
    plan,
    planned_image,
    planned_service,
)
from tests.report.story import CLAIMED, Watch
from tests.report.test_live import Drawn
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Event, StepFinished, StepOutput, StepStarted
from weco_deploy.model.kind import Kind
from weco_deploy.model.launch import Launch
from weco_deploy.model.plan import Action, Plan
from weco_deploy.model.planned_task import PlannedTask, TaskAction
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.model.service import DefinedContainer, TaskDefinition
from weco_deploy.model.steps import WAVE, StepOutcome, StepStatus
from weco_deploy.report.board.deployments import deployment_page
from weco_deploy.report.build_summary import deployment_report, plan_report
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.documents import deployment_document, json_text, plan_document
from weco_deploy.report.live import LiveProgress
from weco_deploy.report.live_view import draw
from weco_deploy.report.plain import PlainProgress
from weco_deploy.report.plan_text import plan_text
from weco_deploy.report.rollout_state import RolloutState
from weco_deploy.report.screen import Screen

RUNNING = StepOutcome(id="migrate", kind="before", status=StepStatus.RUNNING, started=later(3))
PENDING = (outcome("search", ServiceStatus.PENDING),)
FAILED = deployment(DeploymentStatus.FAILED, PENDING, steps=(BROKEN_MIGRATION,))


def began(*steps: StepOutcome) -> Claimed:
    recorded = replace(CLAIMED.deployment, steps=steps)
    return replace(CLAIMED, deployment=recorded)


def plain(*events: Event, seconds: tuple[float, ...] = ()) -> str:
    """The lines of the events, each at its time."""
    stream, watch = io.StringIO(), Watch()
    show = PlainProgress(stream, watch)
    for number, event in enumerate(events):
        watch.seconds = seconds[number] if seconds else 0.0
        show(event)
    return stream.getvalue()


def test_success_lists_its_steps() -> None:
    skipped = StepOutcome(
        id="seed", kind="before", status=StepStatus.SKIPPED, detail="it ran for these images"
    )
    done = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),), steps=(MIGRATED, skipped))
    assert (
        "  ✓ migrate (before) succeeded after 12 s\n  · seed (before) skipped: it ran for these images\n"
    ) in deployment_text(done, Screen())


def test_failed_step_has_its_exit_code_reason_and_log_before_the_services() -> None:
    text = deployment_text(FAILED, Screen())
    assert (
        "✗ migrate (before) failed after 12 s: exit code 3: Essential container in task exited\n"
        "      | migrating\n"
        "      |   no such column\n"
        "      log: /ecs/search app/app/0a1b2c3d4e5f\n"
    ) in text
    assert text.index("migrate") < text.index("search (catalogue/search-prod) not begun")


@pytest.mark.parametrize(
    ("status", "detail", "text"),
    [
        (StepStatus.PENDING, "", "… migrate (before) not begun"),
        (StepStatus.RUNNING, "", "… migrate (before) still running"),
        (StepStatus.TIMED_OUT, "it was stopped", "✗ migrate (before) ran out of time: it was stopped"),
        (StepStatus.UNKNOWN, "its task is gone", "✗ migrate (before) ended in an unknown way: its task is gone"),
    ],
)  # fmt: skip
def test_step_says_how_far_it_is(status: StepStatus, detail: str, text: str) -> None:
    step = StepOutcome(id="migrate", kind="before", status=status, detail=detail)
    assert text in deployment_text(deployment(DeploymentStatus.FAILED, steps=(step,)), Screen())


def test_document_has_the_steps() -> None:
    document = json.loads(json_text(deployment_document(FAILED)))
    assert document["deployment"]["steps"] == [
        {
            "id": "migrate",
            "kind": "before",
            "status": "failed",
            "started": "2026-03-04T12:00:03.000000Z",
            "finished": "2026-03-04T12:00:15.000000Z",
            "exit_code": 3,
            "detail": "Essential container in task exited",
            "log_location": "/ecs/search app/app/0a1b2c3d4e5f",
            "log_lines": ["migrating", "  no such column"],
            "output": [],
            "advisory": False,
        }
    ]


def test_plain_lines_follow_a_step_and_its_log() -> None:
    output = StepOutput("migrate", ("migrating", "::error::no such column"))
    assert (
        plain(StepStarted(RUNNING), output, StepFinished(BROKEN_MIGRATION))
        == """\
12:00:00Z migrate (before) began
12:00:00Z migrate | migrating
          migrate | : :error::no such column
12:00:00Z ✗ migrate (before) failed after 12 s: exit code 3: Essential container in task exited
                log: /ecs/search app/app/0a1b2c3d4e5f
"""
    )


def test_plain_line_says_that_an_earlier_deployment_began_the_step() -> None:
    assert (
        plain(StepStarted(RUNNING, resumed=True))
        == "12:00:00Z migrate (before) goes on: an earlier deployment began it\n"
    )


def test_plain_line_after_a_silent_minute_names_the_step() -> None:
    quiet = StepOutput("migrate", ())
    assert plain(StepStarted(RUNNING), quiet, quiet, seconds=(0, 30, 60)) == (
        "12:00:00Z migrate (before) began\n12:01:00Z still waiting for migrate\n"
    )


def drawn(*events: Event) -> list[str]:
    state = RolloutState()
    for event in events:
        state = state.after(event)
    screen = Screen(width=80, height=24, terminal=True)
    return [line.plain for line in draw(state, screen, later(63), timedelta(seconds=63))]


def test_live_view_shows_the_step_that_runs_with_its_last_line_and_counts_steps() -> None:
    events = (
        began(replace(RUNNING, status=StepStatus.PENDING, started=None)),
        StepStarted(RUNNING),
        StepOutput("migrate", ("one", "two")),
        StepOutput("migrate", ()),
    )
    assert drawn(*events)[1:3] == [
        "tags 0/1, steps 0/1, 2 not begun, 1 done",
        "… migrate  1 min 00 s  | two",
    ]


def test_live_view_shows_a_failed_step_and_no_step_that_succeeded() -> None:
    assert drawn(began(RUNNING), StepFinished(BROKEN_MIGRATION))[2] == (
        "✗ migrate  failed after 12 s: exit code 3: Essential container in task exited"
    )
    assert "migrate" not in "".join(drawn(began(RUNNING), StepFinished(MIGRATED)))


def test_log_of_a_step_stays_above_the_live_view() -> None:
    terminal = Drawn()
    with LiveProgress(terminal.console, Watch()) as show:
        for event in (began(RUNNING), StepStarted(RUNNING), StepOutput("migrate", ("one", "two"))):
            show(event)
    assert terminal.lines()[:3] == [
        "migrate | one",
        "migrate | two",
        "release 8f14e45f to prod  ━━━━━━━━━━━━━━──────────────────────────────  1/3  0 s",
    ]


def report_of(shown: Deployment) -> str:
    return deployment_report(shown, {}, None).summary


def test_build_summary_has_the_failed_step_with_its_log_and_all_steps_folded() -> None:
    summary = report_of(FAILED)
    assert (
        "**migrate \\(before\\)** failed after 12 s: exit code 3: Essential container in task exited"
        in summary
    )
    assert "no such column" in summary
    assert "succeeded after 12 s" in report_of(deployment(steps=(MIGRATED,))).partition("<details>")[2]


def test_failed_step_is_an_annotation() -> None:
    first, *_ = deployment_report(FAILED, {}, None).annotations
    assert (first.title, first.message) == (
        "migrate",
        "migrate (before) failed after 12 s: exit code 3: Essential container in task exited; log: no such column",
    )


def test_page_on_the_board_explains_the_failed_step_before_the_services() -> None:
    details = DeploymentDetails(deployment=FAILED, release=None)
    first, second = deployment_page(details, frozenset(), None, ()).attempt.failures
    assert (
        first.heading
        == "✗ migrate (before) failed after 12 s: exit code 3: Essential container in task exited"
    )
    assert [(block.lines, block.log) for block in first.blocks] == [
        (("| migrating", "|   no such column", "log: /ecs/search app/app/0a1b2c3d4e5f"), True)
    ]
    assert second.heading.startswith("… search (catalogue/search-prod) not begun")


def test_plan_that_skips_a_task_says_why() -> None:
    definition = TaskDefinition(arn="arn:aws:ecs:eu-west-1:1:task-definition/m:7", family="m", containers=())
    task = PlannedTask(
        id="migrate",
        action=TaskAction.SKIP,
        why="it ran with these images already, in deployment 45c48cce",
        definition=definition,
        container=DefinedContainer("app", "search"),
        command=None,
        launch=Launch(cluster="shop"),
        images=("search",),
        expected=(),
        replicas=(),
        timeout=60,
        key="1f2e",
    )
    planned = replace(plan((planned_image("search", "a", "b"),)), tasks=(task,))
    text = plan_text(planned, Screen())
    assert "Tasks before the services restart (1):" in text
    assert "m:7" in text
    assert "it ran with these images already, in deployment 45c48cce" in text
    assert "Before them" not in text
    (step,) = json.loads(json_text(plan_document(planned)))["plan"]["steps"]
    assert (step["action"], step["command"]) == ("skip", None)


WAVES = (
    StepOutcome(id="wave 1", kind=WAVE, status=StepStatus.SUCCEEDED, started=later(0), finished=later(12)),
    StepOutcome(
        id="wave 2",
        kind=WAVE,
        status=StepStatus.FAILED,
        started=later(12),
        finished=later(30),
        detail="items failed",
    ),
    StepOutcome(id="wave 3", kind=WAVE),
)
STOPPED = replace(
    deployment(steps=WAVES),
    status=DeploymentStatus.FAILED,
    services=(
        outcome("search", ServiceStatus.SUCCEEDED),
        outcome("items", ServiceStatus.FAILED),
        outcome("web", ServiceStatus.NOT_STARTED),
        outcome("admin", ServiceStatus.NOT_STARTED),
    ),
)


def test_waves_are_shown_by_their_numbers() -> None:
    text = deployment_text(STOPPED, Screen())
    assert "✓ wave 1 succeeded after 12 s" in text
    assert "✗ wave 2 failed after 18 s: items failed" in text
    assert "… wave 3 not begun" in text
    assert "1 failed, 2 not started, 1 succeeded" in text


def test_page_on_the_board_shows_the_waves() -> None:
    page = deployment_page(DeploymentDetails(deployment=STOPPED, release=None), frozenset(), None, ())
    assert {"✓ wave 1 succeeded after 12 s", "… wave 3 not begun"} <= set(page.attempt.summary)
    failed, *others = [failure.heading for failure in page.attempt.failures]
    assert failed == "✗ wave 2 failed after 18 s: items failed"
    assert [heading.rpartition(" ")[2] for heading in others] == ["failed", "started", "started"]


def test_services_that_were_not_started_share_a_line_below_those_that_failed() -> None:
    first, *rest = STOPPED.services
    text = deployment_text(replace(STOPPED, services=(first, *reversed(rest))), Screen())
    below = text.partition("✗ items (catalogue/items-prod) failed")[2]
    assert "… admin (catalogue/admin-prod) not started\n    the same with 1 more service: web\n" in below


def test_failed_wave_and_services_that_were_not_started_are_no_annotations() -> None:
    report = deployment_report(STOPPED, {}, None)
    assert [found.title for found in report.annotations] == ["items"]
    assert "**web" not in report.summary


def test_live_view_shows_the_wave_that_is_running() -> None:
    running = replace(WAVES[1], status=StepStatus.RUNNING, detail="", finished=None)
    shown = drawn(began(running), StepStarted(running))
    assert shown[2].startswith("… wave 2")


def in_waves(kind: Kind) -> Plan:
    services = (
        planned_service("search", Action.REDEPLOY, "other images run"),
        replace(planned_service("items", Action.LEAVE, "it runs this release"), wave=2),
        replace(planned_service("web", Action.ADOPT, "its rollout is in progress"), wave=3),
    )
    return replace(plan((planned_image("search", "a", "b"),), services), kind=kind)


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        (Kind.DEPLOY, "Waves, each after all services of the one before have succeeded:"),
        (Kind.ROLLBACK, "Waves, backwards; a service that fails or is slow does not hold up the next wave:"),
    ],
)
def test_plan_shows_the_waves_that_change_anything(kind: Kind, heading: str) -> None:
    text = plan_text(in_waves(kind), Screen())
    assert f"{heading}\n  1  search\n  3  web\n" in text
    assert "redeploy 1 of 3 services, watch 1 of 3 services in 2 waves" in text
    services = json.loads(json_text(plan_document(in_waves(kind))))["plan"]["services"]
    assert [service["wave"] for service in services] == [1, 2, 3]


def test_build_summary_of_a_plan_has_the_waves() -> None:
    assert "| search | 1 | other images run |" in plan_report(in_waves(Kind.DEPLOY)).summary
