"""A file with a process's id, which the process keeps locked as long as it lives.

The lock proves that the process lives, not the id: the kernel releases the lock when the process ends, and a
later process with the same id does not hold it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Event

_ATTEMPTS = 5
_PAUSE = 0.02


class Taken(Exception):
    """Another process holds the file."""


def take(path: Path) -> int:
    """Lock the file for this process and write its id into it.

    Returns the file descriptor, which must stay open. Raises Taken.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if not _lock(descriptor):
        os.close(descriptor)
        raise Taken(str(path))
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _lock(descriptor: int) -> bool:
    """Try several times, because `owner` holds the lock too for a moment."""
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Event().wait(_PAUSE)
        else:
            return True
    return False


def owner(path: Path) -> int | None:
    """The id of the process that holds the file, None if no process does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        content = os.read(descriptor, 32).strip()
        return int(content) if content.isdigit() else None
    finally:
        os.close(descriptor)
    return None
