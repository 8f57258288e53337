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
    """The team that used 5.x, with a sandbox where nothing has happened yet."""
    project = history.project(account)
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(write_project_file(project, tmp_path)))
    return Team(project, provisioned(project), monkeypatch, capsys)


@pytest.fixture
def past(team: Team, account: str) -> History:
    """What the team did with 5.x, as the file has it; the sandbox is now as it was then."""
    kept = history.read(account)
    history.put_back(kept, team.sandbox)
    return kept


@pytest.fixture
def recorded(team: Team, account: str) -> History:
    """As `past`, but only what is recorded, and the images; quicker."""
    kept = history.read(account)
    history.put_records_back(kept, team.sandbox)
    return kept
