"""Every command of the runbook does what the runbook says, in the situation that it is for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk
from tests.world import crash
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.operations import lock as locks

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
PROD = ("--environment-id", "prod")


def sections() -> dict[str, list[str]]:
    """By title, the commands of a section."""
    parts = re.split(r"^## (.+)$", RUNBOOK, flags=re.MULTILINE)
    return {
        title: re.findall(r"^\$ weco-deploy (.+)$", text, re.MULTILINE)
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def works(desk: Desk) -> None:
    """Prod and stage run a good release, the second one."""
    for _ in range(2):
        for image_id in ("search", "items"):
            desk.world.push(image_id)
        assert desk.run("--confirm", "release-deploy", "--environment-id", "stage").code == 0
        assert desk.run("--confirm", "promote", "--from", "stage", "--to", "prod").code == 0


def failed(desk: Desk) -> None:
    works(desk)
    desk.world.push("search", crash())
    assert desk.run("--confirm", "release-deploy", *PROD).code == 1
    desk.world.push("search")
    assert desk.run("prepare").code == 0  # the next merge, which nobody has tried


def timed_out(desk: Desk) -> None:
    works(desk)
    desk.world.push("search")
    assert desk.run("--confirm", "release-deploy", *PROD, "--confirmation-wait-for", "0").code == 3


def locked(desk: Desk) -> None:
    works(desk)
    locks.lock(desk.world.ports(requested_by="somebody else"), "prod", reason="a fire drill")


def killed(desk: Desk) -> None:
    works(desk)
    desk.world.push("search")
    desk.world.signal_before(1, "runtime.redeploy")
    assert desk.run("--confirm", "release-deploy", *PROD).code == 130
    desk.world.push("search", crash())
    assert desk.run("prepare").code == 0  # the next merge, which nobody has tried


def afterwards(desk: Desk) -> None:
    failed(desk)
    assert desk.run("--confirm", "rollback", *PROD, "--lock", "bad").code == 0


def release_for(desk: Desk, command: str) -> str:
    """What RELEASE stands for: to go back, the release that last worked in prod; else that of the last deployment."""
    deployments = desk.world.ports().store.deployments(["prod"], 10)
    back = "rollback" in command
    return next(
        known.release_id for known in deployments if not back or known.status is DeploymentStatus.SUCCEEDED
    )


SITUATIONS: dict[str, Callable[[Desk], None]] = {
    "First: what happened?": failed,
    "It failed": failed,
    "It hangs": timed_out,
    "It is locked": locked,
    "It must go back": failed,
    "The tool was killed": killed,
    "Afterwards": afterwards,
}
EXIT_CODES = {
    (
        "It failed",
        "--confirm deploy --environment-id prod --release-id RELEASE",
    ): 1,  # the image still crashes
    ("The tool was killed", "confirm-deploy --environment-id prod"): 1,  # a service was not redeployed
    (
        "It is locked",
        "--confirm deploy --environment-id prod --release-id RELEASE --wait-for-lock 600",
    ): 4,  # a person holds it
}


def test_every_section_with_commands_has_its_situation() -> None:
    assert [title for title, commands in sections().items() if commands] == list(SITUATIONS)


@pytest.mark.parametrize("title", SITUATIONS)
def test_commands_of_a_section_work_in_its_situation(desk: Desk, title: str) -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    SITUATIONS[title](desk)

    for command in sections()[title]:
        ran = desk.run(*shlex.split(command.replace("RELEASE", release_for(desk, command))))

        assert ran.code == EXIT_CODES.get((title, command), 0), f"{command}: {ran.err}{ran.out}"
        assert ran.out or ran.code, command
