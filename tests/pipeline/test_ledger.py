"""The record of a deployment while it goes on, and the hold on its environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from weco_deploy.errors import AccessDenied, AwsError, LeaseLost, Throttled, Unreachable
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import Held
from weco_deploy.model.service import EcsDeployment, ServiceKey
from weco_deploy.model.steps import StepRun
from weco_deploy.pipeline.ledger import Ledger, Nowhere

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LEASE = 120


def begun(deployment_id: str) -> EcsDeployment:
    return EcsDeployment(id=deployment_id, status="PRIMARY", rollout_state="IN_PROGRESS", created_at=NOON)


class SetClock:
    """A clock that stands still but for what is waited, and notes each wait."""

    def __init__(self) -> None:
        self.now = NOON
        self.waits: list[float] = []

    def utc(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


class Record:
    """Keeps what it is told; fails with the errors it was given, one a call."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock
        self.renewals: list[float] = []
        self.notes: list[Deployment] = []
        self.settled: list[tuple[Deployment, Deployment | None]] = []
        self.runs: list[tuple[StepRun, ...]] = []
        self.errors: list[AwsError | LeaseLost] = []

    def _fail(self) -> None:
        if self.errors:
            raise self.errors.pop(0)

    def note_step_runs(self, held: Held, step_id: str, runs: Sequence[StepRun]) -> None:  # noqa: ARG002 - the port's
        self._fail()
        self.runs.append(tuple(runs))

    def renew(self, held: Held, lease_seconds: int) -> Held:
        self.renewals.append((self._clock.now - NOON).total_seconds())
        self._fail()
        return replace(held, lease_ends=self._clock.now + timedelta(seconds=lease_seconds))

    def note(self, held: Held, deployment: Deployment) -> None:  # noqa: ARG002 - the port's signature
        self._fail()
        self.notes.append(deployment)

    def settle(
        self,
        held: Held,  # noqa: ARG002 - the port's signature
        deployment: Deployment,
        undone: Deployment | None = None,
    ) -> None:
        self._fail()
        self.settled.append((deployment, undone))


def outcome(service_id: str) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=service_id,
        key=ServiceKey("arn:cluster/c", service_id),
        images=("search",),
        status=ServiceStatus.PENDING,
    )


DEPLOYMENT = Deployment(
    deployment_id="d-1",
    release_id="rel-1",
    project_id="catalogue_api",
    environment="stage",
    status=DeploymentStatus.IN_PROGRESS,
    date_created=NOON,
    requested_by="ada",
    description="",
    images={
        image_id: ImageChange(image_id=image_id, from_digest="sha256:a", to_digest="sha256:b")
        for image_id in ("search", "items")
    },
    services=(outcome("search-api"), outcome("items-api")),
)
HELD = Held(environment="stage", owner="token", fence=3, lease_ends=NOON + timedelta(seconds=LEASE))


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def record(clock: SetClock) -> Record:
    return Record(clock)


@pytest.fixture
def ledger(clock: SetClock, record: Record) -> Ledger:
    return Ledger(DEPLOYMENT, HELD, LEASE, record, clock)


# The lease


@pytest.mark.parametrize("seconds", [0, 119.9])
def test_the_environment_is_ours_while_the_lease_lasts(
    ledger: Ledger, clock: SetClock, seconds: float
) -> None:
    clock.now += timedelta(seconds=seconds)
    ledger.ours()


def test_it_is_not_ours_any_more_when_the_lease_ends(ledger: Ledger, clock: SetClock) -> None:
    clock.now += timedelta(seconds=LEASE)
    with pytest.raises(LeaseLost, match="our lock on stage ran out at 12:02:00Z") as lost:
        ledger.ours()
    assert "confirm-deploy --environment-id stage" in lost.value.hint


def test_it_is_renewed_once_a_quarter_of_the_lease_has_gone_by(
    ledger: Ledger, clock: SetClock, record: Record
) -> None:
    for seconds in (29, 30, 31, 59, 60):
        clock.now = NOON + timedelta(seconds=seconds)
        ledger.renew_if_due()
    assert record.renewals == [30, 60]


