"""Runs programs of checks, without a shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from weco_deploy.ports import NotStarted

SECONDS_TO_STOP = 5.0
MOST_BYTES = 1_000_000
"""How much output is read at once, so that a program that prints without end does not keep the tool from anything else."""
LONGEST_LINE = 10_000
"""Characters of a line that has not ended. What goes beyond is a line of its own."""

_CREDENTIALS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)
_NOWHERE = {
    # The AWS tools would find credentials in these files, and on EC2 in the metadata of the instance.
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class LocalPrograms:
    """Implements `ports.Programs`."""

    def installed(self, program: str) -> bool:
        return shutil.which(program) is not None

    def start(
        self, arguments: Sequence[str], variables: Mapping[str, str], *, credentials: bool
    ) -> LocalProgram:
        own = dict(os.environ)
        if not credentials:
            own = {name: value for name, value in own.items() if name not in _CREDENTIALS} | _NOWHERE
        try:
            process = subprocess.Popen(
                arguments,
                env=own | dict(variables),
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C reaches only the tool, and its process group can be ended
            )
        except (OSError, ValueError) as error:
            raise NotStarted(f"{arguments[0]} can't be run: {_reason(error)}") from error
        return LocalProgram(process)


class LocalProgram:
    """Implements `ports.RunningProgram`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - for mypy: it was started with a pipe
        self._process = process
        self._output = process.stdout
        self._unfinished = b""
        # The pipe is read without waiting: whoever reads it has other things to do meanwhile.
        os.set_blocking(self._output.fileno(), False)

    def new_lines(self) -> Sequence[str]:
        # Asked before reading: then everything that it wrote before its end is read.
        ended = self._process.poll() is not None
        lines = (self._unfinished + self._read()).split(b"\n")
        self._unfinished = lines.pop()
        if ended or len(self._unfinished) > LONGEST_LINE:
            lines += [self._unfinished] if self._unfinished else []
            self._unfinished = b""
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]

    def exit_code(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS_TO_STOP)
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._output.close()

    def _read(self) -> bytes:
        if self._output.closed:
            return b""
        parts: list[bytes] = []
        while sum(map(len, parts)) < MOST_BYTES:
            # None: there is nothing at the moment. Empty: nobody writes any more.
            part = self._output.read(65536)
            if not part:
                break
            parts.append(part)
        return b"".join(parts)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the program's group, which may outlive the program itself."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _reason(error: OSError | ValueError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
