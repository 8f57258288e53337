from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.text import Text

from tests.report.samples import CRASH, EARLIER_ID, NIGHTLY, change, deployment, outcome, release
from weco_deploy.model.deployment import DeploymentStatus, Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.requests import DeployRequest
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.screen import Screen

COMMAND = (
    "weco-deploy -i catalogue_api deploy "
    "--release-id 8f14e45f-ceea-467f-a6fa-0123456789ab --environment-id prod --description 'Weekly release'"
)


def test_success_counts_services_and_names_those_not_verified() -> None:
    services = (
        *(outcome(f"search-{number}", ServiceStatus.SUCCEEDED) for number in range(12)),
        *(outcome(f"items-{number}", ServiceStatus.UNCHANGED) for number in range(3)),
        outcome("worker", ServiceStatus.NOTHING_RUNNING),
    )
    done = deployment(
        services=services, images=(change("search", "a", "b"), change("items", "c", "c", False))
    )
    assert deployment_text(done, Screen()) == (
        """\
✓ Release 8f14e45f to prod succeeded after 3 min 12 s
  12 succeeded, 3 unchanged, 1 with nothing running
  deployment 45c48cce-2e2d-4fbd-aa1c-0123456789ab
  1 tag moved
  nothing running, so nothing was verified (1): worker
"""
    )


def test_success_says_what_was_left_out() -> None:
    done = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),), left_out=(NIGHTLY,))
    assert "  left out (1):\n    ! nightly: not found\n" in deployment_text(done, Screen())


def test_success_names_the_old_tasks_that_keep_running() -> None:
    ends = [datetime(2026, 3, 4, 14, minute, tzinfo=UTC) for minute in (30, 20)]
    workers = tuple(DrainingTask("t", until, StaysBecause.SCALE_IN_PROTECTION) for until in ends)
    early = (DrainingTask("t", None, StaysBecause.EARLY_SUCCESS),)
    done = deployment(
        services=(
            replace(outcome("worker", ServiceStatus.SUCCEEDED), draining=workers),
            replace(outcome("search", ServiceStatus.SUCCEEDED), draining=early),
        )
    )
    text = deployment_text(done, Screen(width=140))
    assert (
        "  worker: 2 old tasks keep running until 2026-03-04 14:30 UTC at the latest (scale-in protection)\n"
        "  search: 1 old task keeps running (early success: ECS removes old tasks later)\n"
    ) in text


def test_failure_shows_its_reason_evidence_and_next_commands() -> None:
    services = (
        outcome("search", ServiceStatus.FAILED, "ECS rolled back: tasks failed to start", (CRASH,)),
        outcome("items", ServiceStatus.SUCCEEDED),
    )
    failed = deployment(
        DeploymentStatus.FAILED, services, (change("search", "a", "b"), change("works", "a", "c", False))
    )
    assert deployment_text(failed, Screen(), ("-i", "catalogue_api")) == (
        f"""\
✗ Release 8f14e45f to prod failed after 3 min 12 s
  1 failed, 1 succeeded
  deployment 45c48cce-2e2d-4fbd-aa1c-0123456789ab
  1 tag moved
  tags that do not point at this release (1): works

✗ search (catalogue/search-prod) failed: ECS rolled back: tasks failed to start
    task 0a1b2c3d4e5f, container app, EssentialContainerExited, exit code 3: Essential container in task exited
      | starting
      |   no index called works
      log: /ecs/search app/app/0a1b2c3d4e5f
    service: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/health?region=eu-west-1
    logs:    https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/logs?region=eu-west-1

Next:
  go back to the last release that worked:
    weco-deploy -i catalogue_api rollback --environment-id prod
  check its current state:
    weco-deploy -i catalogue_api confirm-deploy --environment-id prod
  after fixing the cause, run it again (healthy services are left alone):
    {COMMAND}
"""
    )


def event(message: str) -> Failure:
    return Failure(kind="event", message=message)


REPEATED = (
    event("(service search) rolling back to deployment ecs-svc/42."),
    event("(service search) (deployment ecs-svc/43) deployment failed: tasks failed to start."),
    event("(service search) is unable to consistently start tasks successfully."),
)


