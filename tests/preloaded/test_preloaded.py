"""A preloaded process is like one that `python -m` starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import preloaded

ROOT = Path(__file__).parents[2]
IN_TIME = 60
MIRROR = "tests.preloaded.mirror"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "GIVEN": "value"}


def run(program: tuple[str, ...], how: str, redirected: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirected}', "sh", *program, how],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=IN_TIME,
        env=environment(),
    )


@contextmanager
def waiting() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that waits, and the id of the forked process behind it."""
    with subprocess.Popen(
        [*preloaded.program(MIRROR), "wait"], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("redirected", ["", "<&-", "2>&-", "<&- 2>&-", ">&2"])
@pytest.mark.parametrize("how", ["exit=0", "exit=3", "signal=9", "signal=15"])
def test_process_is_given_the_same_and_ends_in_the_same_way(
    how: str, redirected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    real = run((sys.executable, "-m", MIRROR), how, redirected)
    forked = run(preloaded.program(MIRROR), how, redirected)

    assert (forked.returncode, forked.stdout, forked.stderr) == (real.returncode, real.stdout, real.stderr)
    assert '"GIVEN": "value"' in real.stdout + real.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_reaches_the_process(number: signal.Signals) -> None:
    with waiting() as (process, _):
        process.send_signal(number)

        assert process.wait(IN_TIME) == -number


def test_killed_process_leaves_none_behind() -> None:
    with waiting() as (process, forked):
        assert process.stdout is not None
        os.kill(forked, 0)
        process.kill()

        assert process.stdout.read() == "", "the end of the pipe: nobody can write to it any more"
