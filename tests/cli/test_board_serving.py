"""`board --serve`: what it serves, and when it asks AWS again."""

from __future__ import annotations

from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.cli.desk import Desk, Ran
from tests.operations.runs import release_deploy
from weco_deploy.cli import board_serving
from weco_deploy.cli.board_serving import OTHERWISE, WHILE_DEPLOYING
from weco_deploy.errors import AccessDenied, Throttled

SOON, LATER = WHILE_DEPLOYING.total_seconds(), OTHERWISE.total_seconds()


class Browser:
    """Serves the board for a desk, and asks for its pages at times of the world."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._desk = desk
        self.url = ""
        self.pages: list[str] = []
        monkeypatch.setattr(board_serving, "write_result", self._read_url)

    def visit_at(self, seconds: float) -> None:
        """Ask for the first page, and keep it in `pages`."""
        self._desk.world.at(seconds, lambda: self.pages.append(self.get()))

    def get(self, path: str = "", **headers: str) -> str:
        with urlopen(Request(f"{self.url}{path}", headers=headers), timeout=30) as answer:  # noqa: S310 - our own server
            body: bytes = answer.read()
        return body.decode()

    def serve_until(self, seconds: float) -> Ran:
        self._desk.world.signal_at(seconds)
        return self._desk.run("board", "--serve", "--port", "0")

    def _read_url(self, line: str) -> None:
        self.url = line.removeprefix("the board is at ").removesuffix("; Ctrl-C ends")


@pytest.fixture
def browser(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Browser:
    return Browser(desk, monkeypatch)


def deployed(desk: Desk) -> None:
    desk.world.push("search")
    for environment in ("stage", "prod"):
        assert desk.run("--confirm", "release-deploy", "--environment-id", environment).code == 0


def drift(desk: Desk) -> None:
    """Point prod's tag of an image at another one, by hand."""
    desk.world.push("search")
    desk.world.point("search", "env.prod", desk.world.tag("search", "latest") or "")


def cut_off_deployment(desk: Desk) -> None:
    """A deployment to stage that stays in progress in its record."""
    desk.world.push("search")
    desk.world.cut_after(1, "runtime.redeploy")
    with pytest.raises(BaseException):  # noqa: B017, PT011 - a kill is no Exception
        release_deploy(desk.world)


def times_read(desk: Desk, action: Callable[[], object]) -> int:
    """How often the records of the two environments are read during an action."""
    before = desk.world.count("store.environment")
    action()
    return (desk.world.count("store.environment") - before) // 2


def test_serve_shows_the_board_until_it_is_interrupted(desk: Desk, browser: Browser) -> None:
    deployed(desk)
    browser.visit_at(1)

    ran = browser.serve_until(3)

    assert (ran.code, ran.err) == (0, "")
    (page,) = browser.pages
    assert "<h1>Shop</h1>" in page
    assert 'id="follow"' in page


def test_request_for_another_host_is_refused(desk: Desk, browser: Browser) -> None:
    deployed(desk)
    statuses: list[int] = []

    def attack() -> None:
        try:
            browser.get(Host="evil.example")
        except HTTPError as error:
            statuses.append(error.code)

    desk.world.at(1, attack)
    browser.serve_until(3)

    assert statuses == [421]


def test_pages_are_read_again_after_a_minute_if_somebody_looks(desk: Desk, browser: Browser) -> None:
    deployed(desk)
    desk.world.at(1, lambda: drift(desk))
    for seconds in (SOON + 5, LATER + 1, LATER + 3):
        browser.visit_at(seconds)

    browser.serve_until(LATER + 5)

    assert ["drifted" in page for page in browser.pages] == [False, False, True]


def test_aws_is_not_asked_while_nobody_looks(desk: Desk, browser: Browser) -> None:
    deployed(desk)

    assert times_read(desk, lambda: browser.serve_until(10 * LATER)) == 1


def test_pages_are_read_every_ten_seconds_while_a_deployment_runs(desk: Desk, browser: Browser) -> None:
    deployed(desk)
    cut_off_deployment(desk)
    for step in range(1, 40):
        browser.visit_at(step)

    assert times_read(desk, lambda: browser.serve_until(40)) == 4


def test_page_says_that_aws_can_not_be_read_until_it_can(desk: Desk, browser: Browser) -> None:
    deployed(desk)
    throttled = Throttled("ecs:DescribeServices", "Rate exceeded")
    desk.world.at(1, lambda: desk.world.fail("runtime.describe", throttled, times=2))
    for seconds in (LATER + 1, LATER + 3, 2 * LATER + 5, 2 * LATER + 8):
        browser.visit_at(seconds)

    assert browser.serve_until(2 * LATER + 10).code == 0

    said = [
        "AWS can&#39;t be read now: ecs:DescribeServices: Rate exceeded" in page for page in browser.pages
    ]
    assert said == [False, True, True, False]
    assert all("stage" in page for page in browser.pages)


def test_first_look_may_fail(desk: Desk, browser: Browser) -> None:
    desk.world.fail("runtime.describe", AccessDenied("ecs:DescribeServices", "not allowed"), times=100)

    ran = browser.serve_until(LATER)

    assert ran.code == 1
    assert "not allowed" in ran.err
    assert browser.url == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("board", "--serve", "--out", "site"), "either --out or --serve"),
        (("board",), "either --out or --serve"),
        (("--output", "json", "board", "--serve"), "--serve can't be combined with --output json"),
    ],
)
def test_serve_is_refused_where_it_makes_no_sense(
    desk: Desk, arguments: tuple[str, ...], message: str
) -> None:
    ran = desk.run(*arguments)

    assert ran.code == 2
    assert message in ran.err + ran.out
    assert desk.connections == []
