"""An emulator on this machine that is not running is reported at once; one that answered before gets all attempts."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import EndpointConnectionError
from urllib3.exceptions import NewConnectionError

from tests.aws.scripted import ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws import api
from weco_deploy.aws.error_translation import NotSent, translate_errors
from weco_deploy.aws.loopback import refused_here
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before further attempts, which are not made."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    return pauses


@pytest.fixture
def unused_port() -> Iterator[int]:
    with socket.socket() as bound:  # bound and not listening: connections are refused
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def list_clusters(login: Login) -> None:
    with translate_errors(api.DESCRIBE_SERVICES):
        login.account("eu-west-1").client("ecs").list_clusters()


@pytest.mark.usefixtures("aws")
def test_emulator_that_is_not_running_is_reported_after_the_first_attempt(
    attempts: list[float], unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port}")

    with pytest.raises(NotSent, match=f"nothing listens at http://127.0.0.1:{unused_port}") as caught:
        list_clusters(Login(StillClock(), Rates()))

    assert attempts == []
    assert "weco-deploy sandbox start --detach" in caught.value.hint
    assert 'eval "$(weco-deploy sandbox env)"' in caught.value.hint


def test_emulator_that_has_answered_gets_all_attempts(
    aws: ScriptedAws, attempts: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.says("ListClusters", json_answer(clusterArns=[]))
    login = Login(StillClock(), Rates())
    list_clusters(login)
    refuse_connections(monkeypatch)

    with pytest.raises(NotSent):
        list_clusters(login)

    assert len(attempts) == 4


def refuse_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, request: object) -> None:
        raise refused(str(getattr(request, "url", "")))

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", refuse)


def refused(url: str, cause: Callable[[], OSError] = ConnectionRefusedError) -> EndpointConnectionError:
    reason = NewConnectionError(None, "no connection")  # type: ignore[arg-type]  # the connection is not read
    reason.__cause__ = cause()
    return EndpointConnectionError(endpoint_url=url, error=reason)


@pytest.mark.parametrize(
    ("error", "url"),
    [
        (refused("http://127.0.0.1:4566/"), "http://127.0.0.1:4566/"),
        (refused("http://localhost:4566/"), "http://localhost:4566/"),
        (refused("https://ecs.eu-west-1.amazonaws.com/"), ""),
        (refused("http://127.0.0.1:4566/", cause=TimeoutError), ""),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/"), ""),
        (TimeoutError(), ""),
        (None, ""),
    ],
)
def test_only_a_refusal_by_this_machine_proves_that_nothing_listens(
    error: Exception | None, url: str
) -> None:
    assert refused_here(error) == url
