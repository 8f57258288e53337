"""Refused commands: their exit codes, and that they change nothing."""

from __future__ import annotations

import os
import pty
import re
import subprocess

import pytest

from tests import preloaded
from tests.commands.process import IN_TIME, PROGRAM, environment, gone, started
from tests.commands.team import SOON, Team

REFUSED = [
    (("release-deploy",), 2, "usage", "--confirm"),
    (("--confirm", "release-deploy", "--environment-id", "moon"), 1, "not_found", "stage, prod"),
    (("--confirm", "release-deploy", "--from-label", "nightly"), 1, "nothing_to_release", "nightly"),
    (("--confirm", "prepare", "--from-label", "ref.0000000"), 1, "nothing_to_release", "ref.0000000"),
    (("--confirm", "deploy"), 1, "not_found", "prepare"),
    (("--confirm", "deploy", "--release-id", "12ab34cd"), 1, "not_found", "12ab34cd"),
    (("--confirm", "update", "--image-ids", "serach"), 1, "not_found", "search"),
    (("--confirm", "update"), 2, "usage", "--image-ids"),
    (("--confirm", "release-deploy", "--confirmation-interval", "soon"), 2, "usage", "soon"),
    (("--confirm", "release-deploi"), 2, "usage", "release-deploy"),
    (("--confirm", "-f", "no-such-file", "prepare"), 2, "project_file", "no-such-file"),
]


def test_refused_command_says_why_and_changes_nothing(shop: Team) -> None:
    shop.push("search")
    before = shop.aws.everything()

    for arguments, code, error_code, named in REFUSED:
        ran = shop.run("--output", "json", *arguments)
        assert (ran.code, ran.error["code"]) == (code, error_code), arguments
        assert named in f"{ran.error['message']} {ran.error['hint']}", arguments
        assert ran.err.splitlines()[-1].startswith("error: "), arguments

    assert shop.aws.everything() == before


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_plan_is_shown_and_approval_is_asked_for_at_a_terminal(shop: Team, answer: str, code: int) -> None:
    shop.push("search")
    before = shop.aws.everything()

    shown, ended = terminal_session(shop, answer, "release-deploy", "--from-label", "latest", *SOON)

    assert ended == code, shown
    assert "Plan: deploy" in shown
    plan, _, question = shown.partition("Deploy a new release")
    assert "search-api" in plan
    assert re.search(r" in account \d{12}, ", " ".join(question.split()))
    assert (shop.aws.everything() == before) is (answer == "n")


def terminal_session(team: Team, answer: str, *arguments: str) -> tuple[str, int]:
    """The output at a terminal where the user accepts every default and then gives the answer, and the exit code."""
    here, there = pty.openpty()
    shown = ""
    with subprocess.Popen(
        [*preloaded.program(PROGRAM), *arguments],
        stdin=there,
        stdout=there,
        stderr=there,
        env=environment(team, TERM="dumb"),
    ) as process:
        os.close(there)
        try:
            while part := read(here):
                shown += part
                if shown.endswith("[y/N]: "):
                    os.write(here, f"{answer}\n".encode())
                elif shown.endswith("]: "):
                    os.write(here, b"\n")
            return shown, process.wait(IN_TIME)
        finally:
            os.close(here)
            gone(process)


def read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        return ""  # the other end is closed


def test_second_deployment_is_locked_out_until_ctrl_c_ends_the_first(shop: Team) -> None:
    pushed = shop.push("search", "slow=150")
    before = shop.aws.rollouts("stage")
    with started(shop, "--output", "json", "--confirm", "release-deploy", *SOON) as first:
        assert first.stderr is not None
        assert any("ECS redeploys it" in line for line in first.stderr), (
            "it holds the environment from then on"
        )

        second = shop.release_deploy()
        first.terminate()
        out, err = first.communicate(timeout=IN_TIME)

    assert (second.code, second.error["code"]) == (4, "environment_locked")
    assert first.returncode == 130, err
    assert '"interrupted"' in out
    third = shop.release_deploy()
    assert third.code == 0, third.err
    assert shop.aws.running("stage")["search-api"] == {"search": {pushed.digest}}
    assert shop.aws.rollouts("stage")["search-api"].times == before["search-api"].times + 1
    shown = shop.json("show-deployments").json["deployments"]
    assert [deployment["status"] for deployment in shown] == ["succeeded", "interrupted"]
