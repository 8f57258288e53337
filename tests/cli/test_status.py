"""`status`, from arguments to text, documents and exit codes."""

from __future__ import annotations

import re

import pytest

from tests.cli.desk import Desk
from weco_deploy.cli.watching import INTERVAL
from weco_deploy.errors import AccessDenied, Throttled

DENIED = AccessDenied("ecs:DescribeServices", "not allowed: ecs:DescribeServices")


def deployed(desk: Desk) -> None:
    """Deploy a release to both environments."""
    desk.world.push("search")
    for environment in ("stage", "prod"):
        assert desk.run("--confirm", "release-deploy", "--environment-id", environment).code == 0


def move_tag(desk: Desk) -> None:
    """Point prod's tag of an image at another one, by hand."""
    desk.world.push("search")
    desk.world.point("search", "env.prod", desk.world.tag("search", "latest") or "")


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weco_deploy.cli.watching.is_terminal", lambda: True)


def test_text_shows_environments_and_images(desk: Desk) -> None:
    deployed(desk)

    ran = desk.run("status")

    assert ran.code == 0
    assert ran.err == ""
    assert "✓ stage" in ran.out
    assert "✓ prod" in ran.out
    assert "in sync, 2 up" in ran.out


def test_document_of_one_environment_has_that_alone(desk: Desk) -> None:
    deployed(desk)

    ran = desk.run("--output", "json", "status", "--environment-id", "prod")

    assert ran.code == 0
    assert list(ran.json) == ["environments"]
    assert list(ran.json["environments"]) == ["prod"]
    assert ran.json["environments"]["prod"]["in_sync"] is True


def test_drift_is_an_exit_code_only_with_check(desk: Desk) -> None:
    deployed(desk)
    assert desk.run("status", "--check").code == 0
    move_tag(desk)

    assert desk.run("status").code == 0
    assert desk.run("status", "--check").code == 1
    assert desk.run("status", "--check", "--environment-id", "stage").code == 0


def test_service_that_is_down_fails_a_check(desk: Desk) -> None:
    deployed(desk)
    desk.world.trouble("search-api", "prod", "no-capacity")
    desk.world.scale("search-api", "prod", 2)

    assert desk.run("status", "--check").code == 1


@pytest.mark.parametrize(("arguments", "code"), [((), 1), (("--check",), 5)])
def test_environment_that_cannot_be_read_is_an_error_beside_the_others(
    desk: Desk, arguments: tuple[str, ...], code: int
) -> None:
    deployed(desk)
    desk.world.fail("runtime.describe", DENIED, times=100, about="cluster/prod")

    ran = desk.run("--output", "json", "status", *arguments)

    assert ran.code == code
    assert ran.json["environments"]["prod"]["error"]["code"] == "access_denied"
    assert ran.json["environments"]["stage"]["in_sync"] is True
    assert ran.err == "error: prod: ecs:DescribeServices: not allowed: ecs:DescribeServices\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 1), (("--check",), 5), (("--check", "--environment-id", "live"), 5)]
)
def test_error_of_all_environments_is_the_only_answer(
    desk: Desk, arguments: tuple[str, ...], code: int
) -> None:
    desk.world.fail("runtime.describe", DENIED, times=100)

    ran = desk.run("--output", "json", "status", *arguments)

    assert ran.code == code
    assert ran.error["code"] in ("access_denied", "not_found")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ((), (), "stdout is not a terminal"),
        ((), ("--check",), "--watch can't be combined with --check"),
        (("--output", "json"), (), "--watch can't be combined with --output json"),
    ],
)
def test_watch_is_refused_where_it_makes_no_sense(
    desk: Desk, before: tuple[str, ...], after: tuple[str, ...], message: str
) -> None:
    ran = desk.run(*before, "status", "--watch", *after)

    assert ran.code == (5 if after else 2)
    assert message in ran.err
    assert desk.connections == []


@pytest.mark.usefixtures("on_terminal")
def test_watch_shows_it_again_until_it_is_interrupted(desk: Desk) -> None:
    deployed(desk)
    desk.world.at(INTERVAL / 2, lambda: move_tag(desk))
    desk.world.signal_at(INTERVAL * 1.5)

    ran = desk.run("status", "--watch")

    assert ran.code == 0
    first, second = ran.out.split("\x1b[H\x1b[2J\x1b[3J")[1:]
    assert re.match(r"every 10 s, Ctrl-C ends; \d\d:\d\d:\d\d\n", first)  # local, as all times on a terminal
    assert "Drifted" not in first
    assert "Drifted" in second


@pytest.mark.usefixtures("on_terminal")
def test_watch_goes_on_after_an_error_and_says_so(desk: Desk) -> None:
    deployed(desk)
    throttled = Throttled("ecs:DescribeServices", "Rate exceeded")
    desk.world.at(INTERVAL / 2, lambda: desk.world.fail("runtime.describe", throttled, times=2))
    desk.world.signal_at(INTERVAL * 2.5)

    ran = desk.run("status", "--watch")

    assert ran.code == 0
    looks = ran.out.split("\x1b[H\x1b[2J\x1b[3J")[1:]
    assert ["can't be read now: ecs:DescribeServices: Rate exceeded" in look for look in looks] == [
        False,
        True,
        False,
    ]
    assert all("stage" in look for look in looks)


@pytest.mark.usefixtures("on_terminal")
def test_first_look_of_a_watch_may_fail(desk: Desk) -> None:
    desk.world.fail("runtime.describe", DENIED, times=100)

    ran = desk.run("status", "--watch")

    assert ran.code == 1
    assert "not allowed" in ran.err
