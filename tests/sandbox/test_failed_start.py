"""What `sandbox start` says, within a limited time, if MiniStack ends or does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.processes import SOURCES, has_ended
from tests.sandbox.projects import project
from tests.sandbox.rollouts import eventually
from weco_deploy.errors import SandboxError
from weco_deploy.sandbox import emulator, running

pytestmark = pytest.mark.sandbox

PROJECT = project(("web", ()))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    running.stop(tmp_path / "sandbox")


@pytest.fixture
def ministack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a package with this code in the place of MiniStack."""

    def replace(code: str) -> None:
        package = tmp_path / "packages" / "ministack"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "app.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package.parent), SOURCES]))

    return replace


@pytest.mark.parametrize("tied", [True, False], ids=["foreground", "detached"])
def test_emulator_that_ends_at_once_fails_the_start_with_its_last_line(
    directory: Path, ministack: Callable[[str], None], *, tied: bool
) -> None:
    ministack("raise SystemExit('no disk space')")

    with pytest.raises(
        SandboxError, match="MiniStack ended as soon as it was started: no disk space"
    ) as caught:
        running.start([PROJECT], directory, tied=tied)

    assert caught.value.hint == f"its whole log is {directory / emulator.LOG_FILE}"
    eventually(lambda: has_ended(directory))


def test_supervisor_that_is_killed_fails_the_start_with_the_log_that_has_content(
    directory: Path, ministack: Callable[[str], None]
) -> None:
    ministack(
        "import os, signal\nprint('out of memory', flush=True)\nos.kill(os.getppid(), signal.SIGKILL)\nsignal.pause()"
    )

    with pytest.raises(SandboxError, match="ended before it was ready") as caught:
        running.start([PROJECT], directory)

    assert caught.value.hint == f"see {directory / emulator.LOG_FILE}"
    assert (directory / emulator.LOG_FILE).read_text() == "out of memory\n"
    eventually(lambda: has_ended(directory))


def test_emulator_that_never_answers_is_given_up_at_the_limit(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_START_TIMEOUT", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child,
    ):
        with pytest.raises(SandboxError, match="did not answer") as caught:
            emulator.wait_until_ready(child, silent.getsockname()[1], directory)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()  # the one request waited as long as the limit, and there was no second
        child.kill()

    assert caught.value.hint == f"its log is {directory / emulator.LOG_FILE}"
