"""The supervisor process: serves the simulated ECS, and runs MiniStack as its child.

`python -m weco_deploy.sandbox.server DIRECTORY ACCOUNT REGION [--port PORT] [--detached]` prints a line of JSON when
AWS is ready, `{"emulator": port, "simulation": port}`, or `{"error": …, "hint": …}`. It ends on SIGTERM and SIGINT, and
with its parent process unless detached. MiniStack always ends with it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import secrets
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox import emulator, pidfile
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.directory import command
from weco_deploy.sandbox.parent_death import when_parent_ends
from weco_deploy.sandbox.state import Ports
from weco_deploy.sandbox.threads import in_background

if TYPE_CHECKING:
    from weco_deploy.sandbox.simulation_server import SimulationServer

PID_FILE = "supervisor.pid"
LOG_FILE = "supervisor.log"
SPEED = 30.0
"""ECS takes a minute for the simplest rollout. The sandbox's takes two seconds, and all of ECS's durations so much less."""

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
        _report({"error": f"a sandbox is running in {directory}", "hint": command(directory, "stop").line()})
    except SandboxError as error:
        _report({"error": error.message, "hint": error.hint})
    return 1


def _supervise(directory: Path, port_option: int | None, place: Place, ending: Event) -> int:
    child, ports = _start(directory, port_option, place)
    try:
        _report(dataclasses.asdict(ports))

        def wait_for_child() -> None:
            child.wait()
            ending.set()

        in_background("emulator", wait_for_child)
        ending.wait()
        return 1 if child.poll() is not None else 0
    finally:
        child.kill()  # it keeps no files, so it needs no orderly end
        child.wait()


def _start(directory: Path, port_option: int | None, place: Place) -> tuple[subprocess.Popen[bytes], Ports]:
    for _ in range(_ATTEMPTS if port_option is None else 1):
        with emulator.reserved(port_option) as port:
            child = emulator.spawn(directory, port, place)
            try:
                simulation = _simulation_server(port, place)
                if emulator.wait_until_ready(child, port, directory):
                    in_background("simulation", simulation.serve)
                    return child, Ports(emulator=port, simulation=simulation.port)
            except SandboxError:
                child.kill()
                child.wait()
                raise
        simulation.server_close()
    raise SandboxError(
        f"MiniStack ended as soon as it was started: {_last_line(directory / emulator.LOG_FILE)}",
        f"its whole log is {directory / emulator.LOG_FILE}",
    )


def _simulation_server(registry_port: int, place: Place) -> SimulationServer:
    """A server that has its port and does not serve yet: one that serves can't be ended without ending the process."""
    # Imported while MiniStack starts, which takes longer.
    from weco_deploy.sandbox.ecs import Settings, Simulation
    from weco_deploy.sandbox.registry import Registry
    from weco_deploy.sandbox.simulation_server import SimulationServer

    simulation = Simulation(Registry(registry_port), Settings(speed=SPEED), secrets.randbits(64))
    return SimulationServer(simulation, place, _now)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - AWS's clock, not a deployment's


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
