"""Times are local on a terminal, as people say them, and in UTC in a file, which is read later and elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.report.samples import NOON, change, deployment, later, outcome, plan, release
from tests.report.test_changes_text import LIVE, in_environment, where
from tests.report.test_status_text import NEW, environment, status
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.environment import CurrentRelease, Lock
from weco_deploy.model.results import DeploymentDetails, PreparedRelease
from weco_deploy.model.status import KnownBad
from weco_deploy.report.changes_text import where_text
from weco_deploy.report.deployment_details import deployment_details_text
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.lock_text import lock_text, unlocked_text
from weco_deploy.report.plan_text import already_newer_text, plan_text
from weco_deploy.report.release_text import prepared_text
from weco_deploy.report.screen import Screen
from weco_deploy.report.status_text import status_text
from weco_deploy.report.wording import deadline

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


TO_COME: dict[str, Callable[[Screen], str]] = {
    "old tasks of a success": lambda screen: deployment_text(_draining(ServiceStatus.SUCCEEDED), screen),
    "old tasks of a failure": lambda screen: deployment_text(_draining(ServiceStatus.FAILED), screen),
    "old tasks in show-deployment": lambda screen: deployment_details_text(
        DeploymentDetails(deployment=_draining(ServiceStatus.FAILED), release=release()),
        replace(screen, height=5),
    ),
    "end of a lease": lambda screen: status_text(
        status(environment(lock=replace(LOCK, lease_ends=later(7200)))), screen
    ),
}


def _draining(status: ServiceStatus) -> Deployment:
    tasks = (DrainingTask("t", later(7200), StaysBecause.SCALE_IN_PROTECTION),)
    return deployment(services=(replace(outcome("worker", status), draining=tasks),))


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


@pytest.mark.parametrize("text", TO_COME.values(), ids=TO_COME)
def test_time_to_come_is_local_on_a_terminal_and_in_utc_in_a_file(text: Callable[[Screen], str]) -> None:
    shown = text(Screen(width=100, terminal=True, now=NOON))

    assert "until 17:00" in " ".join(shown.split())
    assert re.search(r"until (2026-03-04 14:00 UTC|14:00:00Z)", " ".join(text(Screen()).split()))


@pytest.mark.parametrize(
    ("seconds", "words"), [(3600, "16:00"), (24 * 3600, "tomorrow 15:00"), (48 * 3600, "6 March 15:00")]
)
def test_time_to_come_on_another_day_names_the_day(seconds: int, words: str) -> None:
    assert deadline(later(seconds), Screen(terminal=True, now=NOON)) == words
