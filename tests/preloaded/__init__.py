"""Runs the tool's modules as processes whose imports were made before.

A process spends most of its time on imports: more than half a second of CPU. A server for each pytest worker makes them once
(`server.py`) and forks for each run. The test starts a small client (`client.py`), which hands its streams, arguments,
environment and working directory to the forked process, passes signals on, and ends as that process ends. So a test can use
`subprocess` as with any other process.

Tests of what happens before the imports are complete, such as those of what is imported, must run `python -m` instead, and so
must tests whose environment changes how Python itself starts.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_CLIENT = _ROOT / "tests" / "preloaded" / "client.py"


def program(module: str) -> tuple[str, ...]:
    """The command that runs the module like `python -m`. It is in the tool or in these tests."""
    return (sys.executable, "-IS", str(_CLIENT), _server().address, module)


def end() -> None:
    """End the server of this process, if there is one."""
    if _server.cache_info().currsize:
        _server().end()
        _server.cache_clear()


class _Server:
    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="preloaded-")
        self.address = str(Path(self._directory.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded.server", self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])},
            start_new_session=True,  # the clients pass Ctrl-C in a terminal on
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def end(self) -> None:
        self._process.communicate(timeout=60)  # closes its stdin
        self._directory.cleanup()


_server = cache(_Server)
