from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.report.samples import EARLIER_ID, RELEASE_ID, change, deployment, outcome, release
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ImageChange, ServiceStatus
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.model.requests import ConfirmRequest, DeployOptions, DeployRequest, flags
from weco_deploy.report.flags import flags_for_any, flags_for_this
from weco_deploy.report.next_steps import Request, next_steps

ABOUT = "--description 'Weekly release'"
DEPLOY = f"weco-deploy deploy --release-id {RELEASE_ID} --environment-id prod {ABOUT}"
ROLLBACK = "weco-deploy rollback --environment-id prod"
WATCH = "weco-deploy confirm-deploy --environment-id prod"


@pytest.mark.parametrize(
    ("status", "commands"),
    [
        (DeploymentStatus.SUCCEEDED, []),
        (DeploymentStatus.UNVERIFIED, []),
        (DeploymentStatus.IN_PROGRESS, [WATCH]),
        (DeploymentStatus.TIMED_OUT, [WATCH, DEPLOY]),
        (DeploymentStatus.INTERRUPTED, [DEPLOY, WATCH]),
        (DeploymentStatus.FAILED, [WATCH, DEPLOY]),
        (DeploymentStatus.ROLLED_BACK, [DEPLOY]),
    ],
)
def test_next_steps_of_each_verdict(status: DeploymentStatus, commands: list[str]) -> None:
    assert [step.command for step in next_steps(deployment(status))] == commands


def test_deployment_that_timed_out_before_any_service_restarted_is_only_run_again() -> None:
    pending = replace(outcome("search", ServiceStatus.PENDING), ecs_deployment_id=None)
    put_back = change("search", "old", "new", moved=False)
    (again,) = next_steps(deployment(DeploymentStatus.TIMED_OUT, (pending,), (put_back,)))
    assert again.when == "after fixing the cause, run it again"
    assert again.command.startswith("weco-deploy deploy --release-id")


def test_commands_repeat_and_quote_global_options() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.IN_PROGRESS), ("-f", "my project"))
    assert str(step) == "watch it: weco-deploy -f 'my project' confirm-deploy --environment-id prod"


def test_failed_automatic_rollback_is_suggested_again() -> None:
    back = replace(deployment(DeploymentStatus.FAILED, release_id=EARLIER_ID), kind=Kind.ROLLBACK)
    watch, again = next_steps(deployment(DeploymentStatus.FAILED, rollback=back))
    assert watch.command == WATCH
    assert again.command == f"weco-deploy rollback --environment-id prod --to-release {EARLIER_ID} {ABOUT}"


@pytest.mark.parametrize(
    "status", [DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED]
)
def test_rollback_is_suggested_if_tags_moved(status: DeploymentStatus) -> None:
    moved = deployment(status, images=(change("search", "a", "b"),))
    assert ROLLBACK in [step.command for step in next_steps(moved)]


NO_ROOM = Failure(kind="event", message="(service search) was unable to place a task because no container …")
NO_SECRET = Failure(
    kind="task", message="ResourceInitializationError: unable to pull secrets", stop_code="TaskFailedToStart"
)


@pytest.mark.parametrize("failure", [NO_ROOM, NO_SECRET], ids=["no room", "no secret"])
@pytest.mark.parametrize(
    ("status", "service"),
    [
        (DeploymentStatus.FAILED, ServiceStatus.FAILED),
        (DeploymentStatus.TIMED_OUT, ServiceStatus.IN_PROGRESS),
    ],
)
def test_deployment_whose_tasks_could_not_be_placed_or_started_is_run_again_and_not_rolled_back(
    status: DeploymentStatus, service: ServiceStatus, failure: Failure
) -> None:
    stuck = replace(outcome("search", service), failures=(failure,))
    fine = outcome("items", ServiceStatus.SUCCEEDED)
    tried = deployment(status, (stuck, fine), (change("search", "a", "b"), change("items", "a", "b")))

    assert [str(step) for step in next_steps(tried)] == [
        f"after fixing the cause, run it again (healthy services are left alone): {DEPLOY}",
        f"or only check its current state: {WATCH}",
    ]


def test_rollback_is_suggested_if_one_service_lacked_room_and_another_failed() -> None:
    stuck = replace(outcome("search", ServiceStatus.FAILED), failures=(NO_ROOM,))
    broken = replace(
        outcome("items", ServiceStatus.FAILED), failures=(Failure(kind="task", message="exited"),)
    )
    tried = deployment(DeploymentStatus.FAILED, (stuck, broken), (change("search", "a", "b"),))
    assert ROLLBACK in [step.command for step in next_steps(tried)]


