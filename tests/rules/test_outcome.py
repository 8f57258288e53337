"""What services' outcomes make of a deployment, and what became of one that was cut off."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.rules.states import (
    NEW,
    NOON,
    OLD,
    OTHER,
    OURS,
    active,
    in_ecr,
    key,
    primary,
    project,
    resolving,
    service,
    snapshot,
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
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.expecting import expected_of
from weco_deploy.rules.outcome import as_seen, cut_off, drifted, verdict

GOOD = (ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED, ServiceStatus.NOTHING_RUNNING)
BAD = (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
OPEN = (ServiceStatus.PENDING, ServiceStatus.IN_PROGRESS)
PROJECT = project(search=["search-api"], cron=[])
IN_PLACE = {"search": in_ecr(tagged=NEW)}


def outcome(
    status: ServiceStatus = ServiceStatus.IN_PROGRESS, service_id: str = "search-api"
) -> ServiceOutcome:
    return ServiceOutcome(service_id=service_id, key=key(service_id), images=("search",), status=status)


def deployment(
    *services: ServiceOutcome, images: Mapping[str, tuple[str | None, str]] | None = None
) -> Deployment:
    """A deployment to stage by image id → (digest before, digest after)."""
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


# The verdict


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), DeploymentStatus.SUCCEEDED),
        (GOOD, DeploymentStatus.SUCCEEDED),
        *(((*GOOD, bad), DeploymentStatus.FAILED) for bad in BAD),
        *(((*GOOD, still), DeploymentStatus.TIMED_OUT) for still in OPEN),
        *(((bad, still), DeploymentStatus.FAILED) for bad in BAD for still in OPEN),
    ],
)
def test_services_make_the_verdict(statuses: tuple[ServiceStatus, ...], expected: DeploymentStatus) -> None:
    assert verdict(outcome(status) for status in statuses) is expected


def test_every_status_of_a_service_is_good_bad_or_open() -> None:
    assert {*GOOD, *BAD, *OPEN} == set(ServiceStatus)


# Cut off


def settled(
    seen_service: ServiceView | tuple[ServiceView, ...],
    cut: Deployment | None = None,
    *,
    tagged: str | None = NEW,
    seen: Snapshot | None = None,
) -> DeploymentStatus:
    looked = seen or snapshot(images={"search": in_ecr(tagged=tagged)}, services={"search-api": seen_service})
    return cut_off(cut or deployment(), PROJECT, looked)


@pytest.mark.parametrize("status", [*OPEN, *GOOD])
def test_a_deployment_that_was_cut_off_succeeded_if_all_of_it_runs(status: ServiceStatus) -> None:
    assert settled(up(NEW, NEW), deployment(outcome(status))) is DeploymentStatus.SUCCEEDED


@pytest.mark.parametrize("status", BAD)
def test_a_service_that_was_seen_to_fail_is_not_healed_by_what_runs_now(status: ServiceStatus) -> None:
    assert settled(up(NEW, NEW), deployment(outcome(status))) is DeploymentStatus.INTERRUPTED


@pytest.mark.parametrize("tagged", [OLD, OTHER, None])
def test_a_tag_that_is_elsewhere_means_interrupted(tagged: str | None) -> None:
    assert settled(up(NEW, NEW), tagged=tagged) is DeploymentStatus.INTERRUPTED


NOT_ALL_RUNS = {
    "a task runs the image before": up(NEW, OLD),
    "a task does not tell its digest": up(NEW, None),
    "a task was not described": view(service(running=2, deployments=[primary(completed=True)]), [task("t1")]),
    "its rollout goes on": view(service(running=1, deployments=[primary()]), [task("t1")]),
    "an old task still runs": view(
        service(running=2, deployments=[primary(completed=True), active(running=1)]), [task("t1")]
    ),
    "a task is missing": view(
        service(desired=2, running=1, deployments=[primary(completed=True)]), [task("t1")]
    ),
    "nothing runs and nothing tells": view(service(deployments=[primary(completed=True)]), ()),
    "it is gone": (),
    "there are two": (up(NEW), up(NEW, name="search-api-2")),
}


@pytest.mark.parametrize("seen", NOT_ALL_RUNS.values(), ids=NOT_ALL_RUNS.keys())
def test_it_was_interrupted_if(seen: ServiceView | tuple[ServiceView, ...]) -> None:
    assert settled(seen) is DeploymentStatus.INTERRUPTED


def test_a_service_at_rest_without_tasks_may_have_resolved_to_the_release() -> None:
    idle = view(service(deployments=[primary(OURS, completed=True)]), ())
    for resolved, expected in ((NEW, DeploymentStatus.SUCCEEDED), (OLD, DeploymentStatus.INTERRUPTED)):
        seen = snapshot(
            images=IN_PLACE,
            services={"search-api": idle},
            resolved={"search-api": [resolving(resolved)]},
        )
        assert settled(idle, seen=seen) is expected


def test_one_of_several_services_that_does_not_run_it_means_interrupted() -> None:
    both = deployment(outcome(), outcome(service_id="worker"))
    seen = snapshot(images=IN_PLACE, services={"search-api": up(NEW), "worker": up(OLD, name="worker")})
    assert settled((), both, seen=seen) is DeploymentStatus.INTERRUPTED


def test_an_image_that_was_not_looked_at_is_not_taken_to_be_in_place() -> None:
    more = deployment(images={"search": (OLD, NEW), "cron": (OLD, NEW)})
    assert settled(up(NEW), more) is DeploymentStatus.INTERRUPTED
    looked = snapshot(images={**IN_PLACE, "cron": in_ecr(tagged=NEW)}, services={"search-api": up(NEW)})
    assert settled((), more, seen=looked) is DeploymentStatus.SUCCEEDED


def test_a_deployment_without_images_can_not_be_seen_to_have_succeeded() -> None:
    assert settled(up(NEW), deployment(images={})) is DeploymentStatus.INTERRUPTED


def test_a_service_none_of_whose_images_the_project_still_has_is_not_seen_to_run() -> None:
    elsewhere = project(cron=[])
    seen = snapshot(images=IN_PLACE, services={"search-api": up(NEW)})
    assert cut_off(deployment(), elsewhere, seen) is DeploymentStatus.INTERRUPTED


# Tags as they are now


@pytest.mark.parametrize(
    ("before", "tagged", "moved"),
    [(OLD, NEW, True), (OLD, OLD, False), (OLD, OTHER, False), (NEW, NEW, False), (None, NEW, True)],
)
def test_a_tag_moved_if_it_points_where_it_did_not_before(
    before: str | None, tagged: str, moved: bool
) -> None:
    now = as_seen(
        deployment(images={"search": (before, NEW)}),
        snapshot(images={"search": in_ecr(tagged=tagged)}, services={}),
    )
    assert now.images["search"].tag_moved is moved


def test_of_a_tag_that_was_not_looked_at_the_record_stands() -> None:
    noted = deployment()
    assert as_seen(noted, snapshot(images={}, services={})) == noted
    assert drifted(noted, snapshot(images={}, services={})) == ()


def test_images_whose_tag_points_elsewhere_have_drifted() -> None:
    both = deployment(images={"search": (OLD, NEW), "cron": (OLD, NEW)})
    seen = snapshot(images={"search": in_ecr(tagged=NEW), "cron": in_ecr(tagged=OTHER)}, services={})
    assert drifted(both, seen) == ("cron",)


def test_what_must_run_are_the_seen_images_or_a_child_of_their_index() -> None:
    seen = snapshot(images={"search": in_ecr(NEW, tagged=NEW, children=[OTHER])}, services={})
    (one,) = expected_of(PROJECT, PROJECT.environment("stage"), {"search": NEW, "cron": NEW}, seen).values()
    assert (one.image, one.digests) == ("uk.ac.wellcome/search:env.stage", frozenset({NEW, OTHER}))


def test_where_ecr_has_another_image_only_the_digest_itself_counts() -> None:
    seen = snapshot(images={"search": in_ecr(OLD, tagged=OLD, children=[OTHER])}, services={})
    (one,) = expected_of(PROJECT, PROJECT.environment("stage"), {"search": NEW}, seen).values()
    assert one.digests == frozenset({NEW})


def test_a_deployment_that_was_cut_off_succeeded_if_a_child_of_its_index_runs() -> None:
    seen = snapshot(
        images={"search": in_ecr(NEW, tagged=NEW, children=[OTHER])}, services={"search-api": up(OTHER)}
    )
    assert cut_off(deployment(outcome()), PROJECT, seen) is DeploymentStatus.SUCCEEDED
