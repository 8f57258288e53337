"""Commits that wait too long to be promoted: messages, and comments at pull requests."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk, Ran
from weco_deploy.errors import AccessDenied

DAY = timedelta(days=1).total_seconds()
OVERDUE = """
  overdue: 3d
  notify: [{url_from: env:SLACK, events: [overdue]}]
  github: {comments: true}
"""
MARKER = "<!-- weco-deploy overdue prod -->"


def deploy(desk: Desk, image_id: str = "items", number: int = 1) -> Ran:
    """Deploy a new commit, which a pull request merged, to stage."""
    desk.world.push(image_id)
    desk.world.github.merged[desk.world.git.commits[-1].commit] = [number]
    return desk.run("--confirm", "--output", "json", "release-deploy", "--environment-id", "stage")


def promote(desk: Desk) -> Ran:
    return desk.run("--confirm", "--output", "json", "promote", "--from", "stage", "--to", "prod")


def mentions(desk: Desk, number: int) -> list[str]:
    return [text for text in desk.world.github.comments.get(number, []) if MARKER in text]


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    """Pull request 7 runs in stage, but not in prod."""
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}{OVERDUE}")
    desk.world.mail.secrets["env:SLACK"] = "slack://s3cret"
    desk.world.push("items")
    assert deploy(desk, "search").code == 0
    assert promote(desk).code == 0
    assert deploy(desk, "search", 7).code == 0
    return desk


def test_commit_is_mentioned_once_after_the_limit(waiting: Desk) -> None:
    waiting.world.pass_time(2 * DAY)
    deploy(waiting, number=8)
    assert waiting.world.mail.sent == []
    assert mentions(waiting, 7) == []

    waiting.world.pass_time(2 * DAY)
    for number in (9, 10):
        ran = deploy(waiting, number=number)
        assert (ran.code, "warning" in ran.err) == (0, False)

    ((_, message),) = waiting.world.mail.sent
    assert message.title == "Shop: 1 commit has been in stage for more than 3 days, but is not in prod"
    assert message.body.count("\n- ") == 1
    assert mentions(waiting, 7) == [
        f"Has been in **stage** for more than 3 days, but is not in **prod** yet.\n\n{MARKER}"
    ]
    assert mentions(waiting, 8) == []


def test_commit_that_was_promoted_is_not_overdue(waiting: Desk) -> None:
    promote(waiting)
    waiting.world.pass_time(4 * DAY)

    deploy(waiting, number=8)

    assert waiting.world.mail.sent == []
    assert mentions(waiting, 7) == []


def test_deployment_to_the_target_does_not_look(waiting: Desk) -> None:
    waiting.world.pass_time(4 * DAY)

    promote(waiting)

    assert waiting.world.mail.sent == []


def test_command_github_mentions_what_is_overdue_and_once_only(waiting: Desk) -> None:
    waiting.world.pass_time(4 * DAY)

    for _ in range(2):
        assert waiting.run("--confirm", "github", "--environment-id", "stage").code == 0

    assert len(mentions(waiting, 7)) == 1


def test_records_that_cannot_be_read_are_a_warning(waiting: Desk) -> None:
    waiting.world.pass_time(4 * DAY)

    def denied(_: object) -> None:
        raise AccessDenied("dynamodb:Query", "denied")

    world = waiting.world
    # Planning reads them, too.
    world.after("store.claim", lambda _: world.before("store.deployments", denied, times=100))

    ran = deploy(waiting, number=8)

    assert ran.code == 0
    assert "warning: env:SLACK did not get 1 event of this run: dynamodb:Query: denied" in ran.err
    assert "warning: GitHub did not get" in ran.err
