"""Imports the tool, then forks a process for each client. Ends when its stdin is closed.

For each connection there are two processes: the one that runs the module, and its parent, which tells the client how it ended
and kills it if the client is killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass

import weco_deploy


@dataclass(frozen=True)
class Request:
    """What a client asks for. `streams` has the open ones of the descriptors 0, 1 and 2."""

    command: list[str]
    directory: str
    environment: dict[str, str]
    streams: list[int]


def main() -> None:
    preload()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        request = serve(listener)
    if request is not None:
        run(request)


def preload() -> None:
    """Import all modules of the tool, and those of the tests that `tests.cli.pretended` imports."""
    for module in pkgutil.walk_packages(weco_deploy.__path__, "weco_deploy."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    importlib.import_module("tests.world.world")
    gc.freeze()  # the forked processes share what stays untouched


def serve(listener: socket.socket) -> Request | None:
    """Accept clients. Returns in each forked process what to run, and in the server None at the end of stdin."""
    while True:
        readable, _, _ = select.select([listener.fileno(), 0], [], [])
        if listener.fileno() not in readable:
            return None
        reap_ended()
        connection, _ = listener.accept()
        with connection:
            if os.fork() == 0:
                listener.close()
                return serve_client(connection)


def reap_ended() -> None:
    """Reap the processes that have ended, so that their CPU time counts as the server's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def serve_client(client: socket.socket) -> Request:
    """Fork the process of this client; only the new process returns."""
    _, received, _, _ = socket.recv_fds(client, 1, 3)
    request = Request(**json.loads(client.makefile("rb").readline()))
    ended, running = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(ended)  # `running` is closed when this process ends
        take_streams(dict(zip(request.streams, received, strict=True)))
        return request
    for descriptor in (*received, running):
        os.close(descriptor)
    client.sendall(f"{process}\n".encode())
    readable, _, _ = select.select([client.fileno(), ended], [], [])
    if ended not in readable:  # the client was killed
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if ended in readable:
        client.sendall(f"{status}\n".encode())
    os._exit(0)


def take_streams(received: dict[int, int]) -> None:
    """Make the client's streams those of this process. What the client has closed is closed here, too."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if number in received:
            os.dup2(received[number], number)
            os.close(received[number])
            if name != "stderr":
                # As at Python's own start: a terminal gets each line at once, unless nothing is buffered at all.
                stream.reconfigure(line_buffering=os.isatty(number) and not stream.write_through)
        else:
            os.close(number)
            setattr(sys, name, None)
            setattr(sys, f"__{name}__", None)


def run(request: Request) -> None:
    os.chdir(request.directory)
    os.environ.clear()
    os.environ.update(request.environment)
    module, *arguments = request.command
    sys.path[0] = request.directory  # as after `python -m`
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
