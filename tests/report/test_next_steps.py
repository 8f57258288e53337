from __future__ import annotations

import pytest

from tests.report.samples import EARLIER_ID, RELEASE_ID, deployment
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.report.next_steps import next_steps

DEPLOY = f"weco-deploy deploy --release-id {RELEASE_ID} --environment-id prod"
WATCH = "weco-deploy confirm-deploy --environment-id prod"


@pytest.mark.parametrize(
    ("status", "commands"),
    [
        (DeploymentStatus.SUCCEEDED, []),
        (DeploymentStatus.UNVERIFIED, []),
        (DeploymentStatus.IN_PROGRESS, [WATCH]),
        (DeploymentStatus.TIMED_OUT, [WATCH, DEPLOY]),
        (DeploymentStatus.INTERRUPTED, [DEPLOY, WATCH]),
        (DeploymentStatus.FAILED, [DEPLOY]),
        (DeploymentStatus.ROLLED_BACK, [DEPLOY]),
    ],
)
def test_each_verdict_has_its_commands(status: DeploymentStatus, commands: list[str]) -> None:
    assert [step.command for step in next_steps(deployment(status))] == commands


def test_global_options_are_repeated_and_quoted() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.IN_PROGRESS), ("-f", "my project"))
    assert str(step) == "watch it: weco-deploy -f 'my project' confirm-deploy --environment-id prod"


def test_a_rollback_that_failed_is_what_has_to_be_tried_again() -> None:
    back = deployment(DeploymentStatus.FAILED, release_id=EARLIER_ID)
    (step,) = next_steps(deployment(DeploymentStatus.FAILED, rollback=back))
    assert step.command == f"weco-deploy deploy --release-id {EARLIER_ID} --environment-id prod"


def test_an_id_can_not_smuggle_a_command_in() -> None:
    (step,) = next_steps(deployment(DeploymentStatus.FAILED, release_id="x; rm -rf ~\x1b[A"))
    assert step.command == "weco-deploy deploy --release-id 'x; rm -rf ~' --environment-id prod"
