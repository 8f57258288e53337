from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.team import Team
from tests.legacy import history
from tests.legacy.history import History
from tests.legacy.published import write_project_file
from tests.sandboxes import Provisioned, account, provisioned, sandbox_host

__all__ = ["account", "provisioned", "sandbox_host"]


@pytest.fixture
def team(
    provisioned: Provisioned,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Team:
    """A team that used 5.x, with a sandbox without deployments."""
    project = history.project(account)
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(write_project_file(project, tmp_path)))
    return Team(project, provisioned(project), monkeypatch, capsys)


@pytest.fixture
def past(team: Team, account: str) -> History:
    """The team's history with 5.x, with the sandbox as 5.x left it."""
    stored = history.read(account)
    history.restore(stored, team.sandbox)
    return stored


@pytest.fixture
def recorded(team: Team, account: str) -> History:
    """As `past`, but with only the records and images in the sandbox, which is quicker."""
    stored = history.read(account)
    history.restore_records(stored, team.sandbox)
    return stored