def test_a_renewal_prolongs_the_hold(ledger: Ledger, clock: SetClock) -> None:
    clock.now += timedelta(seconds=100)
    ledger.renew_if_due()
    clock.now += timedelta(seconds=100)
    ledger.ours()


def test_waiting_goes_in_slices_of_a_quarter_of_the_lease_and_renews_between_them(
    ledger: Ledger, clock: SetClock, record: Record
) -> None:
    ledger.wait(100)
    assert clock.waits == [30, 30, 30, 10]
    assert record.renewals == [30, 60, 90]


def test_short_waits_renew_as_often_as_long_ones(ledger: Ledger, record: Record) -> None:
    for _ in range(10):
        ledger.wait(10)
    assert record.renewals == [30, 60, 90]


def test_it_is_also_renewed_where_there_is_no_time_to_wait(
    ledger: Ledger, clock: SetClock, record: Record
) -> None:
    for _ in range(4):
        clock.now += timedelta(seconds=20)  # what a slow poll takes
        ledger.wait(0)
    assert record.renewals == [40, 80]
    assert clock.waits == []


def test_no_wait_is_no_wait(ledger: Ledger, clock: SetClock) -> None:
    ledger.wait(0)
    ledger.wait(-1)
    assert clock.waits == []


@pytest.mark.parametrize("error", [Throttled("dynamodb:X", "busy"), Unreachable("dynamodb:X", "no answer")])
def test_a_renewal_that_fails_in_passing_is_tried_again_at_the_next_slice(
    ledger: Ledger, record: Record, error: AwsError
) -> None:
    record.errors = [error, error]
    ledger.wait(119)
    assert record.renewals == [30, 60, 90]
    ledger.ours()


def test_a_renewal_that_goes_on_failing_loses_the_lease_when_that_ends(
    ledger: Ledger, clock: SetClock, record: Record
) -> None:
    record.errors = [Throttled("dynamodb:X", "busy") for _ in range(10)]
    with pytest.raises(LeaseLost):
        ledger.wait(600)
    assert clock.now == HELD.lease_ends


@pytest.mark.parametrize("error", [LeaseLost("somebody else's"), AccessDenied("dynamodb:X", "denied")])
def test_a_renewal_that_fails_for_good_is_raised_at_once(
    ledger: Ledger, record: Record, error: AwsError | LeaseLost
) -> None:
    record.errors = [error]
    with pytest.raises(type(error)):
        ledger.wait(600)
    assert record.renewals == [30]


# What is known so far


def test_a_tag_that_moved_is_known_and_the_others_are_left(ledger: Ledger) -> None:
    ledger.tag_moved("search", moved=True)
    assert {one: change.tag_moved for one, change in ledger.deployment.images.items()} == {
        "search": True,
        "items": False,
    }
    ledger.tag_moved("search", moved=False)
    assert ledger.deployment == DEPLOYMENT


def test_a_redeployed_service_is_in_progress_under_its_ecs_deployment(ledger: Ledger) -> None:
    ledger.redeployed("items-api", begun("ecs-svc/9"))
    known = ledger.outcome("items-api")
    assert (known.status, known.ecs_deployment_id) == (ServiceStatus.IN_PROGRESS, "ecs-svc/9")
    assert ledger.begun("items-api") == begun("ecs-svc/9")
    assert ledger.outcome("search-api") == outcome("search-api")
    assert ledger.begun("search-api") is None
    assert [outcome.service_id for outcome in ledger.deployment.services] == ["search-api", "items-api"]


def test_how_a_service_fares_replaces_what_was_known_of_it(ledger: Ledger) -> None:
    failed = replace(outcome("search-api"), status=ServiceStatus.FAILED, reason="it crashed")
    ledger.service(failed)
    assert ledger.deployment.services == (failed, outcome("items-api"))


# The record


def test_nothing_is_noted_while_nothing_changed(ledger: Ledger, record: Record) -> None:
    ledger.note()
    assert record.notes == []


