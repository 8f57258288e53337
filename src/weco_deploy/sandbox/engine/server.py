"""The simulated engine's HTTP server."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from weco_deploy.sandbox.engine.routes import Answer, Engine, Request


class EngineServer(ThreadingHTTPServer):
    """Serves an engine on a free port of 127.0.0.1, a thread a connection; serve it with `serve_forever`."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = False

    def __init__(self, engine: Engine) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when the emulator goes away in the middle of a request; anything else is a fault of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # only printed

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and content leave in one packet

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine = cast(EngineServer, self.server).engine
        answer = engine.answer(Request.read(self.command, self.path, body))
        try:
            self._send(answer)
        except ConnectionError:  # the emulator no longer wants to know
            self.close_connection = True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        if isinstance(answer.content, bytes):
            self.send_header("Content-Length", f"{len(answer.content)}")
            self.end_headers()
            self.wfile.write(answer.content if self.command != "HEAD" else b"")
        else:
            self.close_connection = True
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in answer.content:
                self.wfile.write(piece)
                self.wfile.flush()
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_DELETE = _respond  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: the emulator's log says what it asked for."""
