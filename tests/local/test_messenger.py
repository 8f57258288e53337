"""Messages sent with apprise to a server on loopback that takes them, refuses them or hangs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.local.message_server import MessageServer, message_server
from weco_deploy.local import messenger
from weco_deploy.local.messenger import AppriseMessenger
from weco_deploy.model.notification import Message
from weco_deploy.ports import NotDelivered

GOOD = Message(title="Shop: done", body="2 services\n<b> & *c*", good=True)


@pytest.fixture
def server() -> Iterator[MessageServer]:
    with message_server() as served:
        yield served


def why_not(url: str) -> str:
    with pytest.raises(NotDelivered) as refused:
        AppriseMessenger().send(url, GOOD)
    assert "s3cret" not in str(refused.value)
    return str(refused.value)


def test_message_arrives_as_it_was_written(server: MessageServer) -> None:
    AppriseMessenger().send(server.url, GOOD)

    (received,) = server.received
    assert (received["title"], received["message"], received["type"]) == (GOOD.title, GOOD.body, "success")


@pytest.mark.parametrize(("good", "kind"), [(True, "success"), (False, "failure"), (None, "info")])
def test_message_says_whether_the_news_is_good(server: MessageServer, good: bool | None, kind: str) -> None:
    AppriseMessenger().send(server.url, Message(title="t", body="b", good=good))

    assert server.received[0]["type"] == kind


def test_refused_message_names_the_status_and_writes_nothing(
    server: MessageServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.status = 500

    assert why_not(server.url) == "the service answered 500"
    assert capfd.readouterr() == ("", "")


def test_service_that_hangs_is_given_up(server: MessageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messenger, "ANSWER_SECONDS", 0.05)
    server.hangs = True

    assert why_not(server.url) == "the service did not answer"


def test_timeouts_leave_time_for_the_last_message() -> None:
    service = messenger._service("json://localhost/?rto=60&cto=60")

    assert service is not None
    assert service.request_timeout == (2.0, 2.0)


def test_unreachable_service_did_not_answer(server: MessageServer) -> None:
    host = server.url.rpartition(":")[0]

    assert why_not(f"{host}:1/hook") == "the service did not answer"


@pytest.mark.parametrize("url", ["s3cret", "nothing://s3cret", "json://", ""])
def test_url_of_no_service_is_not_accepted_and_not_repeated(
    url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not AppriseMessenger().accepts(url)
    assert why_not(url) == "its URL is none that apprise knows"
    assert capfd.readouterr() == ("", "")


def test_plugin_that_raises_is_named_without_its_text(
    server: MessageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise ValueError(server.url)

    monkeypatch.setattr("apprise.Apprise.notify", broken)

    assert why_not(server.url) == "apprise failed with ValueError"


def test_without_the_extra_nothing_is_sent(server: MessageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AppriseMessenger().installed()
    monkeypatch.setitem(sys.modules, "apprise", None)

    assert not AppriseMessenger().installed()
    assert why_not(server.url) == "a package is not installed: apprise"
    assert server.received == []
