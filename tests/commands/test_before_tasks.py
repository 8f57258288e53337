"""Tasks before the restart, with the whole command line and a sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.commands.team import Team

SHOP = """\
shop:
  environments:
    - id: stage
      before:
        - id: migrate
          task_definition: migrate-{environment}
          command: [migrate]
          like: search-api
  image_repositories:
    - {id: search, services: [search-api]}
"""


@pytest.fixture
def team(team_of: Callable[[str], Team]) -> Team:
    return team_of(SHOP)


def test_migration_runs_before_the_restart_and_its_failure_puts_the_tag_back(team: Team) -> None:
    team.push("search", "good,start=0,command=1,lines=Applying 0042")
    done = team.release_deploy()

    assert done.code == 0, done.err
    (step,) = done.json["deployment"]["steps"]
    assert (step["status"], step["exit_code"]) == ("succeeded", 0)
    assert "migrate | Applying 0042" in done.err
    good = team.aws.digests("env.stage")

    team.push("search", "good,start=0,command=1,command-code=3,lines=no such column")
    failed = team.release_deploy()

    assert failed.code == 1
    (step,) = failed.json["deployment"]["steps"]
    assert (step["status"], step["exit_code"], step["log_lines"]) == ("failed", 3, ["no such column"])
    assert [service["status"] for service in failed.json["deployment"]["services"]] == ["pending"]
    assert team.aws.digests("env.stage") == good
    assert team.run("doctor").out.count("every task before the restart can run") == 1
