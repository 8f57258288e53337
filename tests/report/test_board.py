"""The pages of `board`: what they contain, and that nothing on them runs, loads or leads anywhere but to web pages."""

from __future__ import annotations

import base64
import hashlib
import itertools
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.boards import (
    FAILED_SERVICES,
    board,
    details,
    every_deployment,
    full_board,
    numbered,
    page_of,
    rendered,
)
from tests.report.hostile import HOSTILE, hostile
from tests.report.html_pages import HtmlPage
from tests.report.samples import BROKEN_MIGRATION, MIGRATED, NOON, digest, outcome, release
from tests.report.test_status_text import DENIED, environment, image, running_old
from weco_deploy.model.board import Board
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import Lock
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.report.board.pages import board_pages
from weco_deploy.report.board.parts import page_of_deployment, page_of_environment, web_link

OURS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "style",
        "body",
        "a",
        "header",
        "nav",
        "ul",
        "li",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "time",
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
        "strong",
        "code",
        "pre",
        "svg",
        "rect",
        "dl",
        "dt",
        "dd",
        "br",
        "footer",
    ]
)
"""The elements of the templates."""


def index_of(shown: Board) -> HtmlPage:
    return HtmlPage(rendered(shown)["index.html"])


def environment_of(shown: Board, environment_id: str) -> HtmlPage:
    return HtmlPage(rendered(shown)[page_of_environment(environment_id)])


# The first page


def test_index_shows_each_environment_with_state_and_last_deployment() -> None:
    page = index_of(full_board())

    assert "1 drifted, 1 down" in page.row_with("prod")
    assert "in progress" in page.row_with("stage")
    assert "nothing yet" in page.row_with("empty")
    assert "can't be read unknown" in page.row_with("denied")


def test_index_shows_images_across_environments_with_drift_in_words() -> None:
    page = index_of(full_board())

    headings = [cell.text for cell in page.all("th") if cell.attributes.get("scope") == "col"]
    assert headings[6:11] == ["Image", "stage", "prod", "empty", "denied"]
    row = next(row.text for row in page.all("tr") if row.text.startswith("search"))
    assert row == "search bbbbbbb 2 days ✗ drifted bbbbbbb 2 days unknown unknown"


def test_index_explains_what_needs_attention() -> None:
    text = index_of(full_board()).text

    assert "prod: search: search-api runs aaaaaaa, but bbbbbbb was deployed" in text
    assert "prod: items: 1 of 2 tasks running" in text
    assert "denied: ecs:DescribeServices: not allowed" in text


def test_index_lists_the_commits_that_wait_and_those_that_would_be_lost() -> None:
    page = index_of(full_board())

    assert "Search faster (#12) Ada 2026-03-03 12:00 UTC search" in page.row_with("Search faster")
    assert "1 commit of prod would be lost" in page.text
    assert "A quick fix" in page.text
    assert f"https://github.com/example/shop/commit/{'b' * 40}" in page.hrefs
    assert "https://github.com/example/shop/pull/12" in page.hrefs


def test_timeline_has_the_newest_deployment_first_with_verdict_and_duration() -> None:
    older, newer = (
        numbered(3, DeploymentStatus.FAILED),
        numbered(1, DeploymentStatus.SUCCEEDED, "stage"),
    )
    page = index_of(board(deployments=(older, newer)))

    rows = [row.text for row in page.all("tr") if row.text.startswith("2026")]
    assert [row.split(" UTC ")[0] for row in rows] == ["2026-03-04 11:00", "2026-03-04 09:00"]
    assert "✓ succeeded 1 min 00 s" in rows[0]
    assert "✗ failed 3 min 00 s" in rows[1]


def test_timeline_draws_durations_in_proportion_to_the_longest() -> None:
    page = index_of(
        board(deployments=(numbered(1, DeploymentStatus.SUCCEEDED), numbered(4, DeploymentStatus.SUCCEEDED)))
    )

    assert [bar.attributes["width"] for bar in page.all("rect")] == ["25", "100"]


