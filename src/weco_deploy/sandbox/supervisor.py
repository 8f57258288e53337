"""Starts, finds and ends the supervisor process (`server.py`)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox import emulator, pidfile, server
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.state import Ports

_END_TIMEOUT = 10.0
_POLL_INTERVAL = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Where AWS is. `process` is the supervisor if it is tied to this process."""

    process: subprocess.Popen[bytes] | None
    ports: Ports


def launch(directory: Path, port: int | None, place: Place, *, tied: bool) -> Started:
    """Start a supervisor and wait until AWS is ready.

    MiniStack will be on `port`, or on any free port if None. `place` is where a Docker Engine's pushes go. A `tied`
    sandbox ends when this process ends.

    Raises SandboxError: a sandbox runs in the directory, the extra is not installed, the port is taken, the
    supervisor did not start.
    """
    emulator.check_installed()
    # -P: the caller's directory may contain a docker.py, which must not be imported.
    command = [
        sys.executable,
        "-P",
        "-m",
        "weco_deploy.sandbox.server",
        str(directory),
        place.account,
        place.region,
    ]
    command += [] if port is None else ["--port", f"{port}"]
    command += [] if tied else ["--detached"]
    with (directory / server.LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | {"PYTHONPATH": emulator.import_path()},
            start_new_session=True,  # this process handles Ctrl-C in the terminal
        )
    try:
        reported = _reported_ports(process, directory)
    except BaseException:
        process.terminate()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if not tied:
            end(directory)
        raise
    if tied:
        return Started(process=process, ports=reported)
    process.wait()  # it only started the detached process
    return Started(process=None, ports=reported)


def running(directory: Path) -> bool:
    """Whether a supervisor or an emulator runs in the directory. SandboxError if it can't be read."""
    try:
        return any(pidfile.owner(file) is not None for file in _pid_files(directory))
    except OSError as error:
        raise SandboxError(
            f"the sandbox's directory {directory} can't be read: {error.strerror}",
            "choose another directory with --dir",
        ) from error


def end(directory: Path) -> bool:
    """End the processes of the directory and wait until they have ended. False if there were none.

    SandboxError if they do not end.
    """
    if not running(directory):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        for file in _pid_files(directory):
            _signal(file, number)
            _wait_until_gone(file)
    if running(directory):
        raise SandboxError(f"the sandbox in {directory} does not end")
    return True


def _pid_files(directory: Path) -> tuple[Path, Path]:
    return directory / server.PID_FILE, directory / emulator.PID_FILE


def _signal(file: Path, number: signal.Signals) -> None:
    process = pidfile.owner(file)
    if process is not None:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return  # it has ended since `owner` looked


def _wait_until_gone(file: Path) -> None:
    """Wait for the process to end, at most _END_TIMEOUT seconds."""
    pause = Event()
    for _ in range(int(_END_TIMEOUT / _POLL_INTERVAL)):
        if pidfile.owner(file) is None:
            return
        pause.wait(_POLL_INTERVAL)


def _reported_ports(process: subprocess.Popen[bytes], directory: Path) -> Ports:
    """The ports from the supervisor's line of JSON. The supervisor prints it or ends within a bounded time."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with process.stdout as output:
        line = output.readline()
    if not line:
        raise SandboxError(
            "the sandbox's process ended before it was ready",
            _logs(directory),
        )
    report = json.loads(line)
    if "error" in report:
        raise SandboxError(report["error"], report["hint"])
    return Ports(**report)


def _logs(directory: Path) -> str:
    """Names the logs that say something: the supervisor's is empty if it was killed."""
    files = [directory / name for name in (server.LOG_FILE, emulator.LOG_FILE)]
    written = [str(file) for file in files if file.exists() and file.stat().st_size]
    return f"see {' and '.join(written)}" if written else "it was killed before it wrote a line to its logs"
