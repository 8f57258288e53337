"""MiniStack as a child process, which runs `python -m weco_deploy.sandbox.emulator DIRECTORY`.

It listens on loopback only, runs only ECR and DynamoDB, writes only its log, and ends with its parent.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event
from time import monotonic  # a limit of waiting for a process, which no deployment waits for
from typing import IO

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox import pidfile
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.parent_death import killed_with_parent, when_parent_ends

PID_FILE = "emulator.pid"
LOG_FILE = "emulator.log"
SERVICES = "dynamodb,ecr"

_START_TIMEOUT = 60.0
_POLL_INTERVAL = 0.02
_INHERITED_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL")


def check_installed() -> None:
    """Raises SandboxError if the package of the extra is missing."""
    if importlib.util.find_spec("ministack") is None:
        raise SandboxError(
            "the sandbox needs ministack, which is not installed", 'pip install "weco-deploy[sandbox]"'
        )


@contextmanager
def reserved(port: int | None) -> Iterator[int]:
    """Reserve the port, or any free port if None. SandboxError if another process listens on it.

    Without it, two sandboxes that start at once could get the same port. On Linux the reservation binds the
    port without listening, so that a server can bind it too (SO_REUSEADDR) but no other process is given it.
    Elsewhere this only finds a free port.
    """
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            reservation.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise SandboxError(
                f"port {port} on 127.0.0.1 can't be used: {error.strerror}",
                "choose another one with --port, or leave it out to get a free one",
            ) from error
        reserved_port: int = reservation.getsockname()[1]
        if sys.platform != "linux":
            reservation.close()
        yield reserved_port


def import_path() -> str:
    """The caller's `PYTHONPATH` with absolute entries, for a child that runs in another directory."""
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(str(Path(entry).absolute()) for entry in entries if entry)


def spawn(directory: Path, port: int, place: Place) -> subprocess.Popen[bytes]:
    """Start MiniStack on `port`. Does not wait until it is ready.

    `place` applies to requests that name no account and region, such as a Docker Engine's to the registry.
    """
    log: IO[bytes]
    with (directory / LOG_FILE).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "weco_deploy.sandbox.emulator", str(directory)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=directory,  # Python imports from here first, and only our files are here
            env=_environment(directory, port, place),
            start_new_session=True,  # the supervisor handles Ctrl-C in the terminal
        )


def wait_until_ready(emulator: subprocess.Popen[bytes], port: int, directory: Path) -> bool:
    """Wait until MiniStack answers; False if it ended instead. SandboxError if neither happens within a minute."""
    pause = Event()
    deadline = monotonic() + _START_TIMEOUT
    while (remaining := deadline - monotonic()) > 0:
        if emulator.poll() is not None:
            return False
        if _answers(port, remaining):
            return True
        pause.wait(_POLL_INTERVAL)
    raise SandboxError(
        f"MiniStack did not answer on port {port} within {_START_TIMEOUT:.0f} s",
        f"its log is {directory / LOG_FILE}",
    )


def _answers(port: int, timeout: float) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/_ministack/health")
        answer = connection.getresponse()
        return answer.status == 200 and "services" in json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _environment(directory: Path, port: int, place: Place) -> Mapping[str, str]:
    """A new environment, without the caller's AWS and Docker settings, credential helpers and proxies."""
    ours = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": f"{port}",
        "SERVICES": SERVICES,
        "MINISTACK_ACCOUNT_ID": place.account,
        "MINISTACK_REGION": place.region,
        "PERSIST_STATE": "0",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{directory / 'no-engine'}",  # it would remove containers that it takes for its own
        "TMPDIR": str(directory),
        "LOG_LEVEL": "WARNING",
        "NO_PROXY": "*",
        "PYTHONPATH": import_path(),
    }
    return {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ} | ours


def main() -> None:
    """Run MiniStack in this process, until the parent ends."""
    directory = Path(sys.argv[1])
    killed_with_parent()
    when_parent_ends(lambda: os._exit(0))
    pidfile.take(directory / PID_FILE)
    # MiniStack loads botocore at its first answer, only to correct content types, which takes a third of a second.
    # Without botocore it leaves them: ECR's say JSON 1.0 instead of 1.1, which AWS's SDKs do not read.
    sys.modules["botocore.session"] = None  # type: ignore[assignment] # Python's mark of a module that can't be imported
    from ministack.app import main as ministack  # reads its settings when imported

    sys.argv = ["ministack"]
    ministack()


if __name__ == "__main__":
    main()
