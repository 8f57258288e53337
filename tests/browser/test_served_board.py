"""The board that `board --serve` serves: it keeps itself up to date, and asks nobody but its server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tests.browser.visits import Visit
from tests.report.boards import full_board
from weco_deploy.local.site_server import SiteServer
from weco_deploy.report.board.pages import board_pages

pytestmark = pytest.mark.browser

LATER = replace(full_board(), project_name="Later")
SECONDS = 6
"""The pages ask every five seconds."""


@pytest.fixture
def server() -> Iterator[SiteServer]:
    with closing(SiteServer(0)) as made, made.serving():
        made.show(board_pages(full_board(), follow=True))
        yield made


@pytest.fixture
def served(server: SiteServer, visit: Callable[..., Visit]) -> Visit:
    """The first page, in a browser whose time passes only when a test lets it pass."""
    page = visit("about:blank", width=390)
    page.page.clock.install()
    page.page.goto(server.url)
    return page


def pass_time(page: Visit) -> None:
    """Let the page ask its server once, and wait for the answer."""
    with page.page.expect_response("**"):
        page.page.clock.run_for(SECONDS * 1000)


def test_served_page_shows_what_is_new_where_the_reader_is(server: SiteServer, served: Visit) -> None:
    table = "document.querySelectorAll('.scroll')[1]"
    served.value(f"{table}.scrollLeft = 40")
    served.value(f"{table}.focus()")
    server.show(board_pages(LATER, follow=True))

    pass_time(served)
    served.page.wait_for_function("document.querySelector('h1').textContent === 'Later'")

    assert served.page.title() == "Later"
    assert served.value(f"{table}.scrollLeft") == 40
    assert served.value(f"document.activeElement === {table}")


def test_reader_can_turn_updates_off_for_all_pages(server: SiteServer, served: Visit) -> None:
    served.page.get_by_label("Keep this page up to date").uncheck()
    server.show(board_pages(LATER, follow=True))
    before = len(served.requests)
    served.page.clock.run_for(10 * SECONDS * 1000)

    assert len(served.requests) == before
    assert served.heading == "Shop"
    served.page.reload()
    assert not served.page.get_by_label("Keep this page up to date").is_checked()


def test_page_stays_when_its_server_ends(server: SiteServer, served: Visit) -> None:
    server.close()
    served.page.route("**", lambda route: route.abort())
    with served.page.expect_event("requestfailed"):
        served.page.clock.run_for(SECONDS * 1000)

    assert served.heading == "Shop"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_served_page_has_no_findings_of_axe_and_asks_only_its_server(
    server: SiteServer, visit: Callable[..., Visit], dark: bool
) -> None:
    page = visit(server.url, dark=dark, width=390)

    assert page.findings() == []
    assert page.complaints == []
    assert all(url.startswith(server.url) for url in page.requests)