# Environments


def test_environment_page_shows_versions_tags_and_what_runs() -> None:
    page = environment_of(full_board(), "prod")

    assert "bbbbbbb 2026-03-02 12:00 UTC env.prod bbbbbbb bbbbbbb" in page.row_with("search")
    assert "✗ too few tasks 1 of 2 tasks" in page.row_with("too few")


def test_environment_page_shows_only_its_own_affairs() -> None:
    page = environment_of(full_board(), "stage")

    assert "drifted" not in page.text
    assert "Waits for" not in page.text
    assert "Waits for prod" in environment_of(full_board(), "prod").text


def test_environment_that_cannot_be_read_says_why() -> None:
    assert DENIED.message in environment_of(full_board(), "denied").text


# Deployments


@pytest.mark.parametrize("shown", every_deployment(), ids=lambda deployment: deployment.status.value)
def test_deployment_page_has_the_verdict_the_failures_and_the_log(shown: Any) -> None:
    page = HtmlPage(page_of(shown, rendered(full_board())))

    assert "Release 8f14e45f to prod" in page.all("strong")[0].text
    assert "search (catalogue/search-prod) failed: Essential container in task exited" in page.text
    assert "no index called works" in page.all("pre")[0].text
    assert "exit code 3" in page.text


def test_deployment_page_keeps_the_indentation_of_the_log() -> None:
    source = page_of(every_deployment()[2], rendered(full_board()))

    assert "\n|   no index called works\n" in source


def test_deployment_page_shows_the_rollback_after_the_failure() -> None:
    page = HtmlPage(page_of(every_deployment()[-1], rendered(full_board())))

    assert [heading.text for heading in page.all("h2")][:2] == ["Verdict", "Rollback"]
    assert "nightly: not found" in page.text


def test_deployment_page_names_the_next_commands_only_if_nothing_followed() -> None:
    shown = numbered(2, DeploymentStatus.FAILED, services=FAILED_SERVICES)
    last = details(shown)
    followed = details(
        shown, following=numbered(1, DeploymentStatus.SUCCEEDED), last=numbered(1, DeploymentStatus.SUCCEEDED)
    )

    alone = HtmlPage(page_of(shown, rendered(replace(board(), deployments={"prod": (last,)}))))
    before = HtmlPage(page_of(shown, rendered(replace(board(), deployments={"prod": (followed,)}))))

    assert "weco-deploy --project-id shop rollback --environment-id prod" in alone.text
    assert "Followed by nothing" in alone.text
    assert "weco-deploy" not in before.text
    assert "Followed by ✓ Release 8f14e45f to prod succeeded" in before.text


def test_deployment_page_says_what_ran_when_it_ended_only_if_nothing_followed() -> None:
    tasks = RunningTasks(desired=2, new=0, old=2, old_digests={"search": digest("a")})
    outcomes = (replace(outcome("search", ServiceStatus.FAILED, "it crashed"), tasks=tasks),)
    shown = numbered(2, DeploymentStatus.FAILED, services=outcomes)
    followed = details(shown, following=numbered(1, DeploymentStatus.SUCCEEDED))

    pages = [
        HtmlPage(page_of(shown, rendered(replace(board(), deployments={"prod": (found,)}))))
        for found in (details(shown), followed)
    ]

    assert "Ran when it ended search: aaaaaaa (as before), 2 of 2 tasks" in pages[0].text
    assert "Ran when it ended" not in pages[1].text


def test_deployment_page_explains_a_step_that_failed_with_its_log() -> None:
    shown = numbered(2, DeploymentStatus.FAILED, steps=(MIGRATED, BROKEN_MIGRATION))

    page = HtmlPage(page_of(shown, rendered(board(deployments=(shown,)))))

    (heading,) = [heading.text for heading in page.all("h3") if "migrate" in heading.text]
    assert heading.startswith("✗ migrate (before) failed after 12 s: exit code 3")
    assert "no such column" in page.all("pre")[0].text


