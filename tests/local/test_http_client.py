"""HTTP requests of checks, to a server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from weco_deploy.local.http_client import UrlClient
from weco_deploy.model.http_answer import HttpAnswer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
            return
        status = int(self.path.strip("/") or 200)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"commit": "\xc3\xa4"}')

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(  # noqa: TID251 - a server of its own, which the test waits for
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/404", 404), ("/503", 503), ("/moved", 200)])
def test_answer_has_its_status_and_text(path: str, status: int) -> None:
    with serving() as url:
        assert UrlClient().get(url + path, 30) == HttpAnswer(status, '{"commit": "ä"}')


def test_refused_connection_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    answer = UrlClient().get(f"http://127.0.0.1:{port}/", 30)
    assert answer.status is None
    assert "refused" in answer.problem


def test_server_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = UrlClient().get(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.2)
    assert (answer.status, answer.problem) == (None, "timed out")
