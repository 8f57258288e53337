"""Times are local on a terminal, as people say them, and in UTC in a file, which is read later and elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.report.samples import NOON, change, deployment, later, outcome, plan, release
from tests.report.test_changes_text import LIVE, in_environment, where
from tests.report.test_status_text import NEW, environment, status
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import CurrentRelease, Lock
from weco_deploy.model.results import DeploymentDetails, PreparedRelease
from weco_deploy.model.status import KnownBad
from weco_deploy.report.changes_text import where_text
from weco_deploy.report.deployment_details import deployment_details_text
from weco_deploy.report.lock_text import lock_text, unlocked_text
from weco_deploy.report.plan_text import already_newer_text, plan_text
from weco_deploy.report.release_text import prepared_text
from weco_deploy.report.screen import Screen
from weco_deploy.report.status_text import status_text

LOCK = Lock(owner="x", holder="ada", reason="a freeze", since=NOON)
FAILED = deployment(
    DeploymentStatus.FAILED, (outcome("search", ServiceStatus.FAILED),), (change("search", "a", "b"),)
)
DETAILS = DeploymentDetails(deployment=FAILED, release=release(), undid=FAILED, following=FAILED, last=FAILED)
BAD = KnownBad(image_id="search", version=NEW, deployment=FAILED, failed=True, there=True)
FAILED_THERE = CurrentRelease(release_id="any", status=DeploymentStatus.FAILED, since=NOON)
TEXTS: dict[str, Callable[[Screen], str]] = {
    "changes --commit": lambda screen: where_text(where(in_environment("stage", live=(LIVE,))), screen),
    "lock": lambda screen: lock_text("prod", LOCK, None, screen),
    "plan": lambda screen: plan_text(replace(plan(), current=FAILED_THERE), screen),
    "plan that is older": lambda screen: already_newer_text(plan(), FAILED, screen),
    "prepare": lambda screen: prepared_text(
        PreparedRelease(release=release(), previous=release(), subjects={}), screen
    ),
    "show-deployment": lambda screen: deployment_details_text(DETAILS, screen),
    "show-deployment in short": lambda screen: deployment_details_text(
        replace(DETAILS, last=None), replace(screen, height=5)
    ),
    "status": lambda screen: status_text(status(environment(lock=LOCK, known_bad=(BAD,))), screen),
    "unlock": lambda screen: unlocked_text("prod", LOCK, screen),
}


@pytest.fixture(autouse=True)
def time_zone_with_an_offset(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "EAST-3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_for_a_terminal_has_local_times(text: Callable[[Screen], str]) -> None:
    shown = text(Screen(width=80, terminal=True, now=later(3600)))

    assert "today 15:00" in " ".join(shown.split())
    assert "UTC" not in shown


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_for_a_file_has_times_in_utc(text: Callable[[Screen], str]) -> None:
    shown = text(Screen())

    assert "2026-03-04 12:00 UTC" in shown
    assert "today" not in shown
