"""Runs the command line as a process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests import preloaded
from tests.cli.desk import Ran
from tests.commands.team import Team

PROGRAM = "weco_deploy"
IN_TIME = 60
_SOURCES = Path(__file__).parents[2] / "src"


def environment(team: Team, **more: str) -> dict[str, str]:
    """This process's environment, with the sandbox as AWS."""
    return os.environ | team.sandbox.environment() | {"PYTHONPATH": str(_SOURCES)} | more


def ran(environ: dict[str, str], *arguments: str, program: Sequence[str] = ()) -> Ran:
    """Run the program, by default the tool, and wait for its end."""
    ended = subprocess.run(
        [*(program or preloaded.program(PROGRAM)), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=IN_TIME,
        env=environ,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def started(team: Team, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*preloaded.program(PROGRAM), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(team),
    ) as process:
        try:
            yield process
        finally:
            gone(process)


def gone(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
