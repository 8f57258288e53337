"""Whether a service is redeployed, watched or left alone, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.plans import STILL, TO_MOVE, observing, only, planned
from tests.rules.snapshots import in_ecr, noted, snapshot
from tests.rules.states import (
    BEFORE,
    CHILD,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    key,
    primary,
    resolving,
    service,
    task,
    up,
    view,
)
from weco_deploy.model.environment import EnvironmentRecord, KnownService
from weco_deploy.model.plan import Action
from weco_deploy.model.service import ServiceView

IN_PROGRESS = view(service(running=2, deployments=[primary(running=1), active(running=1)]), [])
DECISIONS: dict[str, tuple[ServiceView, Action, str]] = {
    "its tasks run the release": (up(NEW, NEW), Action.LEAVE, "its tasks run the release"),
    "its tasks run another image": (up(OLD, OLD), Action.REDEPLOY, "runs sha256:6f6c64000000 of search"),
    "one of its tasks runs another": (up(NEW, OLD), Action.REDEPLOY, "runs sha256:6f6c64000000 of search"),
    "its tasks report no digest": (up(None), Action.REDEPLOY, "nothing tells what it runs"),
    "its rollout to the release is in progress": (
        replace(IN_PROGRESS, tasks=(task("t1"), task("t0", of=BEFORE, digest=OLD))),
        Action.ADOPT,
        "its tasks run the release, and that rollout is under way",
    ),
    "its rollout to another image is in progress": (
        replace(IN_PROGRESS, tasks=(task("t1", digest=OTHER), task("t0", of=BEFORE))),
        Action.REDEPLOY,
        "runs sha256:6f7468657200 of search",
    ),
    "its rollout goes on and tells nothing": (IN_PROGRESS, Action.REDEPLOY, "nothing tells what it runs"),
    "its rollout failed": (
        view(service(desired=2, running=1, deployments=[primary(state="FAILED")]), [task("t1")]),
        Action.REDEPLOY,
        "its last rollout failed",
    ),
    "complete, but tasks are missing": (
        view(service(desired=2, running=1, deployments=[STILL]), [task("t1")]),
        Action.ADOPT,
        "its tasks run the release, with 1 of 2 tasks running",
    ),
    "complete, but a task was not described": (
        view(service(running=2, deployments=[STILL]), [task("t1")]),
        Action.ADOPT,
        "its tasks run the release, as far as they were listed",
    ),
    "complete, but old tasks still run": (
        view(
            service(running=2, deployments=[STILL, active(running=1)]),
            [task("t1"), task("t0", of=BEFORE, digest=OLD)],
        ),
        Action.ADOPT,
        "its tasks run the release, and that rollout is under way",
    ),
    "no task runs and there is no other evidence": (
        view(service(desired=0, deployments=[STILL]), ()),
        Action.REDEPLOY,
        "no task runs",
    ),
    "it has no primary deployment": (
        view(service(desired=1), ()),
        Action.REDEPLOY,
        "it has no primary deployment",
    ),
}


@pytest.mark.parametrize(("observed", "action", "why"), DECISIONS.values(), ids=DECISIONS.keys())
def test_service_action_by_what_it_runs(observed: ServiceView, action: Action, why: str) -> None:
    decided = only(planned(observing(observed)))
    assert (decided.action, decided.why) == (action, why)


@pytest.mark.parametrize("tagged", [OLD, NEW, None])
def test_service_action_does_not_depend_on_whether_the_tag_moves(tagged: str | None) -> None:
    images = {"search": in_ecr(NEW, tagged=tagged)}
    assert only(planned(observing(up(OLD), images))).action is Action.REDEPLOY
    assert only(planned(observing(up(NEW), images))).action is Action.LEAVE


def test_service_that_runs_a_child_of_the_index_is_left_alone() -> None:
    images = {"search": in_ecr(NEW, tagged=OLD, children=[CHILD])}
    assert only(planned(observing(up(CHILD, NEW), images))).action is Action.LEAVE


@pytest.mark.parametrize(
    ("resolved", "recorded", "action", "why"),
    [
        (NEW, OLD, Action.LEAVE, "its deployment resolved to the release"),
        (OLD, NEW, Action.REDEPLOY, "its deployment resolved search to sha256:6f6c64000000"),
        (None, NEW, Action.LEAVE, "recorded as deployed with the release"),
        (None, OLD, Action.REDEPLOY, "recorded as deployed with another release"),
    ],
)
def test_service_without_tasks_is_judged_by_its_revision_before_our_record(
    resolved: str | None, recorded: str, action: Action, why: str
) -> None:
    observed = snapshot(
        images=TO_MOVE,
        services={"search-api": view(service(desired=0, deployments=[STILL]), ())},
        resolved={"search-api": [resolving(resolved)]},
        known=[noted(search=recorded)],
    )
    decided = only(planned(observed))
    assert (decided.action, decided.why) == (action, why)


@pytest.mark.parametrize(
    ("newest", "action"), [(OURS, Action.ADOPT), (LATER, Action.REDEPLOY)], ids=["ours", "somebody else's"]
)
def test_rollout_that_we_recorded_is_adopted_before_its_first_task_runs(newest: str, action: Action) -> None:
    observed = snapshot(
        images=TO_MOVE,
        services={
            "search-api": view(
                service(running=2, deployments=[primary(newest, running=0), active(running=2)]),
                [task("t0", of=BEFORE, digest=OLD)] * 2,
            )
        },
        known=[noted(ecs_deployment_id=OURS)],
    )
    assert only(planned(observed)).action is action


def test_planned_service_has_its_primary_ecs_deployment() -> None:
    decided = only(planned(observing(up(OLD, of=BEFORE))))
    assert decided.ecs_deployment_id == BEFORE
    assert (decided.service_id, decided.key, decided.images) == (
        "search-api",
        key("search-api"),
        ("search",),
    )
    assert (decided.desired, decided.breaker) == (1, True)


@pytest.mark.parametrize("observed", [up(NEW), replace(IN_PROGRESS, tasks=(task("t1"),))])
def test_force_redeploys_services_that_would_be_left_or_adopted(observed: ServiceView) -> None:
    before = only(planned(observing(observed)))
    forced = only(planned(observing(observed), force=True))
    assert before.action is not Action.REDEPLOY
    assert (forced.action, forced.why) == (Action.REDEPLOY, f"forced ({before.why})")


def test_force_keeps_the_reason_of_services_that_are_redeployed_anyway() -> None:
    assert only(planned(observing(up(OLD)), force=True)) == only(planned(observing(up(OLD))))


# Services that failed in the previous deployment


def knowing(service: KnownService) -> EnvironmentRecord:
    return EnvironmentRecord(environment="stage", services={service.service_id: service})


def test_service_that_failed_before_is_redeployed_although_it_runs_the_release_now() -> None:
    failed = replace(noted(), failed=True)
    service = only(planned(replace(observing(up(NEW)), record=knowing(failed))))
    assert (service.action, service.why) == (
        Action.REDEPLOY,
        "its rollout failed in the deployment before",
    )


def test_service_that_failed_before_is_left_if_another_ecs_deployment_is_primary_now() -> None:
    failed = replace(noted(ecs_deployment_id=BEFORE), failed=True)
    assert only(planned(replace(observing(up(NEW)), record=knowing(failed)))).action is Action.LEAVE


def test_running_service_that_only_our_record_knows_is_watched() -> None:
    observed = snapshot(
        images=TO_MOVE,
        services={"search-api": up(None, of=STILL.id)},
        known=[noted(search=NEW)],
    )
    decided = only(planned(observed))
    assert decided.action is Action.ADOPT
    assert decided.why == "recorded as deployed with the release, but nothing tells what it runs"
