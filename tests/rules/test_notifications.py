"""Which events of a run are occasions for messages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import deployment, plan
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import Claimed, Event, Notice, RollingBack, Settled, Settling, Waiting
from weco_deploy.model.notification import NotifyEvent, Occasion
from weco_deploy.rules.notifications import Occasions

OURS = replace(deployment(), deployment_id="ours", status=DeploymentStatus.SUCCEEDED)
BACK = replace(OURS, deployment_id="back")
FAILED = replace(OURS, status=DeploymentStatus.FAILED)


def occasions(*events: Event) -> list[Occasion]:
    occasion_of = Occasions()
    return [occasion for event in events if (occasion := occasion_of(event)) is not None]


def kinds(*events: Event) -> list[NotifyEvent]:
    return [occasion.event for occasion in occasions(*events)]


def test_deployment_starts_and_succeeds() -> None:
    found = occasions(Claimed(OURS, plan()), Notice("x"), Settled(OURS))

    assert [occasion.event for occasion in found] == [NotifyEvent.STARTED, NotifyEvent.SUCCEEDED]
    assert found[-1].deployment == OURS


@pytest.mark.parametrize(
    "status", [DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED]
)
def test_every_other_end_is_failed(status: DeploymentStatus) -> None:
    assert kinds(Claimed(OURS, plan()), Settled(replace(OURS, status=status)))[1:] == [NotifyEvent.FAILED]


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (DeploymentStatus.ROLLED_BACK, NotifyEvent.ROLLED_BACK),
        (DeploymentStatus.FAILED, NotifyEvent.FAILED),
    ],
)
def test_automatic_rollback_ends_with_one_message(status: DeploymentStatus, event: NotifyEvent) -> None:
    ended: Deployment = replace(OURS, status=status, rollback=BACK)

    assert kinds(
        Claimed(OURS, plan()),
        RollingBack(FAILED, "release"),
        Claimed(BACK, plan()),
        Settled(BACK),
        Settled(ended),
    ) == [NotifyEvent.STARTED, event]


def test_deployment_that_is_judged_without_a_record_is_no_occasion() -> None:
    assert kinds(Settled(OURS)) == []


def test_deployment_that_is_resumed_does_not_start_again() -> None:
    assert kinds(Claimed(OURS), Settled(OURS)) == [NotifyEvent.SUCCEEDED]


def test_earlier_deployment_that_was_cut_off_ends_first() -> None:
    cut_off = replace(OURS, deployment_id="earlier", status=DeploymentStatus.INTERRUPTED)

    found = occasions(Settling(cut_off), Claimed(OURS, plan()), Settled(OURS))

    assert [(occasion.event, occasion.deployment) for occasion in found] == [
        (NotifyEvent.FAILED, cut_off),
        (NotifyEvent.STARTED, OURS),
        (NotifyEvent.SUCCEEDED, OURS),
    ]


def test_waiting_for_a_lock_is_an_occasion() -> None:
    assert occasions(Waiting("prod is locked")) == [
        Occasion(event=NotifyEvent.WAITING, text="prod is locked")
    ]
