"""`changes`, from arguments to text, documents and exit codes."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk


def changed(desk: Desk) -> str:
    """Deploy a release to stage and prod, and a new image to stage; the new image's commit."""
    for environment in ("stage", "prod"):
        assert desk.run("--confirm", "release-deploy", "--environment-id", environment).code == 0
    desk.world.pass_time(60)
    desk.world.push("items")
    assert desk.run("--confirm", "release-deploy").code == 0
    return desk.world.git.commits[-1].commit


def test_text_lists_what_promote_would_bring(desk: Desk) -> None:
    commit = changed(desk)

    ran = desk.run("changes")

    assert ran.code == 0
    assert ran.out.startswith("prod..stage: ")
    assert commit[:7] in ran.out


@pytest.mark.parametrize(
    "arguments", [("--output", "json", "changes"), ("changes", "--format", "json", "prod..stage")]
)
def test_json_lists_the_commits(desk: Desk, arguments: tuple[str, ...]) -> None:
    commit = changed(desk)

    ran = desk.run(*arguments)

    assert ran.code == 0
    assert commit in [change["commit"] for change in ran.json["commits"]]


def test_markdown_lists_the_commits(desk: Desk) -> None:
    commit = changed(desk)

    ran = desk.run("changes", "--format", "markdown", "prod..stage")

    assert ran.code == 0
    assert f"- `{commit[:7]}` " in ran.out


def test_commit_is_shown_with_its_environments(desk: Desk) -> None:
    commit = changed(desk)

    text = desk.run("changes", "--commit", commit[:10])
    document = desk.run("--output", "json", "changes", "--commit", "HEAD")

    assert (text.code, document.code) == (0, 0)
    assert "live in stage since " in text.out
    assert ", not in prod" in text.out
    assert document.json["commit"]["commit"] == commit
    assert document.json["environments"]["prod"]["live"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("changes", "prod"), "does not name two environments or releases"),
        (("changes", "a..b", "--commit", "HEAD"), "can't be combined with A..B"),
        (("changes", "--format", "markdown", "--commit", "HEAD"), "can't be combined with --format markdown"),
        (("--output", "json", "changes", "--format", "markdown"), "can't be combined with --output json"),
        (("changes", "--format", "html"), "'html' is not one of"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(desk: Desk, arguments: tuple[str, ...], message: str) -> None:
    ran = desk.run(*arguments)

    assert ran.code == 2
    assert message in ran.err + ran.out


def test_name_that_is_nothing_names_the_environments(desk: Desk) -> None:
    changed(desk)

    ran = desk.run("changes", "stage..prdo")

    assert ran.code == 1
    assert ran.err == (
        "error: project shop has no environment, release or deployment 'prdo'; its environments: stage, prod; "
        "list releases with: weco-deploy show-releases\n"
    )


def test_newest_release_of_a_project_without_releases_is_named_as_missing(desk: Desk) -> None:
    assert "project shop has no release yet" in desk.run("changes", "latest..latest").err


def test_errors_are_json_if_the_format_is(desk: Desk) -> None:
    ran = desk.run("changes", "--format", "json", "prod..stage")

    assert ran.code == 1
    assert ran.error["code"] == "not_found"
