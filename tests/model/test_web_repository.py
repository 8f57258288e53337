from __future__ import annotations

import pytest

from weco_deploy.model.web_repository import Host, WebRepository, pull_request_number

GITHUB = WebRepository(Host.GITHUB, "https://github.com/team/shop")
GITLAB = WebRepository(Host.GITLAB, "https://gitlab.example.org/team/web/shop")


@pytest.mark.parametrize(
    "remote",
    [
        "git@github.com:team/shop.git",
        "github.com:team/shop",
        "https://github.com/team/shop.git",
        "https://github.com/team/shop/",
        "https://eve:secret@github.com/team/shop.git",
        "ssh://git@github.com/team/shop.git",
        "ssh://git@github.com:22/team/shop",
    ],
)
def test_repository_on_github_has_a_page_without_credentials(remote: str) -> None:
    assert WebRepository.of(remote) == GITHUB


def test_repository_on_a_gitlab_of_ones_own_has_a_page() -> None:
    assert WebRepository.of("git@gitlab.example.org:team/web/shop.git") == GITLAB


@pytest.mark.parametrize(
    "remote",
    [None, "", "/srv/git/shop.git", "file:///srv/github/shop", "git@example.org:shop", "https://github.com/"],
)
def test_other_repository_has_no_page(remote: str | None) -> None:
    assert WebRepository.of(remote) is None


def test_pages_of_commits_and_pull_requests_are_where_the_host_has_them() -> None:
    assert GITHUB.commit("1a2b") == "https://github.com/team/shop/commit/1a2b"
    assert GITHUB.pull_request(12) == "https://github.com/team/shop/pull/12"
    assert GITLAB.commit("1a2b") == "https://gitlab.example.org/team/web/shop/-/commit/1a2b"
    assert GITLAB.pull_request(12) == "https://gitlab.example.org/team/web/shop/-/merge_requests/12"


@pytest.mark.parametrize(
    ("subject", "body", "number"),
    [
        ("Merge pull request #12 from team/topic", "", 12),
        ("Use the new index (#12)", "", 12),
        ("Revert (#11) again (#12) ", "", 12),
        ("Merge branch 'topic'", "Use the new index\n\nSee merge request team/shop!12", 12),
        ("Use the new index", "See merge request !12\n\nSigned-off", 12),
        ("Fix #12", "", None),
        ("Use the new index (#12) at last", "", None),
        ("Use the new index", "as in #12", None),
        ("", "", None),
    ],
)
def test_pull_request_is_the_one_that_the_message_says_was_merged(
    subject: str, body: str, number: int | None
) -> None:
    assert pull_request_number(subject, body) == number


def test_pull_request_of_a_very_long_message_is_found_quickly() -> None:
    assert pull_request_number("x" * 10_000, "See merge request \n" * 10_000) is None
