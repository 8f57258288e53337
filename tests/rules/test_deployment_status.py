"""The status of a deployment, from its services or after its holder died."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.rules.snapshots import in_ecr, project, snapshot
from tests.rules.states import (
    NEW,
    NOON,
    OLD,
    OTHER,
    OURS,
    active,
    key,
    primary,
    resolving,
    service,
    task,
    track,
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
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.deployment_status import (
    replaces_verdict,
    status_if_left_alone,
    status_when_cut_off,
    verdict,
)

GOOD = (ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED, ServiceStatus.NOTHING_RUNNING)
BAD = (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED, ServiceStatus.NOT_STARTED)
OPEN = (ServiceStatus.PENDING, ServiceStatus.IN_PROGRESS, ServiceStatus.UNVERIFIED)
PROJECT = project(search=["search-api"], cron=[])
IN_PLACE = {"search": in_ecr(tagged=NEW)}


def outcome(
    status: ServiceStatus = ServiceStatus.IN_PROGRESS, service_id: str = "search-api"
) -> ServiceOutcome:
    return ServiceOutcome(service_id=service_id, key=key(service_id), images=("search",), status=status)


def deployment(
    *services: ServiceOutcome, images: Mapping[str, tuple[str | None, str]] | None = None
) -> Deployment:
    """A deployment to stage with these digests (before, after), by image id."""
    changes = {"search": (OLD, NEW)} if images is None else images
    return Deployment(
        deployment_id="d-1",
        release_id="rel-2",
        project_id=PROJECT.id,
        environment="stage",
        status=DeploymentStatus.IN_PROGRESS,
        date_created=NOON,
        requested_by="ada",
        description="",
        images={
            image_id: ImageChange(image_id=image_id, from_digest=before, to_digest=after)
            for image_id, (before, after) in changes.items()
        },
        services=services or (outcome(),),
    )


# The verdict on a deployment whose services were watched


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), DeploymentStatus.SUCCEEDED),
        (GOOD, DeploymentStatus.SUCCEEDED),
        *(((*GOOD, bad), DeploymentStatus.FAILED) for bad in BAD),
        *(((*GOOD, unsettled), DeploymentStatus.TIMED_OUT) for unsettled in OPEN),
        *(((bad, unsettled), DeploymentStatus.FAILED) for bad in BAD for unsettled in OPEN),
    ],
)
def test_verdict_follows_from_the_services(
    statuses: tuple[ServiceStatus, ...], expected: DeploymentStatus
) -> None:
    assert verdict(outcome(status) for status in statuses) is expected


def test_every_service_status_is_good_bad_or_open() -> None:
    assert {*GOOD, *BAD, *OPEN} == set(ServiceStatus)


@pytest.mark.parametrize(
    ("recorded", "observed", "replaces"),
    [
        (DeploymentStatus.FAILED, DeploymentStatus.SUCCEEDED, True),
        (DeploymentStatus.TIMED_OUT, DeploymentStatus.SUCCEEDED, True),
        (DeploymentStatus.INTERRUPTED, DeploymentStatus.SUCCEEDED, True),
        (DeploymentStatus.ROLLED_BACK, DeploymentStatus.SUCCEEDED, False),
        (DeploymentStatus.UNVERIFIED, DeploymentStatus.SUCCEEDED, False),
        (DeploymentStatus.TIMED_OUT, DeploymentStatus.FAILED, True),
        (DeploymentStatus.INTERRUPTED, DeploymentStatus.FAILED, True),
        (DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, False),
        (DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, False),
        (DeploymentStatus.INTERRUPTED, DeploymentStatus.TIMED_OUT, True),
        (DeploymentStatus.SUCCEEDED, DeploymentStatus.TIMED_OUT, False),
        (DeploymentStatus.TIMED_OUT, DeploymentStatus.TIMED_OUT, False),
    ],
)
def test_observed_status_replaces_the_recorded_verdict(
    recorded: DeploymentStatus, observed: DeploymentStatus, replaces: bool
) -> None:
    assert replaces_verdict(recorded, observed) is replaces


@pytest.mark.parametrize(
    ("desired", "status"), [(2, ServiceStatus.UNCHANGED), (0, ServiceStatus.NOTHING_RUNNING)]
)
def test_status_of_a_service_that_is_left_alone(desired: int, status: ServiceStatus) -> None:
    assert status_if_left_alone(replace(track().service, desired=desired)) is status


# A deployment whose holder died


def cut_off(
    search_api: ServiceView | tuple[ServiceView, ...],
    recorded: Deployment | None = None,
    *,
    tagged: str | None = NEW,
    observed: Snapshot | None = None,
) -> DeploymentStatus:
    """The status of a deployment that was cut off, given search-api's state or a whole snapshot."""
    stage = observed or snapshot(
        images={"search": in_ecr(tagged=tagged)}, services={"search-api": search_api}
    )
    return status_when_cut_off(recorded or deployment(), PROJECT, stage)


