from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.processes import SOURCES, nothing_left
from tests.sandbox.projects import project
from weco_deploy import config
from weco_deploy.errors import NotFound, SandboxError, UsageError
from weco_deploy.sandbox import commands, demo, running

SHOP = project(("web", ()), ("worker", ()))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / commands.DIRECTORY
    running.stop(tmp_path / commands.DIRECTORY)


def test_start_push_env_and_stop(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    monkeypatch.chdir(directory.parent)
    said: list[str] = []
    project_file = directory.parent / commands.PROJECT_FILE
    commands.start([SHOP], directory, said.append, project_file=project_file, detach=True)
    text = "\n".join(said)
    assert "The sandbox is ready: http://127.0.0.1:" in text
    assert "2 images" in text
    assert "weco-deploy release-deploy --from-label latest --environment-id stage" in text
    assert "--dir" not in text, "the default directory need not be named"

    said.clear()
    commands.start([SHOP], directory, said.append, project_file=project_file)
    assert len(said) == 1
    assert said[0].startswith("A sandbox is running already: http://127.0.0.1:")

    said.clear()
    commands.push(directory, said.append, image_ids=["worker"], behaviour="crash")
    assert said[0].startswith("Pushed worker ref.")
    assert said[0].endswith("It behaves: crash=1,after=0.2")
    with pytest.raises(UsageError):
        commands.push(directory, said.append, image_ids=["worker"], behaviour="bad")

    said.clear()
    two = commands.push(directory, said.append, image_ids=["worker", "web", "worker"])
    assert [pushed.image_id for pushed in two] == ["worker", "web"]
    every = commands.push_all(directory, said.append, behaviour="slow=2")
    assert [pushed.image_id for pushed in every] == ["web", "worker"]
    assert len({pushed.digest for pushed in (*two, *every)}) == 4
    assert [line.split()[1] for line in said if line.startswith("Pushed")] == [
        "worker",
        "web",
        "web",
        "worker",
    ]
    assert said[-2].endswith("It behaves: slow=2")

    said.clear()
    with pytest.raises(NotFound, match="no image 'wbe'"):
        commands.push(directory, said.append, image_ids=["web", "wbe"])
    with pytest.raises(NotFound, match="project 'other'"):
        commands.push_all(directory, said.append, project_id="other")
    assert said == [], "where one is not known, none is pushed"

    exports = [shlex.split(line) for line in commands.env(directory).splitlines()]
    assert all(words[0] == "export" and len(words) == 2 for words in exports)
    sandbox = running.load(directory)
    assert sandbox is not None
    assert dict(words[1].split("=", 1) for words in exports) == sandbox.environment()

    said.clear()
    commands.stop(directory, said.append)
    commands.stop(directory, said.append)
    assert said == ["The sandbox has ended.", f"No sandbox is running in {directory}."]
    assert nothing_left(directory)


def test_without_a_sandbox_env_and_push_say_how_to_start_one(directory: Path) -> None:
    for use in (
        lambda: commands.env(directory),
        lambda: commands.push(directory, print, image_ids=["web"]),
    ):
        with pytest.raises(SandboxError, match="no sandbox is running") as caught:
            use()
        assert "sandbox start" in caught.value.hint


_FOREGROUND = """
import sys
from pathlib import Path
from tests.sandbox.test_commands import SHOP
from weco_deploy.sandbox import commands
directory = Path(sys.argv[1])
commands.start([SHOP], directory, lambda line: print(line, flush=True), project_file=directory / "file")
"""


def test_in_the_foreground_ctrl_c_ends_it_and_everything_in_it(directory: Path) -> None:
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", _FOREGROUND, str(directory)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert nothing_left(directory)


def test_the_sample_is_a_project_file_that_loads(tmp_path: Path) -> None:
    said: list[str] = []
    file = commands.sample(tmp_path, said.append)
    projects = config.load(file).projects
    (sample,) = projects.values()
    assert [environment.id for environment in sample.environments] == ["stage", "prod"]
    assert (len(sample.images), len(sample.services)) == (3, 4)
    assert any(len(image_ids) == 2 for image_ids in sample.services.values())
    assert str(file) in said[0]


def test_the_sample_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / commands.PROJECT_FILE).write_text("mine")
    assert commands.sample(tmp_path, print).read_text() == "mine"


_STUB = """
import sys
arguments = sys.argv[1:]
with open({seen!r}, "a") as seen:
    print(*arguments[2:], file=seen)
sys.exit(7 if {fails!r} in arguments else 0)
"""


def _stub(tmp_path: Path, fails: str) -> tuple[list[str], Path]:
    """A command line that notes what it is asked for, and fails with 7 where `fails` is among it."""
    seen = tmp_path / "seen"
    return [sys.executable, "-c", _STUB.format(seen=str(seen), fails=fails)], seen


def test_the_tour_shows_each_command_and_runs_it(tmp_path: Path) -> None:
    tool, seen = _stub(tmp_path, fails="nothing")
    said: list[str] = []
    assert demo.demo(said.append, tool) == 0
    ran = seen.read_text().splitlines()
    shown = [line.removeprefix("$ weco-deploy ") for line in said if line.startswith("$ ")]
    assert [" ".join(shlex.split(line)) for line in shown] == ran
    assert [line.split(" --")[0] for line in ran[:3]] == ["sandbox start", "sandbox push", "sandbox push"]
    assert "--from-label latest --environment-id stage" in ran[3]
    assert "--from-label env.stage --environment-id prod" in ran[4]
    assert ran[-1].startswith("sandbox stop")


def test_the_tour_ends_where_a_step_fails_and_says_so(tmp_path: Path) -> None:
    tool, seen = _stub(tmp_path, fails="release-deploy")
    said: list[str] = []
    assert demo.demo(said.append, tool) == 7
    assert "release-deploy" in seen.read_text().splitlines()[-1]
    assert "exit code 7" in said[-1]
