from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.text import Text

from tests.report.samples import NOON, RELEASE_ID
from weco_deploy.model.commits import Commit
from weco_deploy.model.results import (
    ChangedCommit,
    Changes,
    CommitInEnvironment,
    LiveImage,
    WhereCommitIs,
)
from weco_deploy.model.web_repository import Host, WebRepository
from weco_deploy.report.changes_text import changes_markdown, changes_text, where_text
from weco_deploy.report.documents import changes_document, where_document
from weco_deploy.report.screen import Screen
from weco_deploy.report.wording import age

GITHUB = WebRepository(Host.GITHUB, "https://github.com/team/shop")
GITLAB = WebRepository(Host.GITLAB, "https://gitlab.com/team/shop")


def commit(
    letter: str,
    subject: str,
    author: str = "ada",
    date: datetime = NOON - timedelta(days=2),
    parents: tuple[str, ...] = ("0" * 40,),
) -> Commit:
    return Commit(commit=letter * 40, parents=parents, author=author, date=date, subject=subject)


MERGE = ChangedCommit(
    commit=commit("a", "Merge pull request #12 from team/topic", parents=("1" * 40, "2" * 40)),
    images=("search", "items"),
    pull_request=12,
)
REVERT = ChangedCommit(
    commit=commit("b", 'Revert "Use the new index"', "eve", NOON - timedelta(days=3)), images=("search",)
)
PLAIN = ChangedCommit(
    commit=commit("c", "Use the new index", "ada", NOON - timedelta(hours=5)),
    images=("a", "b", "c", "d", "e"),
)


def changes(
    *commits: ChangedCommit, lost: tuple[ChangedCommit, ...] = (), repository: WebRepository | None = None
) -> Changes:
    return Changes(
        base="prod",
        head="stage",
        at=NOON,
        commits=commits,
        lost=lost,
        unknown={},
        unchanged=(),
        repository=repository,
    )


def test_commits_have_a_row_each_below_a_summary() -> None:
    assert changes_text(changes(PLAIN, MERGE, REVERT, repository=GITHUB), Screen()) == (
        """\
prod..stage: 3 commits by 2 people, the oldest from 3 days ago
  commit   subject                                        author  age     images
  ccccccc  Use the new index                              ada     5 h     a, b, c and 2 more
  aaaaaaa  merge: Merge pull request #12 from team/topic  ada     2 days  search, items
  bbbbbbb  revert: Revert "Use the new index"             eve     3 days  search

Pull requests: https://github.com/team/shop/pull/<number>
"""
    )


def test_lost_commits_unknown_and_unchanged_images_follow() -> None:
    found = replace(
        changes(lost=(PLAIN,)),
        unknown={"web": "it is new there"},
        unchanged=("items", "orders"),
        head=RELEASE_ID,
    )

    assert changes_text(found, Screen()) == (
        """\
prod..8f14e45f: no commits

1 commit of prod would be lost:
  commit   subject            author  age  images
  ccccccc  Use the new index  ada     5 h  a, b, c and 2 more

Images whose commits are not known (1):
  web: it is new there

Images unchanged (2): items, orders
"""
    )


def test_equal_sides_have_no_changes() -> None:
    assert changes_text(changes(), Screen()) == "prod..stage: no changes\n"


def test_one_commit_of_one_person_is_counted_as_one() -> None:
    assert "1 commit by 1 person, the oldest from 5 h ago" in changes_text(changes(PLAIN), Screen())


@pytest.mark.parametrize(("repository", "number"), [(None, "(#12)"), (GITHUB, "(#12)"), (GITLAB, "(!12)")])
def test_pull_request_that_the_subject_does_not_name_follows_it(
    repository: WebRepository | None, number: str
) -> None:
    change = replace(PLAIN, pull_request=12)

    assert f"Use the new index {number}" in changes_text(changes(change, repository=repository), Screen())


def test_table_fits_a_terminal_of_80_columns() -> None:
    long = replace(PLAIN, commit=commit("d", "so many words " * 12, author="a person with a very long name"))

    text = changes_text(changes(long, MERGE), Screen(width=80, terminal=True))

    lines = Text.from_ansi(text).plain.splitlines()
    assert 70 < max(cell_len(line) for line in lines) <= 80
    assert "ddddddd" in text


