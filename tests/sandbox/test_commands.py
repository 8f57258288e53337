from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.processes import SOURCES, has_ended
from tests.sandbox.projects import project
from weco_deploy import config
from weco_deploy.errors import NotFound, SandboxError, UsageError
from weco_deploy.sandbox import commands, demo, running
from weco_deploy.sandbox.estate import Estate

pytestmark = pytest.mark.sandbox

SHOP = project(("web", ()), ("worker", ()))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / commands.DIRECTORY
    running.stop(tmp_path / commands.DIRECTORY)


def test_start_push_env_and_stop(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    monkeypatch.chdir(directory.parent)
    lines: list[str] = []
    project_file = directory.parent / commands.PROJECT_FILE
    commands.start([SHOP], directory, lines.append, project_file=project_file, detach=True)
    text = "\n".join(lines)
    assert "The sandbox is ready: http://127.0.0.1:" in text
    assert "2 images" in text
    assert "again after each start" in text
    assert "weco-deploy release-deploy --from-label latest --environment-id stage" in text
    assert "--dir" not in text, "the default directory needs no option"

    lines.clear()
    commands.start([SHOP], directory, lines.append, project_file=project_file)
    assert len(lines) == 1
    assert lines[0].startswith("A sandbox is running already: http://127.0.0.1:")

    lines.clear()
    commands.push(directory, lines.append, image_ids=["worker"], behaviour="crash")
    assert lines[0].startswith("Pushed worker ref.")
    assert lines[0].endswith("It behaves: crash")
    with pytest.raises(UsageError):
        commands.push(directory, lines.append, image_ids=["worker"], behaviour="bad")

    with monkeypatch.context() as elsewhere:
        elsewhere.chdir("/")
        with pytest.raises(UsageError) as other_options:
            commands.start(
                [SHOP], directory, lines.append, project_file=project_file, estate=Estate(tagged=False)
            )
        with pytest.raises(SandboxError, match="running or starting") as second:
            running.start([SHOP], directory)
    assert f"weco-deploy sandbox stop --dir {directory}" in other_options.value.hint
    assert second.value.hint == f"weco-deploy sandbox stop --dir {directory}"

    lines.clear()
    pushed_two = commands.push(directory, lines.append, image_ids=["worker", "web", "worker"])
    assert [pushed.image_id for pushed in pushed_two] == ["worker", "web"]
    pushed_all = commands.push_all(directory, lines.append, behaviour="slow=2")
    assert [pushed.image_id for pushed in pushed_all] == ["web", "worker"]
    assert len({pushed.digest for pushed in (*pushed_two, *pushed_all)}) == 4
    assert [line.split()[1] for line in lines if line.startswith("Pushed")] == [
        "worker",
        "web",
        "web",
        "worker",
    ]
    assert lines[-2].endswith("It behaves: slow=2")

    lines.clear()
    with pytest.raises(NotFound, match="no image 'wbe'"):
        commands.push(directory, lines.append, image_ids=["web", "wbe"])
    with pytest.raises(NotFound, match="project 'other'"):
        commands.push_all(directory, lines.append, project_id="other")
    assert lines == [], "nothing is pushed if any image is unknown"

    exports = [shlex.split(line) for line in commands.env(directory).splitlines()]
    assert all(words[0] == "export" and len(words) == 2 for words in exports)
    sandbox = running.load(directory)
    assert sandbox is not None
    assert dict(words[1].split("=", 1) for words in exports) == sandbox.environment()

    lines.clear()
    commands.stop(directory, lines.append)
    commands.stop(directory, lines.append)
    assert lines == ["The sandbox has ended.", f"No sandbox is running in {directory}."]
    assert has_ended(directory)


def test_env_and_push_without_a_sandbox_hint_at_start(directory: Path) -> None:
    for command in (
        lambda: commands.env(directory),
        lambda: commands.push(directory, print, image_ids=["web"]),
    ):
        with pytest.raises(SandboxError, match="no sandbox is running") as caught:
            command()
        assert f"weco-deploy sandbox start --detach --dir {directory}" in caught.value.hint


_START_IN_FOREGROUND = """
import sys
from pathlib import Path
from tests.sandbox.test_commands import SHOP
from weco_deploy.sandbox import commands
directory = Path(sys.argv[1])
commands.start([SHOP], directory, lambda line: print(line, flush=True), project_file=directory / "file")
"""


def test_ctrl_c_ends_a_sandbox_in_the_foreground(directory: Path) -> None:
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", _START_IN_FOREGROUND, str(directory)],
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
    assert has_ended(directory)


def test_sample_is_a_valid_project_file(tmp_path: Path) -> None:
    lines: list[str] = []
    file = commands.sample(tmp_path, lines.append)
    projects = config.load(file).projects
    (sample,) = projects.values()
    assert [environment.id for environment in sample.environments] == ["stage", "prod"]
    assert (len(sample.images), len(sample.services)) == (3, 4)
    assert any(len(image_ids) == 2 for image_ids in sample.services.values())
    assert str(file) in lines[0]


def test_sample_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / commands.PROJECT_FILE).write_text("mine")
    assert commands.sample(tmp_path, print).read_text() == "mine"


