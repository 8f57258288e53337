"""The supervisor process: runs the simulated engine, and MiniStack as its child.

`python -m weco_deploy.sandbox.server DIRECTORY ACCOUNT REGION [--port PORT] [--detached]` prints a line of JSON when
AWS is ready, `{"port": …, "engine_port": …}`, or `{"error": …, "hint": …}`. It ends on SIGTERM and SIGINT, and
with its parent process unless detached. MiniStack always ends with it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from types import FrameType

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox import emulator, pidfile
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.engine.routes import Engine
from weco_deploy.sandbox.engine.server import EngineServer
from weco_deploy.sandbox.parent_death import when_parent_ends
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.threads import in_background

PID_FILE = "supervisor.pid"
LOG_FILE = "supervisor.log"

_ATTEMPTS = 3
"""Another process may have taken a port that was free a moment ago."""


def main() -> int:
    """Run the sandbox until a signal; returns 1 if it could not start, or MiniStack ended by itself."""
    arguments = _arguments()
    if arguments.detached and os.fork() != 0:
        return 0  # the child goes on, and the process that started us need not wait for it
    directory = Path(arguments.directory)
    ending = Event()

    def end(_: int, __: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if not arguments.detached:
        when_parent_ends(ending.set)
    try:
        pidfile.take(directory / PID_FILE)
        return _supervise(directory, arguments.port, Place(arguments.account, arguments.region), ending)
    except pidfile.Taken:
        _report({"error": f"a sandbox is running in {directory}", "hint": "weco-deploy sandbox stop"})
    except SandboxError as error:
        _report({"error": error.message, "hint": error.hint})
    return 1


def _supervise(directory: Path, port_option: int | None, place: Place, ending: Event) -> int:
    child, port, engine_port = _start(directory, port_option, place)
    try:
        _report({"port": port, "engine_port": engine_port})

        def wait_for_child() -> None:
            child.wait()
            ending.set()

        in_background("emulator", wait_for_child)
        ending.wait()
        return 1 if child.poll() is not None else 0
    finally:
        child.kill()  # it keeps no files, so it needs no orderly end
        child.wait()


def _start(
    directory: Path, port_option: int | None, place: Place
) -> tuple[subprocess.Popen[bytes], int, int]:
    for _ in range(_ATTEMPTS if port_option is None else 1):
        with emulator.reserved(port_option) as port:
            engine = EngineServer(Engine(Registry(port)))
            in_background("engine", engine.serve_forever)
            child = emulator.spawn(directory, port, engine.port, place)
            try:
                if emulator.wait_until_ready(child, port):
                    return child, port, engine.port
            except SandboxError:
                child.kill()
                child.wait()
                raise
        engine.shutdown()
        engine.server_close()
    raise SandboxError(
        f"MiniStack ended as soon as it was started: {_last_line(directory / emulator.LOG_FILE)}",
        f"its whole log is {directory / emulator.LOG_FILE}",
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _report(line: dict[str, str] | dict[str, int]) -> None:
    """Send a line to the process that started us, which then closes the pipe."""
    os.write(sys.stdout.fileno(), f"{json.dumps(line)}\n".encode())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="weco_deploy.sandbox.server")
    parser.add_argument("directory")
    parser.add_argument("account")
    parser.add_argument("region")
    parser.add_argument("--port", type=int)
    parser.add_argument("--detached", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