def test_markdown_has_links_and_notifies_nobody() -> None:
    nasty = ChangedCommit(
        commit=commit("d", "<script> [x](y) @eve *bold*", "@eve"), images=("search",), pull_request=7
    )

    assert changes_markdown(changes(nasty, REVERT, repository=GITHUB)) == (
        f"**prod..stage**: 2 commits by 2 people, the oldest from 3 days ago\n\n"
        f"- [`ddddddd`](https://github.com/team/shop/commit/{'d' * 40}) "
        "\\<script\\> \\[x\\]\\(y\\) @\u200beve \\*bold\\* ([\\#7](https://github.com/team/shop/pull/7)), @\u200beve: search\n"
        f"- [`bbbbbbb`](https://github.com/team/shop/commit/{'b' * 40}) "
        'revert: Revert "Use the new index", eve: search\n'
    )


def test_markdown_without_web_pages_has_no_links() -> None:
    found = replace(changes(MERGE, lost=(REVERT,)), unknown={"web": "it is new there"})

    assert changes_markdown(found) == (
        "**prod..stage**: 1 commit by 1 person, the oldest from 2 days ago\n\n"
        "- `aaaaaaa` merge: Merge pull request \\#12 from team/topic (\\#12), ada: search, items\n\n"
        "**1 commit of prod would be lost:**\n\n"
        '- `bbbbbbb` revert: Revert "Use the new index", eve: search\n\n'
        "**Images whose commits are not known:**\n\n"
        "- web: it is new there\n"
    )


def test_document_has_the_commits_and_what_is_not_known() -> None:
    found = replace(
        changes(MERGE, repository=GITHUB), unknown={"web": "it is new there"}, unchanged=("items",)
    )

    assert changes_document(found) == {
        "from": "prod",
        "to": "stage",
        "commits": [
            {
                "commit": "a" * 40,
                "subject": "Merge pull request #12 from team/topic",
                "author": "ada",
                "date": "2026-03-02T12:00:00.000000Z",
                "images": ["search", "items"],
                "pull_request": {"number": 12, "url": "https://github.com/team/shop/pull/12"},
                "merge": True,
                "revert": False,
            }
        ],
        "lost": [],
        "unknown": ["web"],
        "unknown_because": {"web": "it is new there"},
        "unchanged": ["items"],
    }


def in_environment(
    environment: str,
    live: tuple[LiveImage, ...] = (),
    failed: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
) -> CommitInEnvironment:
    return CommitInEnvironment(
        environment=environment, live=live, failed=failed, without=without, unknown=unknown
    )


LIVE = LiveImage(image_id="search", since=NOON, deployment_id="45c48cce-2e2d")


def where(
    *environments: CommitInEnvironment, releases: dict[str, tuple[str, ...]] | None = None
) -> WhereCommitIs:
    return WhereCommitIs(
        commit=PLAIN.commit,
        at=NOON,
        releases=releases or {},
        environments=environments,
        repository=GITHUB,
    )


def test_page_of_a_commit_says_where_it_is_live_since_when() -> None:
    found = where(
        in_environment("stage", live=(LIVE,)),
        in_environment("prod", without=("search", "items")),
        releases={RELEASE_ID: ("search",)},
    )

    assert where_text(found, Screen()) == (
        f"""\
ccccccc  Use the new index
  by ada, 5 h ago
  https://github.com/team/shop/commit/{"c" * 40}

live in stage since 2026-03-04 12:00 UTC, not in prod
  stage:
    search has it since 2026-03-04 12:00 UTC (deployment 45c48cce)
  prod:
    without it (1): search
    not built with it, in any recent release (1): items

Releases with it, the newest first (1):
  8f14e45f  search
"""
    )