def test_rollback_is_the_first_suggestion_after_a_failed_deployment() -> None:
    first, *_ = next_steps(CHANGED)
    assert str(first) == f"go back to the last release that worked: {ROLLBACK}"


@pytest.mark.parametrize(
    "status", [DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED]
)
def test_rollback_after_a_rollback_needs_a_named_release(status: DeploymentStatus) -> None:
    moved = replace(deployment(status, images=(change("search", "a", "b"),)), kind=Kind.ROLLBACK)
    shown = next_steps(moved)
    commands = [step.command for step in shown]
    assert ROLLBACK not in commands
    assert f"{ROLLBACK} --to-release {RELEASE_ID} {ABOUT}" in commands
    assert (
        "or find another release for `rollback --to-release`: weco-deploy show-deployments --environment-id prod"
        in ([str(step) for step in shown])
    )


@pytest.mark.parametrize(
    "untouched",
    [change("search", "a", "b", moved=False), change("search", None, "b")],
    ids=["not moved", "new"],
)
def test_rollback_is_not_suggested_if_no_existing_tag_moved(
    untouched: ImageChange,
) -> None:
    shown = next_steps(deployment(DeploymentStatus.FAILED, images=(untouched,)))
    assert ROLLBACK not in [step.command for step in shown]


def test_rollback_is_suggested_if_a_tag_already_pointed_at_a_failed_image() -> None:
    failed = outcome("search", ServiceStatus.FAILED)
    fine = outcome("items", ServiceStatus.SUCCEEDED)
    both = (change("search", "b", "b", moved=False), change("items", "b", "b", moved=False))
    shown = next_steps(deployment(DeploymentStatus.FAILED, (failed, fine), both))
    assert ROLLBACK in [step.command for step in shown]
    shown = next_steps(deployment(DeploymentStatus.TIMED_OUT, (fine,), both))
    assert ROLLBACK not in [step.command for step in shown]


def test_retry_repeats_the_reason_for_passing_a_gate() -> None:
    forced = replace(deployment(DeploymentStatus.ROLLED_BACK), gate_override="the site is down")
    (step,) = next_steps(forced)
    assert step.command == f"{DEPLOY} --override-gate 'the site is down'"


def test_commands_quote_ids() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.ROLLED_BACK, release_id="x; rm -rf ~\x1b[A"))
    assert step.command == f"weco-deploy deploy --release-id 'x; rm -rf ~' --environment-id prod {ABOUT}"


ASKED = DeployRequest(release=release(), environment_id="prod", description="Weekly release")
UNUSUAL = replace(
    ASKED,
    wait=900.0,
    interval=0.5,
    wait_for_lock=60.0,
    lease=300,
    allow_missing=True,
    rollback_on_failure=True,
)
HOW = "--confirmation-wait-for 900 --confirmation-interval 0.5 --wait-for-lock 60 --lock-lease 300 --allow-missing"
CHANGED = deployment(DeploymentStatus.FAILED, images=(change("search", "a", "b"),))


def steps(deployment: Deployment, request: Request) -> dict[str, str]:
    return {step.when: step.command for step in next_steps(deployment, (), request)}


def test_retry_repeats_the_flags_of_the_request() -> None:
    again = steps(CHANGED, UNUSUAL)["after fixing the cause, run it again (healthy services are left alone)"]
    assert again == f"{DEPLOY} {HOW} --rollback-on-failure"


def test_retry_does_not_repeat_defaults() -> None:
    assert next_steps(CHANGED, (), ASKED) == next_steps(CHANGED)


def test_retry_does_not_repeat_the_default_description() -> None:
    usual = replace(deployment(DeploymentStatus.ROLLED_BACK), description="No description provided")
    (step,) = next_steps(usual)
    assert "--description" not in step.command
    (step, *_) = next_steps(
        replace(usual, status=DeploymentStatus.INTERRUPTED, kind=Kind.ROLLBACK, description="Rollback")
    )
    assert "--description" not in step.command


def test_forced_retry_does_not_say_that_services_are_left_alone() -> None:
    forced = steps(CHANGED, replace(ASKED, force_redeploy=True))
    assert (
        forced["after fixing the cause, run it again (all services are redeployed)"]
        == f"{DEPLOY} --force-redeploy"
    )


def test_suggested_rollback_has_the_waiting_times_but_not_rollback_on_failure() -> None:
    back = steps(CHANGED, replace(UNUSUAL, force_redeploy=True))["go back to the last release that worked"]
    assert back == f"{ROLLBACK} {HOW}"


