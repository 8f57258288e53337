"""Requests to a stub of GitHub on loopback that answers, refuses or hangs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.local.github_server import GitHubServer, github_server
from weco_deploy.local import github
from weco_deploy.local.github import github_repository
from weco_deploy.model.github import DeploymentReport, DeploymentState
from weco_deploy.ports import GitHubError, GitHubRepository

COMMIT = "a" * 40
CALLS: dict[str, Callable[[GitHubRepository], object]] = {
    "pull_requests": lambda it: it.pull_requests(COMMIT),
    "deployment": lambda it: it.deployment("prod", "d1"),
    "create_deployment": lambda it: it.create_deployment(
        commit=COMMIT, environment="prod", deployment_id="d1", release_id="r1", description=""
    ),
    "report": lambda it: it.report(1, DeploymentReport(state=DeploymentState.SUCCESS, description="")),
    "add_label": lambda it: it.add_label(7, "deployed:prod"),
    "remove_label": lambda it: it.remove_label(7, "deployed:prod"),
    "comment": lambda it: it.comment(7, "<!-- m -->"),
    "write_comment": lambda it: it.write_comment(7, "text", None),
}


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with github_server() as served:
        yield served


@pytest.fixture
def repository(server: GitHubServer) -> GitHubRepository:
    return github_repository(server.environ, None)


def test_merged_pull_requests_of_a_commit_are_found(
    server: GitHubServer, repository: GitHubRepository
) -> None:
    server.merge(COMMIT, 7, 8)
    server.merge("b" * 40, 9, merged=False)

    assert repository.pull_requests(COMMIT) == (7, 8)
    assert repository.pull_requests("b" * 40) == ()
    assert repository.pull_requests("c" * 40) == ()  # GitHub does not know it
    assert server.tokens == {"token s3cret"}


def test_deployment_is_created_reported_and_found_again(
    server: GitHubServer, repository: GitHubRepository
) -> None:
    created = repository.create_deployment(
        commit=COMMIT, environment="prod", deployment_id="d1", release_id="r1", description="Weekly"
    )
    repository.report(
        created,
        DeploymentReport(
            state=DeploymentState.SUCCESS,
            description="fine",
            environment_url="https://shop.example.org",
            log_url="https://ci.example.org/1",
        ),
    )

    (deployment,) = server.deployments
    assert (deployment["ref"], deployment["required_contexts"], deployment["auto_merge"]) == (
        COMMIT,
        [],
        False,
    )
    assert server.statuses == {
        created: [
            {
                "state": "success",
                "description": "fine",
                "environment_url": "https://shop.example.org",
                "log_url": "https://ci.example.org/1",
            }
        ]
    }
    assert repository.deployment("prod", "d1") == created
    assert repository.deployment("prod", "d2") is None
    assert repository.deployment("stage", "d1") is None


def test_label_is_added_and_removed_and_may_be_missing(
    server: GitHubServer, repository: GitHubRepository
) -> None:
    repository.add_label(7, "deployed:prod")
    assert server.labels == {7: ["deployed:prod"]}

    repository.remove_label(7, "deployed:prod")
    repository.remove_label(7, "deployed:prod")
    assert server.labels == {7: []}


def test_comment_is_found_on_any_page_and_updated(server: GitHubServer, repository: GitHubRepository) -> None:
    server.comments[7] = [{"id": number, "body": f"hello {number}"} for number in range(150)]
    assert repository.comment(7, "<!-- m -->") is None

    repository.write_comment(7, "first <!-- m -->", None)
    found = repository.comment(7, "<!-- m -->")
    repository.write_comment(7, "second <!-- m -->", found)

    assert server.texts(7)[150:] == ["second <!-- m -->"]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("status", "lasting"), [(500, True), (502, True), (401, True), (403, True), (429, True), (422, False)]
)
def test_refused_request_is_named_without_the_token(
    server: GitHubServer, repository: GitHubRepository, name: str, status: int, lasting: bool
) -> None:
    server.refuses["/repos/acme/shop"] = status

    with pytest.raises(GitHubError) as refused:
        CALLS[name](repository)

    assert str(refused.value).startswith(
        f"GitHub answered {status} to {server.requests[-1].split()[0]} /repos/acme/shop/"
    )
    assert refused.value.lasting is lasting
    assert "s3cret" not in str(refused.value)
    assert len(server.requests) == 1


def test_github_that_hangs_is_given_up(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "SECONDS", 0.05)
    server.hangs = True

    with pytest.raises(GitHubError, match=r"GitHub did not answer to GET .*RequestTimeout") as given_up:
        github_repository(server.environ, None).pull_requests(COMMIT)

    assert given_up.value.lasting


def test_unreachable_github_did_not_answer() -> None:
    environ = {"GITHUB_API_URL": "http://127.0.0.1:1", "GITHUB_TOKEN": "s3cret", "GITHUB_REPOSITORY": "a/b"}

    with pytest.raises(GitHubError, match=r"GitHub did not answer to GET /repos/a/b/commits"):
        github_repository(environ, None).pull_requests(COMMIT)


@pytest.mark.parametrize(
    "remote",
    ["git@github.com:acme/shop.git", "https://x:y@github.com/acme/shop", "ssh://git@github.com/acme/shop"],
)
def test_repository_is_that_of_the_remote_if_the_job_names_none(server: GitHubServer, remote: str) -> None:
    environ = {key: value for key, value in server.environ.items() if key != "GITHUB_REPOSITORY"}
    server.merge(COMMIT, 7)

    assert github_repository(environ, remote).pull_requests(COMMIT) == (7,)


@pytest.mark.parametrize(
    ("environ", "remote", "why"),
    [
        ({}, "git@github.com:acme/shop.git", "there is no token: set GITHUB_TOKEN"),
        ({"GITHUB_TOKEN": "x"}, "git@gitlab.com:acme/shop.git", "the repository is not known"),
        ({"GH_TOKEN": "x"}, None, "the repository is not known"),
    ],
)
def test_missing_token_or_repository_is_named(environ: dict[str, str], remote: str | None, why: str) -> None:
    with pytest.raises(GitHubError, match=why):
        github_repository(environ, remote)


def test_missing_extra_is_named(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "githubkit", None)

    with pytest.raises(GitHubError, match=r"pip install 'weco-deploy\[github\]'"):
        github_repository(server.environ, None)