def test_events_that_only_repeat_that_tasks_failed_are_left_out() -> None:
    full = event(
        "(service search) was unable to place a task: no container instance met all of its requirements."
    )
    crashed = outcome("search", ServiceStatus.FAILED, "its tasks stop", (CRASH, *REPEATED, full))
    text = deployment_text(deployment(DeploymentStatus.FAILED, (crashed,)), Screen())
    assert full.message in text
    assert not [repeated.message for repeated in REPEATED if repeated.message in text]


def test_event_that_explains_alone_is_shown() -> None:
    failed = outcome("search", ServiceStatus.FAILED, "ECS rolled back", REPEATED[1:2])
    assert REPEATED[1].message in deployment_text(deployment(DeploymentStatus.FAILED, (failed,)), Screen())


def test_services_that_failed_alike_are_shown_once() -> None:
    def failed(name: str, *log_lines: str) -> ServiceOutcome:
        crash = replace(
            CRASH, task=f"task-of-{name}", message=f"{CRASH.message} (so did 2 more)", log_lines=log_lines
        )
        return replace(outcome(name, ServiceStatus.FAILED, "its tasks stop", (crash,)), images=("search",))

    alike = [failed(name, "no such index") for name in ("api", "worker", "loader")]
    services = (*alike, failed("indexer", "out of memory"))
    text = deployment_text(deployment(DeploymentStatus.FAILED, services), Screen())
    assert text.count("✗") == 3, "the verdict, the three, and the service with another log"
    assert "    the same with 2 more services: worker, loader\n" in text
    assert "      | out of memory\n" in text


def test_timeout_names_the_services_in_progress() -> None:
    services = (
        outcome("search", ServiceStatus.IN_PROGRESS, "1 of 2 tasks run"),
        outcome("items", ServiceStatus.PENDING),
        outcome("works", ServiceStatus.SUPERSEDED),
    )
    assert deployment_text(deployment(DeploymentStatus.TIMED_OUT, services), Screen()) == (
        """\
✗ Release 8f14e45f to prod ran out of waiting time after 3 min 12 s
  1 superseded, 1 still in progress, 1 not begun
  deployment 45c48cce-2e2d-4fbd-aa1c-0123456789ab

… search (catalogue/search-prod) still in progress: 1 of 2 tasks run
    service: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/health?region=eu-west-1
    logs:    https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/logs?region=eu-west-1

… items (catalogue/items-prod) not begun

✗ works (catalogue/works-prod) superseded by another deployment

Next:
  the services may still get there; go on watching:
    weco-deploy confirm-deploy --environment-id prod
  or run it again (healthy services are left alone):
    weco-deploy deploy --release-id 8f14e45f-ceea-467f-a6fa-0123456789ab --environment-id prod --description 'Weekly release'
"""
    )


def test_rollback_has_a_summary() -> None:
    back = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),), release_id=EARLIER_ID)
    rolled_back = deployment(DeploymentStatus.ROLLED_BACK, rollback=back)
    assert """
Rollback:
✓ Release c9f0f895 to prod succeeded after 3 min 12 s
  1 succeeded
""" in deployment_text(rolled_back, Screen())


def test_reason_of_the_deployment_is_shown() -> None:
    over = replace(deployment(DeploymentStatus.TIMED_OUT), reason="still not done after 600 s")
    assert "\n  no services\n  still not done after 600 s\n  deployment" in deployment_text(over, Screen())


def test_link_is_never_wrapped() -> None:
    failed = deployment(DeploymentStatus.FAILED, (outcome("search", ServiceStatus.FAILED),))
    text = deployment_text(failed, Screen(width=40, terminal=True))
    assert "/ecs/v2/clusters/catalogue/services/search-prod/health?region=eu-west-1\n" in text


def test_links_are_shown_only_for_failed_services() -> None:
    fine = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),))
    assert "https://" not in deployment_text(fine, Screen())