def test_retry_of_an_automatic_rollback_allows_missing_services() -> None:
    back = replace(deployment(DeploymentStatus.FAILED, release_id=EARLIER_ID), kind=Kind.ROLLBACK)
    asked = replace(ASKED, wait=900.0, rollback_on_failure=True, force_redeploy=True)
    again = steps(deployment(DeploymentStatus.FAILED, rollback=back), asked)["and try again"]
    assert (
        again == f"{ROLLBACK} --to-release {EARLIER_ID} {ABOUT} --confirmation-wait-for 900 --allow-missing"
    )


def test_suggested_watch_keeps_the_interval() -> None:
    assert steps(CHANGED, UNUSUAL)["check its current state"] == f"{WATCH} --confirmation-interval 0.5"


def test_suggested_watch_after_confirm_deploy_keeps_its_release_and_waiting_time() -> None:
    going_on = deployment(DeploymentStatus.IN_PROGRESS)
    asked = ConfirmRequest(environment_id="prod", release_id="8f14", wait=30.0, interval=1.0)
    assert steps(going_on, asked) == {
        "watch it": f"weco-deploy confirm-deploy --release-id {RELEASE_ID} --environment-id prod "
        "--confirmation-wait-for 30 --confirmation-interval 1"
    }
    assert steps(going_on, ConfirmRequest(environment_id="prod")) == {"watch it": WATCH}


def test_next_steps_after_confirm_deploy_come_from_the_record() -> None:
    assert next_steps(CHANGED, (), ConfirmRequest(environment_id="prod", wait=5.0))[-1].command == DEPLOY


@pytest.mark.parametrize("request_known", [None, ConfirmRequest(environment_id="prod", wait=5.0)])
def test_retry_allows_missing_services_again_if_the_record_says_that_they_were_allowed(
    request_known: Request,
) -> None:
    left = LeftOut(id="works", why=Allowance.ALLOW_MISSING, reason="works: not found")
    assert next_steps(replace(CHANGED, left_out=(left,)), (), request_known)[-1].command == (
        f"{DEPLOY} --allow-missing"
    )
    declared = replace(left, why=Allowance.OPTIONAL)
    assert next_steps(replace(CHANGED, left_out=(declared,)), (), request_known)[-1].command == DEPLOY


def test_retry_repeats_every_option_of_a_deployment() -> None:
    unusual: dict[str, Any] = {
        "wait": 1.0,
        "interval": 2.0,
        "stable_for": 5.0,
        "rollback_on_failure": True,
        "on_interrupt": "rollback",
        "wait_for_lock": 3.0,
        "lease": 4,
        "force_redeploy": True,
        "allow_missing": True,
        "allow_unpinned": True,
    }
    asked = DeployRequest(release=release(), environment_id="prod", description="", **unusual)
    repeated = {*flags_for_any(asked), *flags_for_this(asked)}

    # The reason for overriding a gate comes from the record. What was said of a step is about the state of that time.
    once = {"override_gate", "step"}
    spelled = {flag.name for name, flag in flags(DeployOptions).items() if name not in once}
    assert repeated >= spelled


def test_deploying_again_and_rolling_back_update_the_same_board() -> None:
    asked = DeployRequest(release=release(), environment_id="prod", description="", board="s3://pages/shop")

    commands = [step.command for step in next_steps(CHANGED, request=asked)]

    assert [" --board s3://pages/shop" in command for command in commands] == [
        not command.startswith("weco-deploy confirm-deploy") for command in commands
    ]
    assert len(commands) == 3


def test_rollback_with_a_lock_says_how_to_unlock_and_repeats_the_lock() -> None:
    locking = DeployRequest(
        release=release(),
        environment_id="prod",
        description="Weekly release",
        kind=Kind.ROLLBACK,
        lock_afterwards="broken index",
    )
    failed = replace(deployment(DeploymentStatus.FAILED), kind=Kind.ROLLBACK)

    (done,) = next_steps(replace(failed, status=DeploymentStatus.SUCCEEDED), request=locking)
    unlock, *others = next_steps(failed, request=locking)

    assert done.when == "it is locked now; once deployments may begin again"
    assert done.command == unlock.command == "weco-deploy unlock --environment-id prod"
    assert any("--lock 'broken index'" in step.command for step in others)


def test_rollback_is_not_suggested_where_there_is_nothing_to_go_back_to() -> None:
    failed = deployment(DeploymentStatus.FAILED, images=(change("search", "a", "b"),))

    assert any(" rollback " in step.command for step in next_steps(failed))
    assert not any(" rollback " in step.command for step in next_steps(replace(failed, can_roll_back=False)))