def test_environment_page_has_the_command_that_ends_a_lock_by_hand() -> None:
    by_hand = Lock(owner="x", holder="ada", reason="an audit", since=NOON)
    held = replace(by_hand, deployment_id="d")
    shown = board({"prod": environment("prod", lock=by_hand), "stage": environment("stage", lock=held)})

    assert "weco-deploy --project-id shop unlock --environment-id prod" in environment_of(shown, "prod").text
    assert "unlock" not in environment_of(shown, "stage").text


def test_deployment_page_says_that_the_record_of_the_release_is_gone() -> None:
    shown = numbered(2, DeploymentStatus.SUCCEEDED)
    gone = HtmlPage(
        page_of(shown, rendered(replace(board(), deployments={"prod": (details(shown, release=None),)})))
    )
    there = HtmlPage(
        page_of(shown, rendered(replace(board(), deployments={"prod": (details(shown, release=release()),)})))
    )

    assert "whose record is gone" in gone.text
    assert "made 2026-03-04 12:00 UTC by ada" in there.text


def test_deployment_page_shows_images_with_old_and_new_commit_and_subject() -> None:
    page = HtmlPage(page_of(every_deployment()[1], rendered(full_board())))

    assert page.row_with("aaaaaaa") == "search aaaaaaa bbbbbbb Search faster (#12)"


# For everybody


def test_every_page_can_be_read_with_a_keyboard_and_a_screen_reader() -> None:
    for source in rendered(full_board()).values():
        page = HtmlPage(source)
        (html,) = page.all("html")
        assert html.attributes["lang"] == "en"
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
        assert page.all("title")[0].text
        levels = [int(element.tag[1]) for element in page.elements if element.tag in ("h1", "h2", "h3")]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(cell.attributes.get("scope") in ("row", "col") for cell in page.all("th"))
        scrolling = [box for box in page.all("div") if box.attributes.get("class") == "scroll"]
        assert all(box.attributes["tabindex"] == "0" and box.attributes["aria-label"] for box in scrolling)
        assert all(link.text for link in page.all("a"))
        assert page.hrefs[0] == "#content"


def test_every_page_fits_a_phone_and_both_colour_schemes() -> None:
    for source in rendered(full_board()).values():
        assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in source
        assert "prefers-color-scheme: dark" in source


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_colours_have_the_contrast_that_wcag_asks_for() -> None:
    (style,) = index_of(full_board()).all("style")
    schemes = [
        dict(
            part.split(":")
            for part in block.replace(" ", "").split("}")[0].split(";")
            if part.startswith("--")
        )
        for block in style.text.split("color-scheme: light dark;")[1].split(
            "prefers-color-scheme: dark) { :root {"
        )
    ]
    assert len(schemes) == 2
    for scheme in schemes:
        for name in ("--text", "--quiet", "--link", "--good", "--bad", "--warning"):
            for back in ("--back", "--panel"):
                lighter, darker = sorted((_luminance(scheme[name]), _luminance(scheme[back])), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, back)


# What others wrote


def check_harmless(pages: Mapping[str, str]) -> None:
    """Check that the pages have only our elements, run and load nothing, and link only to each other and to web pages."""
    for path, source in pages.items():
        source.encode()
        page = HtmlPage(source)
        assert page.tags <= OURS
        for element in page.elements:
            assert not {"src", "srcset", "style", "action"} & element.attributes.keys()
            assert not any(name.startswith("on") for name in element.attributes)
        assert [link.attributes["href"] for link in page.all("link")] == ["data:,"]
        for href in page.hrefs:
            if href.startswith(("https://", "http://")):
                continue
            assert (
                href == "#content"
                or posixpath.normpath(posixpath.join(posixpath.dirname(path), href)) in pages
            )


