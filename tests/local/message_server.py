"""A server on loopback that takes messages as apprise's json:// sends them, answers errors, or hangs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import serving

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

    with serving(Handler) as address:
        served.url = f"json://robot:s3cret@{address}/hook"
        try:
            yield served
        finally:
            over.set()
