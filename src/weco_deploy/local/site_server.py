"""Serves the pages of a site from memory to browsers on this machine, read-only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from weco_deploy.errors import DeployError

ADDRESS = "127.0.0.1"
LOCAL_NAMES = frozenset({ADDRESS, "localhost"})
"""The hosts that a browser may ask for. A page of another site whose name was made to lead to this machine (DNS rebinding) asks for
that name."""
_IDLE_SECONDS = 10
_Page: TypeAlias = Callable[[str], bytes | None]
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


class SiteServer:
    """Pages, and a server for them on a port of the loopback interface. Threads of their own answer the requests.

    Args:
        port: the port; 0 for a free one.

    Raises:
        DeployError: the port can't be used.

    """

    def __init__(self, port: int) -> None:
        self._pages: Mapping[str, bytes] = {}
        self._requested = threading.Event()
        try:
            self._server = _Server((ADDRESS, port), self._page)
        except OSError as error:
            raise DeployError(
                f"port {port} can't be used: {error.strerror or error}", "choose another with --port"
            ) from error

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self._server.server_port}/"

    def show(self, pages: Mapping[str, str]) -> None:
        """Serve these pages from now on, by path, with slashes."""
        self._pages = {path: text.encode("utf-8", "replace") for path, text in pages.items()}

    def take_request(self) -> bool:
        """Whether a page was asked for since this was last called."""
        requested = self._requested.is_set()
        self._requested.clear()
        return requested

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve within the block."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()

    def close(self) -> None:
        """Release the port."""
        self._server.server_close()

    def _page(self, path: str) -> bytes | None:
        self._requested.set()
        return self._pages.get(unquote(path).removeprefix("/") or "index.html")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a browser may keep its connection open

    def __init__(self, address: tuple[str, int], page: _Page) -> None:
        super().__init__(address, _Handler)
        self.page = page

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that ends its connection early is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "weco-deploy"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        if _host_name(self.headers.get("Host", "")) not in LOCAL_NAMES:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"", with_body=with_body)
            return
        page = self.server.page(urlsplit(self.path).path)
        if page is None:
            self._send(HTTPStatus.NOT_FOUND, b"There is no such page.\n", with_body=with_body)
        else:
            self._send(HTTPStatus.OK, page, with_body=with_body)

    def _send(self, status: HTTPStatus, body: bytes, *, with_body: bool) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Requests are not logged: the terminal shows the address and errors."""


def _host_name(host: str) -> str:
    """The name in a Host header. Any port will do: a tunnel may listen at another one."""
    return host.strip().rsplit(":", 1)[0].lower() if host.count(":") == 1 else host.strip().lower()