def test_reason_for_passing_a_gate_is_shown() -> None:
    forced = replace(deployment(), gate_override="the site is down")
    assert "  the gate was passed by hand: the site is down\n" in deployment_text(forced, Screen())


def test_tags_of_a_5x_deployment_are_not_shown() -> None:
    old = deployment(DeploymentStatus.UNVERIFIED, images=(change("search", "a", "b", False),))
    assert "tags that" not in deployment_text(old, Screen())


def test_failure_without_a_message_is_still_a_line() -> None:
    bare = outcome("search", ServiceStatus.FAILED, failures=(Failure(kind="ecs", message=""),))
    assert "\n    ecs\n" in deployment_text(deployment(DeploymentStatus.FAILED, (bare,)), Screen())


def test_command_is_never_wrapped() -> None:
    text = deployment_text(
        deployment(DeploymentStatus.FAILED), Screen(width=40, terminal=True), ("-i", "catalogue_api")
    )
    assert COMMAND in text


def test_log_lines_have_no_terminal_escapes() -> None:
    nasty = replace(CRASH, log_lines=("\x1b[2J[red]gone[/red]\x07", "\x1b]0;title\x07:smile:"))
    failed = deployment(
        DeploymentStatus.FAILED, (outcome("search", ServiceStatus.FAILED, failures=(nasty,)),)
    )
    for screen in (Screen(), Screen(width=80, terminal=True)):
        text = deployment_text(failed, screen)
        assert "      | [red]gone[/red]\n      | :smile:\n" in text
        assert "\x1b[2J" not in text
        assert "\x07" not in text


def test_commands_repeat_the_flags_of_the_request() -> None:
    asked = DeployRequest(release=release(), environment_id="prod", description="x", allow_missing=True)
    assert f"    {COMMAND} --allow-missing\n" in deployment_text(
        deployment(DeploymentStatus.FAILED), Screen(), ("-i", "catalogue_api"), asked
    )


def test_exit_code_of_zero_is_shown() -> None:
    ended = outcome("search", ServiceStatus.FAILED, failures=(replace(CRASH, exit_code=0),))
    assert "exit code 0:" in deployment_text(deployment(DeploymentStatus.FAILED, (ended,)), Screen())


@pytest.mark.parametrize(
    ("status", "sign"),
    [
        (DeploymentStatus.SUCCEEDED, "✓"),
        (DeploymentStatus.IN_PROGRESS, "…"),
        (DeploymentStatus.UNVERIFIED, "·"),
        (DeploymentStatus.FAILED, "✗"),
        (DeploymentStatus.TIMED_OUT, "✗"),
        (DeploymentStatus.INTERRUPTED, "✗"),
        (DeploymentStatus.ROLLED_BACK, "✗"),
    ],
)
def test_success_mark_is_shown_only_for_a_success(status: DeploymentStatus, sign: str) -> None:
    assert deployment_text(deployment(status), Screen()).startswith(f"{sign} Release 8f14e45f to prod ")


def test_terminal_and_file_show_the_same_except_for_wrapping_and_colour() -> None:
    failed = deployment(
        DeploymentStatus.FAILED, (outcome("search", ServiceStatus.FAILED, failures=(CRASH,)),)
    )
    on_a_terminal = deployment_text(failed, Screen(width=200, terminal=True))
    shown = Text.from_ansi(on_a_terminal).plain
    assert shown.rstrip("\n") == deployment_text(failed, Screen()).rstrip("\n")


def test_cause_that_the_reason_gives_is_not_said_again() -> None:
    pull = Failure(
        kind="task",
        message="CannotPullContainerError: no (so did 2 more)",
        task="0a1b2c3d4e5f",
        container="app",
        stop_code="TaskFailedToStart",
    )
    reason = "3 tasks of this deployment stopped: CannotPullContainerError: no; it has no circuit breaker"
    failed = deployment(DeploymentStatus.FAILED, (outcome("search", ServiceStatus.FAILED, reason, (pull,)),))
    text = deployment_text(failed, Screen())
    assert text.count("CannotPullContainerError") == 1
    assert "    task 0a1b2c3d4e5f, container app, TaskFailedToStart (so did 2 more)\n" in text
