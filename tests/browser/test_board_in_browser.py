"""The board in a browser: everybody can read it, on any screen, and it asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.visits import Visit, url_of
from tests.report.boards import every_deployment, full_board, rendered
from tests.report.hostile import HOSTILE, hostile
from weco_deploy.local.site_files import write_site
from weco_deploy.report.board.parts import page_of_deployment

pytestmark = pytest.mark.browser

FAILED = page_of_deployment(every_deployment()[2].deployment_id)
ROLLED_BACK = page_of_deployment(every_deployment()[-1].deployment_id)
PAGES = ("index.html", "environments/prod.html", "environments/denied.html", ROLLED_BACK)
PHONE, DESKTOP = 390, 1280
LONG_IDENTITY = f"arn:aws:sts::123456789012:federated-user/{'deployer-of-the-catalogue-' * 5}"


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_findings_of_axe_and_fits_the_screen(
    site: Path, visit: Callable[..., Visit], path: str, dark: bool, width: int
) -> None:
    page = visit(url_of(site / path), dark=dark, width=width)

    assert page.findings() == []
    assert page.value("document.documentElement.scrollWidth") <= width


def test_pages_make_no_requests_and_the_browser_complains_of_nothing(
    site: Path, visit: Callable[..., Visit]
) -> None:
    page = visit("about:blank")
    for path in PAGES:
        page.requests.clear()
        page.page.goto(url_of(site / path))
        assert page.requests == [url_of(site / path)]

    assert page.complaints == []


def test_colours_follow_the_scheme_of_the_reader(site: Path, visit: Callable[..., Visit]) -> None:
    colours = [
        visit(url_of(site / "index.html"), dark=dark).value("getComputedStyle(document.body).backgroundColor")
        for dark in (False, True)
    ]

    assert colours == ["rgb(255, 255, 255)", "rgb(22, 24, 27)"]


def test_links_lead_from_the_board_to_an_environment_to_a_failure_and_back(
    site: Path, visit: Callable[..., Visit]
) -> None:
    page = visit(url_of(site / "index.html"))
    assert "Needs attention" in page.text

    page.page.click("main >> text='prod' >> nth=0")
    assert page.heading == "prod of Shop"
    page.page.click(f"main >> a[href$='{FAILED}'] >> nth=0")
    assert page.heading.startswith("Deployment ")
    for words in ("failed", "no index called works", "exit code 3", "weco-deploy --project-id shop rollback"):
        assert words in page.text
    page.page.click("nav >> text='Shop'")

    assert page.heading == "Shop"


def test_first_tab_offers_to_skip_the_navigation(site: Path, visit: Callable[..., Visit]) -> None:
    page = visit(url_of(site / "index.html"))
    page.press("Tab")

    assert page.value("document.activeElement.textContent") == "Skip to the content"
    assert page.value("document.activeElement.getBoundingClientRect().left") >= 0
    page.press("Enter")
    page.press("Tab")

    assert page.value("document.activeElement.closest('main') !== null")


def test_keyboard_reaches_every_link_and_table_and_shows_where_it_is(
    site: Path, visit: Callable[..., Visit]
) -> None:
    page = visit(url_of(site / "index.html"))
    there = page.value("document.querySelectorAll('a, .scroll').length")
    reached = set()
    for _ in range(there):
        page.press("Tab")
        reached.add(
            page.value("[...document.querySelectorAll('a, .scroll')].indexOf(document.activeElement)")
        )
        assert page.value("getComputedStyle(document.activeElement).outlineStyle") in ("solid", "auto")

    assert reached == set(range(there))


def test_table_that_is_too_wide_scrolls_with_the_keyboard(site: Path, visit: Callable[..., Visit]) -> None:
    page = visit(url_of(site / "index.html"), width=PHONE)
    page.value("document.querySelector('.scroll').focus()")
    page.press("ArrowRight")
    page.page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")


def test_deployments_on_a_phone_are_below_each_other_whoever_made_them(
    tmp_path: Path, visit: Callable[..., Visit]
) -> None:
    board = full_board()
    made = {
        id_: tuple(
            replace(details, deployment=replace(details.deployment, requested_by=LONG_IDENTITY))
            for details in listed
        )
        for id_, listed in board.deployments.items()
    }
    write_site(tmp_path, rendered(replace(board, deployments=made)))

    page = visit(url_of(tmp_path / "index.html"), width=PHONE)

    tables = "[...document.querySelectorAll('.scroll')].filter(found => found.querySelector('.stacked'))"
    assert LONG_IDENTITY in page.text
    assert page.value(f"{tables}.length") > 1
    assert page.value(f"{tables}.every(found => found.scrollWidth <= found.clientWidth)")
    assert (
        page.value(
            "getComputedStyle(document.querySelector('.stacked [data-heading=By]'), '::before').content"
        )
        == '"By"'
    )


def test_texts_of_others_do_nothing_in_a_browser(tmp_path: Path, visit: Callable[..., Visit]) -> None:
    ours = full_board()
    pages = rendered(replace(hostile(ours, "".join(HOSTILE)), repository=ours.repository))
    write_site(tmp_path, pages)
    page = visit("about:blank")

    for path in pages:
        page.requests.clear()
        page.page.goto(url_of(tmp_path / path))
        assert page.requests == [url_of(tmp_path / path)]
        assert all(text in page.text for text in HOSTILE[:6])

    assert page.complaints == []
