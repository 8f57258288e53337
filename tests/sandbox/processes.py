"""The processes of a sandbox, and the addresses they listen on."""

from __future__ import annotations

import re
from pathlib import Path

import weco_deploy
from weco_deploy.sandbox import emulator, pidfile, server

SOURCES = str(Path(weco_deploy.__file__).parents[1])
"""Absolute `PYTHONPATH` for tests that change the working directory."""


def supervisor_of(directory: Path) -> int | None:
    return pidfile.owner(directory / server.PID_FILE)


def emulator_of(directory: Path) -> int | None:
    return pidfile.owner(directory / emulator.PID_FILE)


def has_ended(directory: Path) -> bool:
    return supervisor_of(directory) is None and emulator_of(directory) is None


def listening_addresses(process: int) -> set[str]:
    """The local addresses, in the kernel's hexadecimal form, of all listening sockets of a process."""
    links = (_target(link) for link in Path(f"/proc/{process}/fd").iterdir())
    inodes = {match[1] for link in links if (match := re.fullmatch(r"socket:\[(\d+)\]", link))}
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[9] in inodes and row[3] == "0A"}


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""  # closed meanwhile
