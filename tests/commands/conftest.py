from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.team import Team
from tests.sandboxes import Provisioned, account, provisioned, sandbox_host
from weco_deploy import config

__all__ = ["account", "provisioned", "sandbox_host"]

SHOP = """
shop:
  name: Shop
  environments:
    - {id: stage, name: Staging}
    - {id: prod, name: Production}
  image_repositories:
    - {id: search, services: [search-api]}
    - {id: items, services: [items-api, items-worker]}
    - {id: thumbnails, services: [items-worker]}
    - {id: reports}
"""


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove this machine's options and credentials, and use a working directory without a project file."""
    for name in [name for name in os.environ if name.startswith(("WECO_DEPLOY_", "AWS_"))]:
        monkeypatch.delenv(name)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


@pytest.fixture(autouse=True)
def connections_closed() -> Iterator[None]:
    """Close the connections of each test's commands: clients refer to themselves.

    AWS's models and whatever else there is when a test begins is not looked at, which would take a fifth of a second.
    """
    gc.collect()  # what the test before has kept until its very end would stay for ever
    gc.freeze()
    yield
    gc.collect()


@pytest.fixture
def team_of(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Team]:
    """Writes a project file with one project to the working directory; its services run in the test's own account."""

    def team_of_text(text: str) -> Team:
        file = Path(".wellcome_project")
        file.write_text(text)
        (project,) = config.load(file).projects.values()
        return Team(project, provisioned(project), monkeypatch, capsys)

    return team_of_text


@pytest.fixture
def shop(team_of: Callable[[str], Team]) -> Team:
    """A small project."""
    return team_of(SHOP)
