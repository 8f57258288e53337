"""A server on loopback that takes messages as apprise's json:// sends them, answers errors, or hangs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

IN_TIME = 60.0


@dataclass
class MessageServer:
    """`status` is its answer; with `hangs` it answers only once the test is over. `url` contains a secret."""

    url: str = ""
    status: int = 200
    hangs: bool = False
    received: list[dict[str, Any]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def message_server() -> Iterator[MessageServer]:
    served = MessageServer()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.received.append(json.loads(body))
            served.arrived.set()
            if served.hangs:
                over.wait(IN_TIME)
            self.send_response(served.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing: the messages are in `received`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"json://robot:s3cret@127.0.0.1:{server.server_address[1]}/hook"
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))  # noqa: TID251 - the server runs while the test does
    serving.start()
    try:
        yield served
    finally:
        over.set()
        server.shutdown()
        serving.join()
        server.server_close()
