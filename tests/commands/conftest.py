from __future__ import annotations

import gc
import os
from collections.abc import Iterator
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
    """No options and no credentials from this machine, and a working directory without a project file."""
    for name in [name for name in os.environ if name.startswith(("WECO_DEPLOY_", "AWS_"))]:
        monkeypatch.delenv(name)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


@pytest.fixture(autouse=True)
def connections_closed() -> Iterator[None]:
    """Each command freezes what it holds when it is connected, because its process ends with it; this one goes on."""
    yield
    gc.unfreeze()
    gc.collect()


@pytest.fixture
def shop(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Team:
    """A small project whose services run, here and in the test's own account."""
    file = Path(".wellcome_project")
    file.write_text(SHOP)
    (project,) = config.load(file).projects.values()
    return Team(project, provisioned(project), monkeypatch, capsys)