@pytest.mark.parametrize("status", GOOD)
def test_cut_off_deployment_whose_services_were_watched_succeeded_if_all_of_it_runs(
    status: ServiceStatus,
) -> None:
    assert cut_off(up(NEW, NEW), deployment(outcome(status))) is DeploymentStatus.SUCCEEDED


@pytest.mark.parametrize("status", OPEN)
def test_cut_off_deployment_was_interrupted_if_nobody_watched_a_service_to_its_end(
    status: ServiceStatus,
) -> None:
    """At a single moment a crash loop looks healthy."""
    assert cut_off(up(NEW, NEW), deployment(outcome(status))) is DeploymentStatus.INTERRUPTED


@pytest.mark.parametrize("status", BAD)
def test_cut_off_deployment_with_a_recorded_failure_was_interrupted_whatever_runs_now(
    status: ServiceStatus,
) -> None:
    assert cut_off(up(NEW, NEW), deployment(outcome(status))) is DeploymentStatus.INTERRUPTED


@pytest.mark.parametrize("tagged", [OLD, OTHER, None])
def test_cut_off_deployment_whose_tag_points_elsewhere_was_interrupted(tagged: str | None) -> None:
    assert cut_off(up(NEW, NEW), tagged=tagged) is DeploymentStatus.INTERRUPTED


NOT_ALL_RUNS = {
    "a task runs the image before": up(NEW, OLD),
    "a task reports no digest": up(NEW, None),
    "a task was not described": view(service(running=2, deployments=[primary(completed=True)]), [task("t1")]),
    "a rollout is in progress": view(service(running=1, deployments=[primary()]), [task("t1")]),
    "an old task still runs": view(
        service(running=2, deployments=[primary(completed=True), active(running=1)]), [task("t1")]
    ),
    "a task is missing": view(
        service(desired=2, running=1, deployments=[primary(completed=True)]), [task("t1")]
    ),
    "no task runs and there is no other evidence": view(service(deployments=[primary(completed=True)]), ()),
    "the service is missing": (),
    "two services have its tags": (up(NEW), up(NEW, name="search-api-2")),
}


@pytest.mark.parametrize("search_api", NOT_ALL_RUNS.values(), ids=NOT_ALL_RUNS.keys())
def test_cut_off_deployment_was_interrupted_if(
    search_api: ServiceView | tuple[ServiceView, ...],
) -> None:
    assert cut_off(search_api) is DeploymentStatus.INTERRUPTED


def test_cut_off_deployment_succeeded_if_a_service_without_tasks_resolved_to_the_release() -> None:
    idle = view(service(deployments=[primary(OURS, completed=True)]), ())
    for resolved, expected in ((NEW, DeploymentStatus.SUCCEEDED), (OLD, DeploymentStatus.INTERRUPTED)):
        observed = snapshot(
            images=IN_PLACE,
            services={"search-api": idle},
            resolved={"search-api": [resolving(resolved)]},
        )
        assert cut_off(idle, observed=observed) is expected


def test_cut_off_deployment_was_interrupted_if_one_of_several_services_does_not_run_it() -> None:
    both = deployment(outcome(), outcome(service_id="worker"))
    observed = snapshot(images=IN_PLACE, services={"search-api": up(NEW), "worker": up(OLD, name="worker")})
    assert cut_off((), both, observed=observed) is DeploymentStatus.INTERRUPTED


def test_cut_off_deployment_was_interrupted_if_an_image_was_not_observed() -> None:
    done = outcome(ServiceStatus.SUCCEEDED)
    more = deployment(done, images={"search": (OLD, NEW), "cron": (OLD, NEW)})
    assert cut_off(up(NEW), more) is DeploymentStatus.INTERRUPTED
    observed = snapshot(images={**IN_PLACE, "cron": in_ecr(tagged=NEW)}, services={"search-api": up(NEW)})
    assert cut_off((), more, observed=observed) is DeploymentStatus.SUCCEEDED


def test_cut_off_deployment_without_images_was_interrupted() -> None:
    assert cut_off(up(NEW), deployment(images={})) is DeploymentStatus.INTERRUPTED


def test_cut_off_deployment_was_interrupted_if_its_images_left_the_project() -> None:
    without_search = project(cron=[])
    observed = snapshot(images=IN_PLACE, services={"search-api": up(NEW)})
    assert status_when_cut_off(deployment(), without_search, observed) is DeploymentStatus.INTERRUPTED


def test_cut_off_deployment_succeeded_if_a_child_of_its_index_runs() -> None:
    observed = snapshot(
        images={"search": in_ecr(NEW, tagged=NEW, children=[OTHER])}, services={"search-api": up(OTHER)}
    )
    done = deployment(outcome(ServiceStatus.SUCCEEDED))
    assert status_when_cut_off(done, PROJECT, observed) is DeploymentStatus.SUCCEEDED