def test_commit_is_live_in_part_where_an_image_that_was_built_with_it_is_missing() -> None:
    """`items` was built with the commit, `web` was not: only `items` is waited for."""
    stage = in_environment("stage", live=(LIVE,), without=("items", "web"))

    text = where_text(where(stage, releases={RELEASE_ID: ("search", "items")}), Screen())

    assert "\nlive in part in stage since " in text
    assert "    without it (1): items\n    not built with it, in any recent release (1): web\n" in text


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (in_environment("stage"), "not in stage"),
        (in_environment("stage", unknown=("web",)), "not known in stage"),
        (in_environment("stage", failed=("web",)), "not in stage"),
        (in_environment("stage", without=("web",), unknown=("items",)), "not in stage"),
        (
            in_environment("stage", live=(LIVE,), without=("web",)),
            "live in stage since 2026-03-04 12:00 UTC",
        ),
        (
            in_environment("stage", live=(LIVE,), failed=("web",)),
            "live in part in stage since 2026-03-04 12:00 UTC",
        ),
        (in_environment("stage", live=(replace(LIVE, since=None, deployment_id=None),)), "live in stage"),
    ],
)
def test_summary_says_how_far_a_commit_is(environment: CommitInEnvironment, words: str) -> None:
    assert words in where_text(where(environment), Screen()).splitlines()


def test_page_says_what_failed_and_what_nobody_knows() -> None:
    environment = in_environment("stage", failed=("search",), unknown=("web",))

    lines = where_text(where(environment, in_environment("prod")), Screen()).splitlines()

    assert "    deployed with it, but failed (1): search" in lines
    assert "    of commits that the git repository here doesn't know (1): web" in lines
    assert "    nothing was deployed there yet" in lines
    assert "No recent release has it." in lines


def test_document_of_a_commit_has_releases_and_environments() -> None:
    found = where(in_environment("stage", live=(LIVE,), unknown=("web",)), releases={RELEASE_ID: ("search",)})

    document = where_document(found)

    assert document["releases"] == {RELEASE_ID: ["search"]}
    assert document["environments"] == {
        "stage": {
            "live": True,
            "images": {"search": {"since": "2026-03-04T12:00:00.000000Z", "deployment_id": "45c48cce-2e2d"}},
            "failed": [],
            "without": [],
            "unknown": ["web"],
        }
    }


@pytest.mark.parametrize(
    ("lasted", "words"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=60), "2 months"),
        (timedelta(days=729), "24 months"),
        (timedelta(days=730), "2 years"),
    ],
)
def test_age_is_rough(lasted: timedelta, words: str) -> None:
    assert age(lasted) == words


SMALL = Screen(width=80, height=24, terminal=True)


def plain(text: str) -> str:
    return Text.from_ansi(text).plain


def test_small_terminal_shows_the_newest_commits_and_counts_the_rest() -> None:
    many = [replace(PLAIN, commit=replace(PLAIN.commit, subject=f"Change {number}")) for number in range(60)]
    found = replace(
        changes(*many, lost=tuple(many)),
        unchanged=("web",),
        unknown={f"image-{n}": "no commit" for n in range(9)},
    )

    text = plain(changes_text(found, SMALL))

    assert len(text.splitlines()) < 24
    assert "Change 0 " in text
    assert "Images unchanged: 1 (--verbose shows all)" in text
    assert "more (--verbose shows all)" in text
    for complete in (changes_text(found, SMALL, everything=True), changes_text(found, Screen())):
        assert "Change 59 " in plain(complete)
        assert "Images unchanged (1): web" in plain(complete)
        assert "--verbose" not in complete


def test_images_that_got_a_commit_together_share_a_line() -> None:
    live = tuple(replace(LIVE, image_id=image_id) for image_id in ("search", "items"))

    text = where_text(where(in_environment("stage", live=live)), Screen())

    assert "    search, items have it since 2026-03-04 12:00 UTC (deployment 45c48cce)\n" in text


def test_page_of_a_commit_of_many_images_fits_a_small_terminal() -> None:
    names = tuple(f"image-{number}" for number in range(60))
    live = tuple(replace(LIVE, image_id=name, deployment_id=name) for name in names)
    stage = in_environment("stage", live=live, unknown=names)
    found = where(stage, in_environment("prod", without=names), releases=dict.fromkeys(names, names))

    text = plain(where_text(found, SMALL))

    assert len(text.splitlines()) < 24
    assert "live in stage since 2026-03-04 12:00 UTC, not in prod" in text
    assert "more images" in text
    assert "image-59" in plain(where_text(found, SMALL, everything=True))
