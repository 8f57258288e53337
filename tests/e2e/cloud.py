"""A local AWS whose tasks are real containers: MiniStack, given the engine as its DOCKER_HOST."""

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
"""The account that MiniStack's registry takes a request to belong to if it carries no signature, as docker's do."""

_TRIES = 3
"""A port that was free a moment ago may be somebody else's now."""
_DOCKER_ANSWERS_WITHIN = 600


@contextmanager
def started(directory: Path, docker_host: str) -> Iterator[int]:
    """Gives the port of 127.0.0.1 that AWS is on, and the registry with it. Ends with this process."""
    for _ in range(_TRIES):
        with emulator.reserved(None) as port:
            process = _spawn(directory, port, docker_host)
            try:
                if emulator.wait_until_ready(process, port):
                    yield port
                    return
            finally:
                process.kill()  # it keeps nothing
                process.wait()
                assert process.stdin is not None
                process.stdin.close()
    raise AssertionError(f"MiniStack did not start: {(directory / emulator.LOG_FILE).read_text()[-2000:]}")


def _spawn(directory: Path, port: int, docker_host: str) -> subprocess.Popen[bytes]:
    with (directory / emulator.LOG_FILE).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "weco_deploy.sandbox.emulator", str(directory)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=directory,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(directory),
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": f"{port}",
                "SERVICES": emulator.SERVICES,
                "PERSIST_STATE": "0",
                "MINISTACK_ACCOUNT_ID": HOME.account,
                "MINISTACK_REGION": HOME.region,
                "MINISTACK_DOCKER_TIMEOUT": f"{_DOCKER_ANSWERS_WITHIN}",
                "DOCKER_HOST": docker_host,
                "LOG_LEVEL": "INFO",
                "NO_PROXY": "*",
                "PYTHONPATH": emulator.import_path(),
            },
            start_new_session=True,
        )
