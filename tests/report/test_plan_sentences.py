"""The question before a plan is carried out, and its title."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.report.samples import (
    CURRENT,
    EARLIER_ID,
    NOON,
    RELEASE_ID,
    later,
    plan,
    planned_image,
    planned_service,
)
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.direction import SAME, Direction, ImageDirection
from weco_deploy.model.environment import CurrentRelease
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, Plan, PlannedImage
from weco_deploy.report.plan_sentences import question, title, what_is_there
from weco_deploy.report.screen import Screen

WHERE = "in account 111122223333, eu-west-1"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def commits(*authors: str) -> tuple[Commit, ...]:
    return tuple(
        Commit(
            commit=f"{number:040x}", parents=(), author=author, date=later(number), subject=f"Change {number}"
        )
        for number, author in enumerate(authors)
    )


BROUGHT = commits(*("ada", "bob", "cat", "dan") * 3)


def ahead(image_id: str, added: tuple[Commit, ...] = BROUGHT) -> PlannedImage:
    direction = ImageDirection(direction=Direction.AHEAD, commits=len(added), added=added)
    return replace(planned_image(image_id, "a", "b"), direction=direction)


SERVICES = tuple(
    planned_service(f"service-{number}", Action.REDEPLOY if number < 5 else Action.LEAVE, "")
    for number in range(40)
)
PLAN = plan((ahead("search"), ahead("items"), ahead("works"), planned_image("same", "c", "c")), SERVICES)


def asked(planned: Plan, now: datetime = NOON) -> str:
    return question(planned, WHERE, now)


def test_question_names_release_commits_account_what_runs_there_and_the_work() -> None:
    assert asked(PLAN) == (
        "Deploy release 8f14e45f (12 commits by 4 people) to prod in account 111122223333, eu-west-1, where c9f0f895 has "
        "been running since Monday: move 3 tags, redeploy 5 of 40 services?"
    )


def test_promotion_is_called_by_its_name() -> None:
    promoted = replace(PLAN, kind=Kind.PROMOTE, source="stage")
    assert asked(promoted) == (
        "Promote release 8f14e45f (12 commits by 4 people) from stage to prod in account 111122223333, eu-west-1, where "
        "c9f0f895 has been running since Monday: move 3 tags, redeploy 5 of 40 services?"
    )
    assert title(promoted) == (
        "promote release 8f14e45f (12 commits by 4 people) of catalogue_api from stage to prod"
    )


def test_rollback_is_called_by_its_name_and_says_which_commits_go() -> None:
    direction = ImageDirection(direction=Direction.BEHIND, commits=12, lost=BROUGHT)
    image = replace(planned_image("search", "a", "b"), direction=direction)
    back = plan((image,), SERVICES, kind=Kind.ROLLBACK)
    assert asked(back) == (
        "Roll prod in account 111122223333, eu-west-1, where c9f0f895 has been running since Monday, back to release "
        "8f14e45f (without 12 commits by 4 people): move 1 tag, redeploy 5 of 40 services?"
    )
    assert (
        title(back) == "roll prod back to release 8f14e45f (without 12 commits by 4 people) of catalogue_api"
    )


@pytest.mark.parametrize(
    ("ago", "since"),
    [
        (HOUR, "since 11:00"),
        (DAY, "since yesterday"),
        (6 * DAY, "since Thursday"),
        (7 * DAY, "since 25 February"),
        (100 * DAY, "since 24 November 2025"),
    ],
)
def test_time_is_given_as_people_say_it(ago: timedelta, since: str) -> None:
    running = replace(CURRENT, since=NOON - ago)
    assert f"where c9f0f895 has been running {since}: " in asked(replace(PLAN, current=running))


@pytest.fixture
def three_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "EAST-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("three_hours_east")
def test_time_and_day_are_local() -> None:
    this_morning = replace(PLAN, current=replace(CURRENT, since=NOON - HOUR))
    before_midnight_in_utc = replace(PLAN, current=replace(CURRENT, since=NOON - 14 * HOUR))
    assert "running since 14:00: " in asked(this_morning)
    assert "running since 01:00: " in asked(before_midnight_in_utc)


@pytest.mark.parametrize(
    ("status", "ago", "clause"),
    [
        (DeploymentStatus.FAILED, HOUR, "c9f0f895 failed at 11:00"),
        (DeploymentStatus.TIMED_OUT, DAY, "c9f0f895 timed out yesterday"),
        (DeploymentStatus.INTERRUPTED, 2 * DAY, "c9f0f895 was interrupted on Monday"),
        (DeploymentStatus.ROLLED_BACK, 9 * DAY, "c9f0f895 was rolled back on 23 February"),
        (DeploymentStatus.UNVERIFIED, 2 * DAY, "c9f0f895 has been deployed since Monday"),
        (DeploymentStatus.IN_PROGRESS, HOUR, "c9f0f895 has been in deployment since 11:00"),
        (DeploymentStatus.SUCCEEDED, None, "c9f0f895 has been running"),
        (DeploymentStatus.FAILED, None, "c9f0f895 failed"),
    ],
)
def test_question_does_not_claim_that_a_release_runs_which_did_not_succeed(
    status: DeploymentStatus, ago: timedelta | None, clause: str
) -> None:
    current = CurrentRelease(release_id=EARLIER_ID, status=status, since=NOON - ago if ago else None)
    assert f"where {clause}: " in asked(replace(PLAN, current=current))


def test_same_release_again_is_it() -> None:
    again = replace(CURRENT, release_id=RELEASE_ID)
    assert "where it has been running since Monday: " in asked(replace(PLAN, current=again))


def test_images_of_other_releases_are_said() -> None:
    mixed = replace(PLAN, current=replace(CURRENT, other_releases=2))
    assert "where c9f0f895, with images of 2 other releases, has been running since Monday: " in asked(mixed)
    assert what_is_there(mixed, Screen()) == (
        "prod now: release c9f0f895, with images of 2 other releases, running since 2026-03-02 12:00 UTC"
    )


def test_first_deployment_says_that_nothing_was_deployed() -> None:
    first = plan((planned_image("search", None, "b"),), (), current=None)
    assert asked(first) == (
        "Deploy release 8f14e45f to prod in account 111122223333, eu-west-1, where nothing was deployed yet: move 1 tag?"
    )


def test_places_in_two_accounts_are_in_parentheses() -> None:
    two = "images and records in account 1, eu-west-1; services in account 2, eu-west-1"
    assert f" to prod ({two}), where " in question(PLAN, two, NOON)


def test_failed_release_is_said_in_the_plan_too() -> None:
    failed = replace(PLAN, current=replace(CURRENT, status=DeploymentStatus.FAILED))
    assert (
        what_is_there(failed, Screen()) == "prod now: release c9f0f895, which failed at 2026-03-02 12:00 UTC"
    )


UNKNOWN = planned_image("works", "a", "b")
SHALLOW = replace(planned_image("works", "a", "b"), direction=ImageDirection(direction=Direction.AHEAD))
DIVERGED = replace(
    planned_image("search", "a", "b"),
    direction=ImageDirection(direction=Direction.DIVERGED, added=BROUGHT[:2], lost=BROUGHT[2:5]),
)


@pytest.mark.parametrize(
    ("images", "known"),
    [
        ((ahead("search", BROUGHT[:1]),), " (1 commit by 1 person)"),
        ((ahead("search"), UNKNOWN), " (12 commits by 4 people, the commits of 1 image unknown)"),
        ((ahead("search"), SHALLOW), " (12 commits by 4 people, the commits of 1 image unknown)"),
        ((UNKNOWN,), " (commits unknown)"),
        ((DIVERGED,), " (2 commits by 2 people, without 3 that are there now)"),
        ((replace(UNKNOWN, direction=SAME),), " (no new commits)"),
        ((planned_image("search", "c", "c"),), " (no new commits)"),
        ((planned_image("search", None, "b"),), ""),
    ],
)
def test_commits_are_counted_as_far_as_git_knows_them(images: tuple[PlannedImage, ...], known: str) -> None:
    assert asked(plan(images, SERVICES)).startswith(f"Deploy release 8f14e45f{known} to prod ")


def test_all_services_are_called_all() -> None:
    assert asked(plan((), SERVICES[:5])).endswith(": redeploy all 5 services?")
    assert asked(plan((), SERVICES[:1])).endswith(": redeploy 1 service?")
