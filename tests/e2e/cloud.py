"""A local AWS that runs tasks as real containers: MiniStack with a real engine as its DOCKER_HOST."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weco_deploy.sandbox import emulator
from weco_deploy.sandbox.accounts import Place

HOME = Place("000000000000", "eu-west-1")
"""The account of unsigned requests, such as docker's, to MiniStack's registry."""

SERVICES = "dynamodb,ecr,ecs,logs,sts,tagging"
"""Its own ECS, too, which runs containers: the sandbox simulates it instead."""

_ROOT = Path(__file__).parents[2]
_ATTEMPTS = 3
"""Another process may have taken a port that was free a moment ago."""
_DOCKER_TIMEOUT = 600


@contextmanager
def started(directory: Path, docker_host: str) -> Iterator[int]:
    """Runs AWS, with its registry, on the yielded port of 127.0.0.1. Ends with this process."""
    for _ in range(_ATTEMPTS):
        with emulator.reserved(None) as port:
            process = _spawn(directory, port, docker_host)
            try:
                if emulator.wait_until_ready(process, port, directory):
                    yield port
                    return
            finally:
                process.kill()  # it keeps no files
                process.wait()
                assert process.stdin is not None
                process.stdin.close()
    raise AssertionError(f"MiniStack did not start: {(directory / emulator.LOG_FILE).read_text()[-2000:]}")


def _spawn(directory: Path, port: int, docker_host: str) -> subprocess.Popen[bytes]:
    with (directory / emulator.LOG_FILE).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.e2e.emulator", str(directory)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=directory,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(directory),
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": f"{port}",
                "SERVICES": SERVICES,
                "PERSIST_STATE": "0",
                "MINISTACK_ACCOUNT_ID": HOME.account,
                "MINISTACK_REGION": HOME.region,
                "MINISTACK_DOCKER_TIMEOUT": f"{_DOCKER_TIMEOUT}",
                "DOCKER_HOST": docker_host,
                "LOG_LEVEL": "INFO",
                "NO_PROXY": "*",
                "PYTHONPATH": f"{_ROOT}{os.pathsep}{emulator.import_path()}",
            },
            start_new_session=True,
        )
