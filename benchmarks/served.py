"""Serves AWS in virtual time over HTTP, for other tools: processes that make one call after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.aws import Aws
from weco_deploy.sandbox.threads import in_background


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, aws: Aws) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.aws = aws


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/sleep":
            self.server.aws.sleep(float(body))
            status, kind, content = 200, "text/plain", b""
        else:
            status, kind, content = self.server.aws.answer("POST", self.path, dict(self.headers), body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


@contextmanager
def served(aws: Aws) -> Iterator[str]:
    """Serve AWS within this context; yields host and port."""
    server = _Server(aws)
    in_background("aws", server.serve_forever)
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
