"""Which process is ours: a file with its id, locked by it for as long as it lives.

The lock, not the number, is the evidence: the kernel drops it with the process, however that ends, and a
process that later gets the same id does not hold it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Event

_TRIES = 5
_PAUSE = 0.02


class Taken(Exception):
    """Another process holds the file."""


def take(path: Path) -> int:
    """Lock the file for this process and write its id there; answers the descriptor, which must stay open.

    Raises Taken.
    """
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if not _locked(held):
        os.close(held)
        raise Taken(str(path))
    os.ftruncate(held, 0)
    os.write(held, f"{os.getpid()}\n".encode())
    return held


def _locked(held: int) -> bool:
    """Try more than once: `owner` holds the lock too, for the moment that it looks."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Event().wait(_PAUSE)
        else:
            return True
    return False


def owner(path: Path) -> int | None:
    """The id of the living process that took the file; None if there is none."""
    try:
        seen = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(seen, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.read(seen, 32).strip()
        return int(written) if written.isdigit() else None
    finally:
        os.close(seen)
    return None
