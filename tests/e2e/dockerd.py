"""Runs Debian's dockerd as a Docker Engine for the tests, with all its files in a directory.

It also runs on restricted machines: without an overlay file system, firewall rules or a bridge. Containers must use
the machine's network (`networkMode: host`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.waiting import eventually, true_within

START_TIMEOUT = 60.0
END_TIMEOUT = 60.0

_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian installs dockerd; not always on the PATH."""

_RUN_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: ends in order if the tests are killed
os.execvp("unshare", ["unshare", "--mount", *sys.argv[1:]])  # its own mounts, which end with it
"""


class CannotStart(Exception):
    """An engine can't be started here; the message says why."""


@contextmanager
def started(directory: Path) -> Iterator[str]:
    """Runs an engine with all its files in `directory`; yields its DOCKER_HOST.

    Leaves no process and no mount behind. Raises CannotStart.
    """
    program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")
    if sys.platform != "linux" or program is None:
        raise CannotStart("dockerd is not installed (Debian: apt-get install docker.io)")
    if os.geteuid() != 0:
        raise CannotStart("dockerd has to be started by root")
    socket, log = directory / "s", directory / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN_TIED, program, *_flags(directory, socket)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C goes to the tests, which then end it
        )
    try:
        true_within(START_TIMEOUT, lambda: socket.exists() or process.poll() is not None)
        if process.poll() is not None or not socket.exists():
            raise CannotStart(f"dockerd did not start: {_last_lines(log)}")
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(END_TIMEOUT)
        eventually(lambda: not _processes_of(directory), "the engine's processes end", within=END_TIMEOUT)
        eventually(lambda: not _mounts_of(directory), "the engine's mounts are gone", within=END_TIMEOUT)
        shutil.rmtree(directory / "data", ignore_errors=True)  # images of some hundred megabytes


def _flags(directory: Path, socket: Path) -> list[str]:
    return [
        "--storage-driver=vfs",
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--default-ulimit=nofile=1024:1024",
        f"--data-root={directory / 'data'}",
        f"--exec-root={directory / 'exec'}",
        f"--pidfile={directory / 'pid'}",
        f"--host=unix://{socket}",
    ]


def _processes_of(directory: Path) -> list[int]:
    """dockerd, containerd and the shims, which all have the directory in their arguments."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(directory) in _arguments(process)
    ]


def _arguments(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it has ended meanwhile


def _mounts_of(directory: Path) -> list[str]:
    return [row for row in Path("/proc/self/mounts").read_text().splitlines() if str(directory) in row]


def _last_lines(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-3:])