def test_each_change_is_noted_once(ledger: Ledger, record: Record) -> None:
    ledger.tag_moved("search", moved=True)
    ledger.note()
    ledger.note()
    ledger.redeployed("search-api", begun("ecs-svc/9"))
    ledger.note()
    assert len(record.notes) == 2
    assert record.notes[-1] == ledger.deployment


def test_a_note_that_failed_is_made_by_the_next(ledger: Ledger, record: Record) -> None:
    record.errors = [Unreachable("dynamodb:X", "no answer")]
    ledger.tag_moved("search", moved=True)
    ledger.note()
    assert record.notes == []
    ledger.note()
    assert record.notes == [ledger.deployment]


def test_a_table_that_is_too_busy_for_a_note_is_spared_for_a_quarter_of_the_lease(
    ledger: Ledger, record: Record, clock: SetClock
) -> None:
    record.errors = [Throttled("dynamodb:X", "busy")]
    ledger.tag_moved("search", moved=True)
    ledger.note()
    clock.now += timedelta(seconds=LEASE / 4 - 1)
    ledger.note()
    assert record.notes == []
    clock.now += timedelta(seconds=1)
    ledger.note()
    assert record.notes == [ledger.deployment]


def test_progress_is_noted_at_most_once_a_second_unless_it_must_be_noted_now(
    ledger: Ledger, record: Record, clock: SetClock
) -> None:
    ledger.redeployed("search-api", begun("ecs-svc/8"))
    ledger.note_if_due()
    ledger.redeployed("items-api", begun("ecs-svc/9"))
    clock.now += timedelta(seconds=0.9)
    ledger.note_if_due()
    assert len(record.notes) == 1
    clock.now += timedelta(seconds=0.1)
    ledger.note_if_due()
    assert len(record.notes) == 2
    ledger.tag_moved("search", moved=True)
    ledger.note()
    assert record.notes[-1] == ledger.deployment


def test_a_note_that_failed_is_not_tried_again_within_the_second(
    ledger: Ledger, record: Record, clock: SetClock
) -> None:
    record.errors = [Unreachable("dynamodb:X", "no answer")]
    ledger.tag_moved("search", moved=True)
    ledger.note_if_due()
    ledger.note_if_due()
    assert record.notes == []
    clock.now += timedelta(seconds=1)
    ledger.note_if_due()
    assert record.notes == [ledger.deployment]


def test_a_verdict_has_its_time_and_reason_and_is_not_recorded_by_itself(
    ledger: Ledger, record: Record
) -> None:
    at = NOON + timedelta(seconds=300)
    given = ledger.verdict(DeploymentStatus.FAILED, at, "it crashed")
    assert given == ledger.deployment
    assert (given.status, given.date_finished, given.reason) == (DeploymentStatus.FAILED, at, "it crashed")
    assert given.finished
    assert record.settled == []


def test_settling_records_the_verdict_and_what_it_put_right(ledger: Ledger, record: Record) -> None:
    undone = replace(DEPLOYMENT, deployment_id="d-0", status=DeploymentStatus.ROLLED_BACK)
    given = ledger.verdict(DeploymentStatus.SUCCEEDED, NOON)
    ledger.settle()
    ledger.settle(undone)
    assert record.settled == [(given, None), (given, undone)]


def test_a_verdict_that_could_not_be_recorded_is_still_known(ledger: Ledger, record: Record) -> None:
    record.errors = [LeaseLost("somebody else's")]
    given = ledger.verdict(DeploymentStatus.SUCCEEDED, NOON)
    with pytest.raises(LeaseLost):
        ledger.settle()
    assert ledger.deployment == given


def test_the_hold_that_is_handed_on_is_the_renewed_one(ledger: Ledger) -> None:
    assert ledger.held == HELD
    ledger.wait(59)
    assert ledger.held.lease_ends == NOON + timedelta(seconds=30 + LEASE)


def test_a_look_that_nobody_records_can_last_longer_than_a_lease(clock: SetClock) -> None:
    ledger = Ledger(DEPLOYMENT, HELD, LEASE, Nowhere(), clock)
    ledger.tag_moved("search", moved=True)
    ledger.note()
    ledger.wait(3 * LEASE)
    ledger.ours()
    ledger.settle()
