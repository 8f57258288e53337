"""A process that prints what it was given, then ends as its argument says: `exit=CODE`, `signal=NUMBER` or `wait`."""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TextIO


def stream(opened: TextIO | None) -> list[object] | None:
    if opened is None:
        return None
    return [opened.mode, opened.encoding, opened.errors, opened.line_buffering, opened.isatty()]


if __name__ == "__main__":
    given = {
        "arguments": sys.argv[1:],
        "directory": str(Path.cwd()),
        "environment": dict(os.environ),
        "path": sys.path,
        "name": __name__,
        "streams": [stream(opened) for opened in (sys.stdin, sys.stdout, sys.stderr)],
        "signals": {
            number.name: str(signal.getsignal(number)) for number in signal.valid_signals() if number < 32
        },
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    }
    os.write(1, f"{json.dumps(given)}\n".encode())
    how, _, number = sys.argv[1].partition("=")
    if how == "exit":
        sys.exit(int(number))
    elif how == "signal":
        os.kill(os.getpid(), int(number))
    os.write(1, f"{os.getpid()}\n".encode())
    threading.Event().wait()
