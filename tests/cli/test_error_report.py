"""How errors are reported."""

import traceback
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ProxyConnectionError

from tests.cli.desk import Desk
from weco_deploy.aws import api
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.cli.tracebacks import traceback_of
from weco_deploy.errors import AwsError


def broken(*_: object, **__: object) -> None:
    raise ValueError("2 ** -1")


def test_internal_error_is_a_line_that_asks_for_a_report(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.operations.history.releases", broken)

    ran = desk.run("show-releases")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: internal error: ValueError: 2 ** -1; ")
    assert "report" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_internal_error_is_a_document_with_json(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.operations.history.releases", broken)

    assert desk.run("--output", "json", "show-releases").error["code"] == "internal"


def test_verbose_shows_the_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.operations.history.releases", broken)

    assert "Traceback" in desk.run("--verbose", "show-releases").err


TOKEN = "FwoGZXIvYXdzEJr-a-session-token"


def refused(*_: object, **__: object) -> None:
    """The error of AWS for an invalid signature, which quotes the signed text."""
    signed = f"The Canonical String should have been x-amz-security-token:{TOKEN}"
    answer = {"Error": {"Code": "SignatureDoesNotMatch", "Message": signed}}
    with translate_errors(api.QUERY):
        raise ClientError(answer, "Query")  # type: ignore[arg-type]  # only the fields that are read


def raised_by_a_library(*_: object, **__: object) -> None:
    raise ProxyConnectionError(proxy_url=f"http://somebody:{TOKEN}@proxy")


@pytest.mark.parametrize("fault", [refused, raised_by_a_library])
def test_verbose_omits_messages_that_may_quote_credentials(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., None]
) -> None:
    monkeypatch.setattr("weco_deploy.operations.history.releases", fault)

    ran = desk.run("--verbose", "--output", "json", "show-releases")

    assert ran.code == 1
    assert f"botocore.exceptions.{'ClientError' if fault is refused else 'ProxyConnectionError'}" in ran.err
    assert TOKEN not in ran.out + ran.err


def failed_for_a_reason() -> None:
    try:
        broken()
    except ValueError as error:
        raise AwsError("ecs:ListTasks", "no") from error


def test_traceback_has_the_causes_in_pythons_format() -> None:
    with pytest.raises(AwsError) as caught:
        failed_for_a_reason()

    assert traceback_of(caught.value) == "".join(traceback.format_exception(caught.value))


def test_error_message_has_no_terminal_escapes(desk: Desk) -> None:
    desk.world.fail("store.releases", AwsError("dynamodb:Query", "\x1b[2Jgone\nfor good"))

    ran = desk.run("show-releases")

    assert "\x1b" not in ran.err