@settings(max_examples=20)  # each renders all pages
@given(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(st.sampled_from("<>\"'&{}%#/:\\ja\x00\x1b\n\u202e\ud800"), max_size=20),
    )
)
def test_texts_of_others_neither_run_nor_load_anything(text: str) -> None:
    """The remote's URL is none of theirs: whoever owns the work tree wrote it."""
    ours = full_board()

    pages = rendered(replace(hostile(ours, text), repository=ours.repository))

    assert len(pages) == 1 + len(ours.status.environments) + len(ours.pages)
    check_harmless(pages)


@pytest.mark.parametrize("text", HOSTILE[:7])
def test_texts_of_others_are_shown_as_they_are(text: str) -> None:
    shown = numbered(1, DeploymentStatus.SUCCEEDED, description=text)

    assert text in page_of_text(shown)


def page_of_text(shown: Any) -> str:
    return HtmlPage(page_of(shown, rendered(board(deployments=(shown,))))).text


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("https://ci.example/builds/1", True),
        ("HTTP://ci.example/builds/1", True),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("java\nscript:alert(1)", False),
        ("//ci.example/builds/1", False),
        ("https:alert(1)", False),
        ("http://[", False),
        ("build 12", False),
    ],
)
def test_only_web_pages_are_linked_as_builds(url: str, *, links: bool) -> None:
    assert web_link(url).text == url
    assert (web_link(url).url is not None) is links


def test_pages_forbid_browsers_to_run_or_load_anything_but_their_own_style() -> None:
    for source in rendered(full_board()).values():
        page = HtmlPage(source)
        (policy,) = [
            meta.attributes["content"]
            for meta in page.all("meta")
            if meta.attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        (style,) = page.all("style")
        own = base64.b64encode(hashlib.sha256("".join(style.pieces).encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'sha256-{own}'; img-src data:; base-uri 'none'; form-action 'none'"
        )


def test_pages_of_a_server_may_run_their_own_script_and_ask_only_that_server() -> None:
    for source in board_pages(full_board(), follow=True).values():
        page = HtmlPage(source)
        (policy,) = [
            meta.attributes["content"]
            for meta in page.all("meta")
            if meta.attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        (script,) = page.all("script")
        own = base64.b64encode(hashlib.sha256("".join(script.pieces).encode()).digest()).decode()
        assert f"script-src 'sha256-{own}'; connect-src 'self'; " in policy
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert script.attributes == {}


def test_only_pages_of_a_server_have_a_script() -> None:
    for source in rendered(full_board()).values():
        assert "<script" not in source
        assert "checkbox" not in source


def test_page_says_why_it_shows_an_earlier_state() -> None:
    for source in board_pages(full_board(), trouble="no <answer> from AWS").values():
        page = HtmlPage(source)
        assert "no <answer> from AWS" in page.text
        assert "answer" not in page.tags


@pytest.mark.parametrize(
    "identifier", ["../../etc/passwd", "a/b", "", ".hidden", "Prod", "x" * 300, "a b?c#d"]
)
def test_names_of_pages_can_be_files_and_urls_whatever_the_id(identifier: str) -> None:
    for path in (page_of_environment(identifier), page_of_deployment(identifier)):
        folder, _, name = path.partition("/")
        assert folder in ("environments", "deployments")
        assert "/" not in name
        assert name[0] == "_"
        assert len(name) < 100


def test_environments_whose_names_differ_only_in_case_have_different_files() -> None:
    assert page_of_environment("prod") == "environments/prod.html"
    assert page_of_environment("Prod").lower() != page_of_environment("prod")


def test_mark_for_drift_is_only_at_the_environment_that_drifted() -> None:
    states = {
        "stage": environment("stage"),
        "prod": environment("prod", images=(image(),), drifts=(running_old(),)),
    }
    row = next(row.text for row in index_of(board(states)).all("tr") if row.text.startswith("search"))

    assert row.count("drifted") == 1
    assert row.index("bbbbbbb") < row.index("drifted")
