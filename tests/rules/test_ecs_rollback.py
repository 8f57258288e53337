"""Which deployments in progress ECS may roll back for us, and what the polls show while it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.states import (
    BEFORE,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    expecting,
    primary,
    resolving,
    service,
    task,
    track,
    verdict,
    view,
)
from weco_deploy.model.deployment import ImageChange, ServiceStatus
from weco_deploy.model.lifecycle import Lifecycle, LifecycleHook
from weco_deploy.model.plan import EcsRollback
from weco_deploy.model.service import ServiceDeployment, ServiceView
from weco_deploy.rules.ecs_rollback import ecs_rollback, images_before
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

FIRST, SECOND = "revision-1", "revision-2"
RIGHT = {FIRST: (resolving(OLD),), SECOND: (resolving(OTHER),)}


def rollout(
    status: str = "IN_PROGRESS", *sources: str, hooks: tuple[LifecycleHook, ...] = ()
) -> ServiceDeployment:
    """Our deployment in progress, which began while these revisions ran."""
    return replace(
        verdict(status=status), source_revisions=sources or (FIRST,), lifecycle=Lifecycle(hooks=hooks)
    )


def hook(status: str) -> LifecycleHook:
    return LifecycleHook(id="ecs-pause-1", kind="PAUSE", status=status)


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS"])
def test_deployment_in_progress_that_leads_back_to_the_digests_is_stopped(status: str) -> None:
    found = ecs_rollback(rollout(status), [expecting(OLD)], RIGHT)

    assert found == EcsRollback(service_deployment_arn=rollout().arn)


def test_paused_deployment_is_rolled_back_at_the_hook_that_waits() -> None:
    done = LifecycleHook(id="ecs-pause-0", kind="PAUSE", status="SUCCEEDED")
    function = LifecycleHook(id="ecs-lambda-1", kind="AWS_LAMBDA", status="IN_PROGRESS")

    found = ecs_rollback(rollout(hooks=(done, function, hook("AWAITING_ACTION"))), [expecting(OLD)], RIGHT)

    assert found is not None
    assert found.hook_id == "ecs-pause-1"


@pytest.mark.parametrize("status", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_deployment_that_ecs_rolls_back_already_is_only_watched(status: str) -> None:
    found = ecs_rollback(rollout(status), [expecting(OLD)], RIGHT)

    assert found is not None
    assert found.requested


@pytest.mark.parametrize(
    "status",
    ["SUCCESSFUL", "STOPPED", "STOP_REQUESTED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "NEW_WORD"],
)
def test_deployment_that_has_ended_is_not_rolled_back_by_ecs(status: str) -> None:
    assert ecs_rollback(rollout(status), [expecting(OLD)], RIGHT) is None


@pytest.mark.parametrize(
    "sources", [(SECOND,), (FIRST, SECOND), ("unknown",)], ids=["other digests", "two revisions", "unknown"]
)
def test_ecs_does_not_roll_back_to_what_may_be_other_digests(sources: tuple[str, ...]) -> None:
    assert ecs_rollback(rollout("IN_PROGRESS", *sources), [expecting(OLD)], RIGHT) is None


def test_ecs_does_not_roll_back_a_deployment_that_began_from_nothing() -> None:
    began_from_nothing = replace(rollout(), source_revisions=())

    assert ecs_rollback(began_from_nothing, [expecting(OLD)], RIGHT) is None


def test_images_before_are_those_that_the_tags_pointed_at() -> None:
    same = expecting(NEW, OTHER, image="items")
    changes = {
        "search": ImageChange(image_id="search", from_digest=OLD, to_digest=NEW),
        "items": ImageChange(image_id="items", from_digest=NEW, to_digest=NEW),
    }

    assert images_before([expecting(NEW), same], changes) == (expecting(OLD), same)


def test_images_before_are_unknown_if_a_tag_did_not_exist() -> None:
    changes = {"search": ImageChange(image_id="search", from_digest=None, to_digest=NEW)}

    assert images_before([expecting(NEW)], changes) == ()


def requested() -> Track:
    """ECS has accepted to roll back `ecs-svc/2`."""
    return replace(track(OLD, previous=OURS, ours=""), ecs_rollback=rollout().arn)


def poll(status: str, back: str | None = None, *, completed: bool = False, of: str = OURS) -> ServiceView:
    """A poll of the service whose deployment is rolled back; `back` is PRIMARY then, instead of `ecs-svc/2`."""
    if back is None:
        described = service(running=1, deployments=[primary(OURS), active(BEFORE)])
        found = view(described, [task("t1", of=OURS, digest=NEW)])
    else:
        described = service(running=1, deployments=[primary(back, completed=completed)])
        found = view(described, [task("t1", of=back, digest=OLD)])
    return replace(found, service_deployment=verdict(status=status, of=of, reason="because of us"))


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED"])
def test_service_waits_while_ecs_has_not_begun_to_roll_back(status: str) -> None:
    after = advance(requested(), poll(status))

    assert (after.status, after.state) == (ServiceStatus.IN_PROGRESS, "ECS is about to roll it back")
    assert after.deployment_id == ""


@pytest.mark.parametrize("back", [BEFORE, LATER], ids=["earlier id", "new id"])
def test_deployment_that_ecs_rolls_back_to_is_watched_and_succeeds(back: str) -> None:
    during = advance(requested(), poll("ROLLBACK_IN_PROGRESS", back))
    after = advance(during, poll("ROLLBACK_SUCCESSFUL", back, completed=True))

    assert during.status is ServiceStatus.IN_PROGRESS
    assert (after.status, after.deployment_id) == (ServiceStatus.SUCCEEDED, back)


def test_completed_deployment_waits_until_ecs_calls_its_rollback_successful() -> None:
    after = advance(requested(), poll("ROLLBACK_IN_PROGRESS", LATER, completed=True))

    assert after.status is ServiceStatus.IN_PROGRESS
    assert after.state == "waiting for ECS to call its deployment successful"


def test_rollback_of_ecs_to_other_digests_fails() -> None:
    wrong = replace(
        poll("ROLLBACK_SUCCESSFUL", LATER, completed=True), tasks=(task("t1", of=LATER, digest=OTHER),)
    )

    after = advance(requested(), wrong)

    assert after.status is ServiceStatus.FAILED
    assert not after.not_rolled_back


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "SUCCESSFUL"])
def test_service_that_ecs_did_not_roll_back_can_be_redeployed(status: str) -> None:
    after = advance(requested(), poll(status))

    assert after.status is ServiceStatus.FAILED
    assert after.not_rolled_back
    assert after.reason == f"ECS did not roll it back ({status}): because of us"


def test_stop_without_a_rollback_counts_once_it_stays() -> None:
    watched, polls = requested(), 0
    while not watched.settled:
        watched, polls = advance(watched, poll("STOPPED")), polls + 1

    assert polls > 1
    assert watched.not_rolled_back


def test_service_waits_while_the_service_deployment_can_not_be_read() -> None:
    unread = replace(poll("IN_PROGRESS"), service_deployment=None)

    after = advance(requested(), unread)

    assert (after.status, after.state) == (ServiceStatus.IN_PROGRESS, "waiting for ECS")


def test_rollback_is_judged_by_the_service_alone_if_the_service_deployment_can_not_be_read() -> None:
    unread = replace(poll("", LATER, completed=True), service_deployment=None)

    after = advance(requested(), unread)

    assert (after.status, after.deployment_id) == (ServiceStatus.SUCCEEDED, LATER)


def test_later_deployment_of_other_images_supersedes_the_rollback() -> None:
    begun = advance(requested(), poll("ROLLBACK_REQUESTED"))
    other = replace(
        poll("IN_PROGRESS", LATER, of=LATER),
        resolved=(resolving(OTHER),),
        tasks=(task("t", of=LATER, digest=OTHER),),
    )

    once = advance(begun, other)
    twice = advance(once, other)

    assert once.status is ServiceStatus.IN_PROGRESS
    assert twice.status is ServiceStatus.SUPERSEDED
    assert "took over with other images" in twice.reason


def test_later_deployment_of_the_same_images_is_followed() -> None:
    begun = advance(requested(), poll("ROLLBACK_REQUESTED"))
    same = poll("IN_PROGRESS", LATER, of=LATER)

    after = advance(advance(begun, same), same)

    assert (after.status, after.deployment_id, after.ecs_rollback) == (ServiceStatus.IN_PROGRESS, LATER, "")


def test_old_answer_from_before_the_deployment_is_no_rollback() -> None:
    """It shows the earlier deployment complete, with its own verdict."""
    begun = advance(requested(), poll("ROLLBACK_REQUESTED"))

    after = advance(begun, poll("SUCCESSFUL", BEFORE, completed=True, of=BEFORE))

    assert (after.status, after.state) == (ServiceStatus.IN_PROGRESS, "waiting for ECS")
