"""How an earlier deployment is judged by what is observed now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.rules.snapshots import in_ecr, noted, project, release, snapshot
from tests.rules.states import (
    BEFORE,
    NEW,
    NOON,
    OLD,
    OURS,
    container,
    key,
    made_at,
    primary,
    service,
    task,
    up,
    view,
)
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import Lock
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.reassess import RECOVERED_AFTER, Reassessment, has_live_holder, reassess

PROJECT = project(search=["search-api"])
NOW = made_at(60)
WAITING = (
    "it runs the release, but its tasks have not been up for long enough to say that it does not fail again"
)


def outcome(status: ServiceStatus, ecs_deployment_id: str | None = OURS) -> ServiceOutcome:
    return ServiceOutcome(
        service_id="search-api",
        key=key("search-api"),
        images=("search",),
        status=status,
        ecs_deployment_id=ecs_deployment_id,
    )


def deployment(*services: ServiceOutcome) -> Deployment:
    return Deployment(
        deployment_id="d-1",
        release_id="rel-2",
        project_id=PROJECT.id,
        environment="stage",
        status=DeploymentStatus.FAILED,
        date_created=NOON,
        date_finished=made_at(10),
        requested_by="ada",
        description="",
        images={"search": ImageChange(image_id="search", from_digest=OLD, to_digest=NEW)},
        services=services,
    )


def lock(deployment_id: str = "d-1", lease_ends: datetime = NOW) -> Lock:
    return Lock(
        owner="token",
        holder="ada",
        reason="",
        since=NOON,
        deployment_id=deployment_id,
        lease_ends=lease_ends,
        lease_seconds=120,
    )


def reassessed(
    recorded: Deployment,
    *search_api: ServiceView,
    tagged: str = NEW,
    held: Lock | None = None,
    failed_before: bool = False,
) -> Reassessment:
    known = [replace(noted(), failed=True)] if failed_before else []
    observed = snapshot(
        images={"search": in_ecr(tagged=tagged)}, services={"search-api": search_api}, known=known
    )
    observed = replace(observed, record=replace(observed.record, lock=held))
    return reassess(
        recorded, release(search=NEW), PROJECT, PROJECT.environment("stage"), observed, NOW, stable_for=10
    )


def running_since(started_at: datetime) -> ServiceView:
    steady = replace(service(running=1, deployments=[primary(completed=True)]), as_of=NOW)
    return view(steady, [replace(task("t1"), started_at=started_at)])


RECENTLY = NOW - RECOVERED_AFTER + timedelta(seconds=1)
LONG_AGO = NOW - RECOVERED_AFTER
STEADY = running_since(RECENTLY)
NO_TASKS = view(service(desired=0, deployments=[primary(completed=True)]), ())
ROLLING_OUT = view(service(desired=2, running=1, deployments=[primary()]), [task("t1")])
JUST_REDEPLOYED = view(service(desired=1, deployments=[primary()]), ())
OTHER_IMAGE = up(OLD, of=OURS)
OTHER_IMAGE_SINCE = up(OLD, of=BEFORE)

REASSESSED: dict[str, tuple[ServiceView, ServiceOutcome | None, ServiceStatus, str | None]] = {
    "steady, failed, tasks are new": (
        STEADY,
        outcome(ServiceStatus.FAILED),
        ServiceStatus.FAILED,
        OURS,
    ),
    "steady, failed, tasks are old": (
        running_since(LONG_AGO),
        outcome(ServiceStatus.FAILED),
        ServiceStatus.IN_PROGRESS,
        OURS,
    ),
    "steady, failed in another ECS deployment": (
        STEADY,
        outcome(ServiceStatus.FAILED, BEFORE),
        ServiceStatus.IN_PROGRESS,
        OURS,
    ),
    "steady, in progress": (STEADY, outcome(ServiceStatus.IN_PROGRESS), ServiceStatus.IN_PROGRESS, OURS),
    "steady, unchanged": (STEADY, outcome(ServiceStatus.UNCHANGED), ServiceStatus.IN_PROGRESS, OURS),
    "steady, not recorded": (STEADY, None, ServiceStatus.IN_PROGRESS, OURS),
    "rolling out, failed": (ROLLING_OUT, outcome(ServiceStatus.FAILED), ServiceStatus.FAILED, OURS),
    "rolling out, succeeded": (
        ROLLING_OUT,
        outcome(ServiceStatus.SUCCEEDED),
        ServiceStatus.IN_PROGRESS,
        OURS,
    ),
    "another image, in progress": (
        OTHER_IMAGE,
        outcome(ServiceStatus.IN_PROGRESS),
        ServiceStatus.IN_PROGRESS,
        OURS,
    ),
    "another image, pending": (
        OTHER_IMAGE_SINCE,
        outcome(ServiceStatus.PENDING, None),
        ServiceStatus.IN_PROGRESS,
        BEFORE,
    ),
    "no tasks, pending": (NO_TASKS, outcome(ServiceStatus.PENDING, None), ServiceStatus.FAILED, None),
    "unknown image, succeeded": (
        JUST_REDEPLOYED,
        outcome(ServiceStatus.SUCCEEDED, BEFORE),
        ServiceStatus.IN_PROGRESS,
        OURS,
    ),
    "unknown image, not recorded": (JUST_REDEPLOYED, None, ServiceStatus.IN_PROGRESS, OURS),
    "unknown image, failed": (
        JUST_REDEPLOYED,
        outcome(ServiceStatus.FAILED, BEFORE),
        ServiceStatus.FAILED,
        BEFORE,
    ),
    "no tasks, succeeded": (NO_TASKS, outcome(ServiceStatus.SUCCEEDED, BEFORE), ServiceStatus.FAILED, BEFORE),
    "another image, succeeded": (
        OTHER_IMAGE,
        outcome(ServiceStatus.SUCCEEDED),
        ServiceStatus.FAILED,
        OURS,
    ),
}


@pytest.mark.parametrize(
    ("search_api", "recorded", "status", "ecs_deployment_id"), REASSESSED.values(), ids=REASSESSED.keys()
)
def test_reassessed_service_by_what_it_runs_and_what_was_recorded(
    search_api: ServiceView,
    recorded: ServiceOutcome | None,
    status: ServiceStatus,
    ecs_deployment_id: str | None,
) -> None:
    now = reassessed(deployment(*[recorded] if recorded else []), search_api)
    (judged,) = now.deployment.services
    assert (judged.status, judged.ecs_deployment_id) == (status, ecs_deployment_id)
    watched = {"search-api"} if status is ServiceStatus.IN_PROGRESS else set()
    assert now.tracks.keys() == watched


def test_reassessed_service_that_failed_waits_until_its_tasks_have_been_up_for_long() -> None:
    (judged,) = reassessed(deployment(outcome(ServiceStatus.FAILED)), STEADY).deployment.services
    assert judged.reason == WAITING


def test_reassessed_service_ignores_the_failure_in_the_environments_record() -> None:
    now = reassessed(deployment(outcome(ServiceStatus.IN_PROGRESS)), STEADY, failed_before=True)
    assert now.deployment.services[0].status is ServiceStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("recorded", "unchanged"),
    [
        (None, {"search-api"}),
        (outcome(ServiceStatus.UNCHANGED), {"search-api"}),
        (outcome(ServiceStatus.SUCCEEDED, BEFORE), {"search-api"}),
        (outcome(ServiceStatus.SUCCEEDED), set()),
        (outcome(ServiceStatus.IN_PROGRESS), set()),
    ],
)
def test_service_that_the_deployment_did_not_redeploy_is_unchanged_if_it_passes_the_watch(
    recorded: ServiceOutcome | None, unchanged: set[str]
) -> None:
    now = reassessed(deployment(*[recorded] if recorded else []), STEADY)
    assert now.unchanged == unchanged


@pytest.mark.parametrize(
    ("status", "since"), [(ServiceStatus.FAILED, made_at(10)), (ServiceStatus.IN_PROGRESS, None)]
)
def test_reassessed_service_counts_only_failures_after_a_recorded_failure(
    status: ServiceStatus, since: datetime | None
) -> None:
    search_api = running_since(LONG_AGO) if status is ServiceStatus.FAILED else ROLLING_OUT
    track = reassessed(deployment(outcome(status)), search_api).tracks["search-api"]
    assert track.failures_since == since


def test_reassessed_service_stays_pending_while_the_holder_lives() -> None:
    recorded = replace(deployment(outcome(ServiceStatus.PENDING, None)), status=DeploymentStatus.IN_PROGRESS)
    (judged,) = reassessed(recorded, OTHER_IMAGE, held=lock()).deployment.services
    assert judged.status is ServiceStatus.PENDING


def test_reassessed_service_that_is_missing_has_failed() -> None:
    (judged,) = reassessed(deployment(outcome(ServiceStatus.SUCCEEDED))).deployment.services
    assert (judged.status, judged.reason) == (
        ServiceStatus.FAILED,
        "catalogue/search-api is not found any more",
    )


def test_reassessed_service_that_uses_none_of_its_images_now_has_failed() -> None:
    other = view(
        service(running=1, deployments=[primary(completed=True)]),
        [task("t1", containers=[container(image="nginx:1")])],
    )
    (judged,) = reassessed(deployment(outcome(ServiceStatus.SUCCEEDED)), other).deployment.services
    assert judged.status is ServiceStatus.FAILED
    assert judged.reason.startswith("none of the containers of catalogue/search-api uses ")


def test_reassessment_names_the_images_whose_tag_points_elsewhere() -> None:
    assert reassessed(deployment(), STEADY, tagged=OLD).drifted_tags == ("search",)
    assert reassessed(deployment(), STEADY).drifted_tags == ()


def test_live_holder_holds_the_lock_of_an_unfinished_deployment() -> None:
    finished = deployment()
    going = replace(finished, status=DeploymentStatus.IN_PROGRESS)
    record = snapshot(images={}, services={}).record
    held = replace(record, lock=lock())
    assert has_live_holder(going, held, NOW)
    assert not has_live_holder(finished, held, NOW)
    assert not has_live_holder(going, record, NOW)
    assert not has_live_holder(going, replace(record, lock=lock("d-2")), NOW)
    assert not has_live_holder(going, replace(record, lock=lock(lease_ends=NOON)), NOW)
