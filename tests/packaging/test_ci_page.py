"""What docs/ci.md shows is accepted: GitLab's pipeline, and the commands in it."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import yaml

from tests.packaging.action_file import ROOT
from weco_deploy.cli.main import weco_deploy
from weco_deploy.local.build_systems import GITLAB_FILE
from weco_deploy.report.build_report import BuildReport

PAGE = (ROOT / "docs" / "ci.md").read_text()
PIPELINE: dict[str, Any] = yaml.safe_load(
    PAGE.partition("`.gitlab-ci.yml`:\n\n```yaml\n")[2].partition("```")[0]
)
COMMANDS: list[str] = re.findall(r"weco-deploy (--confirm .*?)(?=\n(?!\s+--)|$)", PAGE, re.DOTALL)


def test_commands_in_pipelines_have_only_options_that_exist() -> None:
    assert len(COMMANDS) == 5
    for text in COMMANDS:
        _, name, *words = shlex.split(text)
        command = weco_deploy.get_command(click.Context(weco_deploy), name)
        assert command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


def test_jobs_are_in_stages_that_exist_and_extend_what_exists() -> None:
    jobs = {name: job for name, job in PIPELINE.items() if isinstance(job, dict) and "script" in job}
    assert set(jobs) == {"build", "stage", "prod"}
    for job in jobs.values():
        assert job["stage"] in PIPELINE["stages"]
        assert job["extends"] in PIPELINE
        assert job["variables"]["AWS_ROLE_ARN"].startswith("arn:aws:iam::123456789012:role/shop-")


def test_file_and_variables_of_the_dotenv_report_are_those_of_the_tool() -> None:
    assert PIPELINE["stage"]["artifacts"]["reports"] == {"dotenv": GITLAB_FILE}
    variables = {
        line.partition("=")[0] for line in BuildReport(good=True, summary="").variables().splitlines()
    }
    prod = "\n".join(PIPELINE["prod"]["script"])
    assert re.search(r'--release-id "\$(\w+)"', prod)[1] in variables  # type: ignore[index]  # None fails, too
    assert all(f"`{name}`" in PAGE for name in variables)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", PAGE))))
def test_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / "docs" / link.partition("#")[0]).resolve().is_file()
