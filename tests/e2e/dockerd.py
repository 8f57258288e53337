"""A Docker Engine of our own: Debian's dockerd, in a directory of its own, with no network of its own.

It runs in restricted machines too: no overlay file system, no firewall rules, no bridge. Containers have to share the
machine's network (`networkMode: host`).
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

STARTS_WITHIN = 60.0
ENDS_WITHIN = 60.0

_SYSTEM_PLACES = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian keeps dockerd; not on everybody's PATH."""

_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: if the tests are killed, it ends in good order
os.execvp("unshare", ["unshare", "--mount", *sys.argv[1:]])  # mounts of its own, which go when it goes
"""


class CannotStart(Exception):
    """There is no engine to be started here; the message says why."""


@contextmanager
def started(directory: Path) -> Iterator[str]:
    """An engine that keeps everything in `directory`; gives its DOCKER_HOST.

    At the end neither a process nor a mount of it is left. Raises CannotStart.
    """
    program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PLACES}")
    if sys.platform != "linux" or program is None:
        raise CannotStart("dockerd is not installed (Debian: apt-get install docker.io)")
    if os.geteuid() != 0:
        raise CannotStart("dockerd has to be started by root")
    socket, log = directory / "s", directory / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _TIED, program, *_flags(directory, socket)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests, which then end it
        )
    try:
        true_within(STARTS_WITHIN, lambda: socket.exists() or process.poll() is not None)
        if process.poll() is not None or not socket.exists():
            raise CannotStart(f"dockerd did not start: {_last_lines(log)}")
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN)
        eventually(lambda: not _processes_of(directory), "the engine's processes end", within=ENDS_WITHIN)
        eventually(lambda: not _mounts_of(directory), "the engine's mounts are gone", within=ENDS_WITHIN)
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
    """dockerd, its containerd, and the shims: all of them have the directory in their arguments."""
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(directory) in _arguments(process)
    ]


def _arguments(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""  # it ended while we looked


def _mounts_of(directory: Path) -> list[str]:
    return [row for row in Path("/proc/self/mounts").read_text().splitlines() if str(directory) in row]


def _last_lines(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").splitlines()[-3:])
