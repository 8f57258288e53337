from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import EARLIER_ID, RELEASE_ID, change, deployment
from weco_deploy.model.deployment import DeploymentStatus, ImageChange, Kind
from weco_deploy.report.next_steps import next_steps

DEPLOY = f"weco-deploy deploy --release-id {RELEASE_ID} --environment-id prod"
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
def test_each_verdict_has_its_commands(status: DeploymentStatus, commands: list[str]) -> None:
    assert [step.command for step in next_steps(deployment(status))] == commands


def test_global_options_are_repeated_and_quoted() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.IN_PROGRESS), ("-f", "my project"))
    assert str(step) == "watch it: weco-deploy -f 'my project' confirm-deploy --environment-id prod"


def test_a_rollback_that_failed_is_what_has_to_be_tried_again() -> None:
    back = replace(deployment(DeploymentStatus.FAILED, release_id=EARLIER_ID), kind=Kind.ROLLBACK)
    watch, again = next_steps(deployment(DeploymentStatus.FAILED, rollback=back))
    assert watch.command == WATCH
    assert again.command == f"weco-deploy rollback --environment-id prod --to-release {EARLIER_ID}"


@pytest.mark.parametrize(
    "status", [DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED]
)
def test_where_tags_have_moved_one_can_go_back(status: DeploymentStatus) -> None:
    moved = deployment(status, images=(change("search", "a", "b"),))
    assert ROLLBACK in [step.command for step in next_steps(moved)]


@pytest.mark.parametrize(
    "status", [DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED]
)
def test_after_a_rollback_going_back_takes_a_release_that_is_named(status: DeploymentStatus) -> None:
    moved = replace(deployment(status, images=(change("search", "a", "b"),)), kind=Kind.ROLLBACK)
    steps = next_steps(moved)
    commands = [step.command for step in steps]
    assert ROLLBACK not in commands
    assert f"{ROLLBACK} --to-release {RELEASE_ID}" in commands
    assert (
        "or find another release for `rollback --to-release`: weco-deploy show-deployments --environment-id prod"
        in ([str(step) for step in steps])
    )


@pytest.mark.parametrize(
    "untouched",
    [change("search", "a", "b", moved=False), change("search", None, "b")],
    ids=["not moved", "new"],
)
def test_where_no_tag_has_moved_away_from_something_there_is_nothing_to_go_back_to(
    untouched: ImageChange,
) -> None:
    steps = next_steps(deployment(DeploymentStatus.FAILED, images=(untouched,)))
    assert ROLLBACK not in [step.command for step in steps]


def test_a_gate_that_was_passed_by_hand_has_to_be_passed_again() -> None:
    forced = replace(deployment(DeploymentStatus.ROLLED_BACK), gate_override="the site is down")
    (step,) = next_steps(forced)
    assert step.command == f"{DEPLOY} --override-gate 'the site is down'"


def test_an_id_can_not_smuggle_a_command_in() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.ROLLED_BACK, release_id="x; rm -rf ~\x1b[A"))
    assert step.command == "weco-deploy deploy --release-id 'x; rm -rf ~' --environment-id prod"
