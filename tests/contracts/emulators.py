"""Two emulators of AWS, each a subprocess on a free loopback port, once for each xdist worker."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from weco_deploy.sandbox.emulator import reserved

STARTED_WITHIN = 60.0
ENDS_WITHIN = 10.0
PYTHON = os.environ.get("EMULATORS_PYTHON", sys.executable)
"""The Python that has the emulators: they may need other releases of botocore than the tests are run with."""
TRIES = 3
"""A port that was free a moment ago may be somebody else's now."""

_MODULE = """
import ctypes, runpy, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs a module; on Linux it ends with the test worker, which can't clean up when it is killed."""


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a MiniStack without a container engine: tasks run at once, and report no digests."""
    log = tmp_path_factory.mktemp("ministack") / "log"
    services = {
        "BIND_HOST": "127.0.0.1",
        "DOCKER_HOST": "tcp://127.0.0.1:1",
        "SERVICES": "ecr,ecs,dynamodb,sts,iam,tagging,logs",
        "GATEWAY_PORT": "{port}",
    }
    with _started(["ministack"], services, log) as url:
        yield url


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a moto server: services never get tasks, and lists are the strict ones."""
    log = tmp_path_factory.mktemp("moto") / "log"
    with _started(["moto.server", "-H", "127.0.0.1", "-p", "{port}"], {}, log) as url:
        yield url


@contextmanager
def _started(command: Sequence[str], extra: Mapping[str, str], log: Path) -> Iterator[str]:
    for _ in range(TRIES):
        with reserved(None) as port, log.open("wb") as output:
            arguments = [part.format(port=port) for part in command]
            environment = _bare_environment() | {
                name: value.format(port=port) for name, value in extra.items()
            }
            process = subprocess.Popen(
                [PYTHON, "-c", _MODULE, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=log.parent,
            )
            listens = _listens(process, port)
        try:
            if listens:
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            _end(process)
    pytest.fail(f"{command} did not start: {log.read_text(errors='replace')[-2000:]}")


def _bare_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DOCKER_"))}


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    pause = Event()
    for _ in range(int(STARTED_WITHIN / 0.05)):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        pause.wait(0.05)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(ENDS_WITHIN)
