"""Programs of checks, as real processes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from weco_deploy.local.clock import SystemClock
from weco_deploy.local.interrupts import Signals
from weco_deploy.local.programs import LocalProgram, LocalPrograms
from weco_deploy.ports import NotStarted

WITHIN = 60.0
"""Seconds, on a machine that has other things to do."""


def started(script: str, *, credentials: bool = False, **variables: str) -> LocalProgram:
    return LocalPrograms().start([sys.executable, "-c", script], variables, credentials=credentials)


def wait_until(condition: Callable[[], bool]) -> None:
    clock = SystemClock(Signals())
    for _ in range(int(WITHIN * 100)):
        if condition():
            return
        clock.wait(0.01)
    raise AssertionError("it did not come true")


def ended(program: LocalProgram) -> tuple[int | None, list[str]]:
    """The exit code, and all lines of output."""
    lines: list[str] = []

    def over() -> bool:
        lines.extend(program.new_lines())
        return program.exit_code() is not None

    try:
        wait_until(over)
        while more := program.new_lines():
            lines += more
        return program.exit_code(), lines
    finally:
        program.stop()


def test_output_and_errors_are_lines_and_the_exit_code_is_known() -> None:
    script = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.stderr.write('three'); sys.exit(3)"
    assert ended(started(script)) == (3, ["one", "two", "three"])


def test_more_output_than_a_pipe_holds_does_not_stop_the_program() -> None:
    code, lines = ended(started("for number in range(100_000): print(number)"))
    assert code == 0
    assert lines == [str(number) for number in range(100_000)]


def test_program_gets_the_variables_and_no_input() -> None:
    script = "import os, sys; print(os.environ['DEPLOYED_RELEASE'], repr(sys.stdin.read()))"
    assert ended(started(script, DEPLOYED_RELEASE="1f2e")) == (0, ["1f2e ''"])


@pytest.mark.parametrize("credentials", [False, True])
def test_program_gets_credentials_only_if_it_may(credentials: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    script = "import os; print([os.environ.get('AWS_' + name) for name in ('SESSION_TOKEN', 'PROFILE', 'REGION', 'CONFIG_FILE')])"
    expected = (
        ["a-token", "work", "eu-west-1", None] if credentials else [None, None, "eu-west-1", os.devnull]
    )
    assert ended(started(script, credentials=credentials)) == (0, [str(expected)])


def test_stopped_program_ends_with_the_programs_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        "child.wait()"
    )
    program = started(script)
    wait_until(lambda: bool(program.new_lines()) and note.exists())

    program.stop()

    assert program.exit_code() == -signal.SIGTERM
    wait_until(lambda: not alive(int(note.read_text())))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_missing_program_is_not_started() -> None:
    assert not LocalPrograms().installed("no-such-program-anywhere")
    assert LocalPrograms().installed(sys.executable)
    with pytest.raises(
        NotStarted, match=r"^no-such-program-anywhere can't be run: No such file or directory$"
    ):
        LocalPrograms().start(["no-such-program-anywhere"], {}, credentials=False)
