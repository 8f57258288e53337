"""The server of a site: it serves pages to this machine alone, and takes nothing."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from weco_deploy.errors import DeployError
from weco_deploy.local.site_server import SiteServer

PAGES = {"index.html": "<p>first</p>", "environments/prod.html": "<p>prod</p>"}


@pytest.fixture
def server() -> Iterator[SiteServer]:
    with closing(SiteServer(0)) as made, made.serving():
        made.show(PAGES)
        yield made


def ask(
    server: SiteServer, path: str = "/", *, method: str = "GET", host: str | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    """The status, the body and the headers of an answer."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=host is not None)
        if host:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", "<p>first</p>"),
        ("/index.html", "<p>first</p>"),
        ("/environments/prod.html?again", "<p>prod</p>"),
        ("/environments/%70rod.html", "<p>prod</p>"),
    ],
)
def test_pages_are_served_by_path(server: SiteServer, path: str, body: str) -> None:
    status, found, headers = ask(server, path)

    assert (status, found) == (HTTPStatus.OK, body)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", ["/etc/passwd", "/../index.html", "/%2e%2e/etc/passwd", "/environments/"])
def test_other_paths_are_not_found(server: SiteServer, path: str) -> None:
    assert ask(server, path)[0] == HTTPStatus.NOT_FOUND


def test_head_has_the_headers_without_the_page(server: SiteServer) -> None:
    status, body, headers = ask(server, method="HEAD")

    assert (status, body) == (HTTPStatus.OK, "")
    assert headers["Content-Length"] == str(len("<p>first</p>"))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_methods_that_change_something_do_not_exist(server: SiteServer, method: str) -> None:
    assert ask(server, method=method)[0] == HTTPStatus.NOT_IMPLEMENTED


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:8000"])
def test_names_of_this_machine_are_answered_at_any_port(server: SiteServer, host: str) -> None:
    assert ask(server, host=host)[0] == HTTPStatus.OK


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example:8000",
        "localhost.evil.example",
        "evil.example:8000:127.0.0.1",
        "[::1]:8000",
        "",
    ],
)
def test_other_names_that_lead_to_this_machine_are_refused(server: SiteServer, host: str) -> None:
    status, body, _ = ask(server, host=host)

    assert (status, body) == (HTTPStatus.MISDIRECTED_REQUEST, "")


def test_server_listens_on_loopback_only(server: SiteServer) -> None:
    assert urlsplit(server.url).hostname == "127.0.0.1"
    assert server._server.server_address[0] == "127.0.0.1"


def test_new_pages_replace_the_old_ones(server: SiteServer) -> None:
    server.show({"index.html": "<p>\udcffsecond</p>"})

    assert ask(server)[1] == "<p>?second</p>"
    assert ask(server, "/environments/prod.html")[0] == HTTPStatus.NOT_FOUND


def test_request_is_reported_once(server: SiteServer) -> None:
    assert not server.take_request()
    ask(server)

    assert server.take_request()
    assert not server.take_request()


def test_port_that_is_taken_is_an_error(server: SiteServer) -> None:
    port = urlsplit(server.url).port or 0

    with pytest.raises(DeployError, match=f"port {port} can't be used: Address already in use"):
        SiteServer(port)


def test_server_answers_no_more_after_its_block() -> None:
    with closing(SiteServer(0)) as server, server.serving():
        pass

    with pytest.raises(ConnectionRefusedError):
        ask(server)