_STUB_SCRIPT = """
import sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    print(*arguments, file=log)
sys.exit(7 if {failing!r} in arguments else 1 if "Faster catalogue" in arguments else 0)
"""


def _stub(tmp_path: Path, failing: str) -> tuple[list[str], Path]:
    """A command line that logs its arguments, and exits with 7 if `failing` is an argument; and the log."""
    log = tmp_path / "log"
    return [sys.executable, "-c", _STUB_SCRIPT.format(log=str(log), failing=failing)], log


def _shown(lines: list[str]) -> list[str]:
    """The commands that the tour shows."""
    return [
        " ".join(shlex.split(line)).removeprefix("$ weco-deploy ") for line in lines if line.startswith("$ ")
    ]


def test_demo_shows_and_runs_each_command(tmp_path: Path) -> None:
    tool, log = _stub(tmp_path, failing="nothing")
    lines: list[str] = []
    assert demo.demo(lines.append, tool) == 0
    run = log.read_text().splitlines()
    assert _shown(lines) == run
    assert [line.partition(" --description")[0] for line in run] == [
        "sandbox start --detach",
        "sandbox push shop orders",
        "--confirm release-deploy --environment-id stage",
        "--confirm promote --from stage --to prod",
        "sandbox push shop --behaviour crash=3,lines=loading the catalogue|no such file: books.json",
        "--confirm release-deploy --environment-id stage",
        "--confirm rollback --environment-id stage",
        "show-deployments",
        "show-images --label env.stage",
        "sandbox stop",
    ]
    titles = [line for line in lines if line.startswith("--- ")]
    assert [title.split()[1:4] for title in titles] == [
        [f"{number}", "of", f"{len(run)}:"] for number in range(1, len(run) + 1)
    ]


@pytest.mark.parametrize(
    ("failing", "code", "last"),
    [("promote", 7, "promote"), ("Faster catalogue", 7, "Faster"), ("sandbox", 7, "sandbox start")],
)
def test_demo_ends_with_the_exit_code_of_a_failed_step(
    tmp_path: Path, failing: str, code: int, last: str
) -> None:
    tool, log = _stub(tmp_path, failing)
    lines: list[str] = []
    assert demo.demo(lines.append, tool) == code
    assert last in log.read_text().splitlines()[-1]
    assert "exit code 7" in lines[-1]


def test_demo_fails_if_the_crashing_image_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool, log = _stub(tmp_path, failing="nothing")
    monkeypatch.setattr(demo, "TOUR", tuple(replace(step, arguments=("show-images",)) for step in demo.TOUR))
    lines: list[str] = []
    assert demo.demo(lines.append, tool) == 1
    assert len(log.read_text().splitlines()) == 6
    assert "exit code 0 instead of 1" in lines[-1]


def test_dry_run_of_the_demo_only_shows_the_commands(tmp_path: Path) -> None:
    tool, log = _stub(tmp_path, failing="nothing")
    lines: list[str] = []
    assert demo.demo(lines.append, tool, dry_run=True) == 0
    assert len(_shown(lines)) == len(demo.TOUR) + 2
    assert not log.exists()
