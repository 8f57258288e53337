"""Stands for a process that the server has forked: passes signals on to it, and ends as it ends.

`python -IS client.py ADDRESS MODULE [ARGUMENT]...`: isolated and without the packages, so that it starts in no time.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until there is a process to pass them on to
    address, *command = sys.argv[1:]
    streams = [number for number in (0, 1, 2) if _is_open(number)]
    request = {
        "command": command,
        "directory": os.getcwd(),  # noqa: PTH109 - importing pathlib would double the start-up time
        "environment": dict(os.environ),
        "streams": streams,
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"."], streams)
        answers = server.makefile("rb")
        server.sendall(json.dumps(request).encode() + b"\n")
        process = int(answers.readline())
        for number in SIGNALS:
            signal.signal(number, lambda received, _: _pass_on(process, received))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        status = int(answers.readline())
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code in SIGNALS:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _pass_on(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return  # it has just ended


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
