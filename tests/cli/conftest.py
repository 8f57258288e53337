import os
from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk
from tests.world.projects import project
from tests.world.world import World

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]}, project_id="shop")


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Remove this machine's options, and use a working directory without a project file."""
    for name in [
        name for name in os.environ if name.startswith("WECO_DEPLOY_") or name == "AWS_ENDPOINT_URL"
    ]:
        monkeypatch.delenv(name)
    directory = tmp_path / "here"
    directory.mkdir()
    monkeypatch.chdir(directory)


@pytest.fixture
def world() -> World:
    return World.of(SHOP)


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The command line, with the shop's project file in the working directory, and the world as AWS."""
    Path(".wellcome_project").write_text(PROJECT_FILE)
    return Desk(world, monkeypatch, capsys)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job at GitHub; the file of its summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    return tmp_path / "summary"
