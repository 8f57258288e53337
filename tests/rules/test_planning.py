"""What deploying a release would do: each action and its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.plans import STILL, TO_MOVE, only, planned, seeing
from tests.rules.states import (
    BEFORE,
    CHILD,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    container,
    in_ecr,
    key,
    noted,
    primary,
    project,
    release,
    resolving,
    service,
    snapshot,
    task,
    up,
    view,
)
from weco_deploy.model.environment import AppliedImage, EnvironmentRecord, KnownService
from weco_deploy.model.plan import Action, Snapshot
from weco_deploy.model.service import ServiceView

# Images


def test_a_tag_moves_from_where_it_points_to_the_release() -> None:
    made = planned(seeing(up(OLD)))
    (image,) = made.images
    assert (image.repository, image.tag) == ("uk.ac.wellcome/search", "env.stage")
    assert (image.from_digest, image.manifest.digest, image.to_ref) == (OLD, NEW, "ref.search")
    assert made.moves == (image,)
    assert made.changes


def test_a_tag_that_points_there_already_does_not_move() -> None:
    made = planned(seeing(up(NEW), {"search": in_ecr(NEW, tagged=NEW)}))
    assert (made.moves, made.redeploys, made.changes) == ((), (), False)


def test_a_tag_that_does_not_exist_yet_is_made() -> None:
    (image,) = planned(seeing(up(OLD), {"search": in_ecr(NEW, tagged=None)})).moves
    assert image.from_digest is None


@pytest.mark.parametrize(("recorded", "expected"), [(OLD, "ref.before"), (OTHER, None)])
def test_the_commit_it_points_at_is_known_if_we_put_it_there(recorded: str, expected: str | None) -> None:
    seen = snapshot(
        images=TO_MOVE,
        services={"search-api": up(OLD)},
        applied={"search": AppliedImage(release_id="rel-1", digest=recorded, ref="ref.before")},
    )
    (image,) = planned(seen).images
    assert image.from_ref == expected


def test_a_plan_stands_on_the_fence_that_was_seen() -> None:
    seen = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, fence=41)
    assert planned(seen).fence == 41


# What happens to a service, and why


ROLLING = view(service(running=2, deployments=[primary(running=1), active(running=1)]), [])
DECIDED: dict[str, tuple[ServiceView, Action, str]] = {
    "its tasks run the release": (up(NEW, NEW), Action.LEAVE, "its tasks run the release"),
    "its tasks run another image": (up(OLD, OLD), Action.REDEPLOY, "runs sha256:6f6c64000000 of search"),
    "one of its tasks runs another": (up(NEW, OLD), Action.REDEPLOY, "runs sha256:6f6c64000000 of search"),
    "nothing tells": (up(None), Action.REDEPLOY, "nothing tells what it runs"),
    "its rollout to the release goes on": (
        replace(ROLLING, tasks=(task("t1"), task("t0", of=BEFORE, digest=OLD))),
        Action.ADOPT,
        "its tasks run the release, and that rollout is under way",
    ),
    "its rollout to another image goes on": (
        replace(ROLLING, tasks=(task("t1", digest=OTHER), task("t0", of=BEFORE))),
        Action.REDEPLOY,
        "runs sha256:6f7468657200 of search",
    ),
    "its rollout goes on and tells nothing": (ROLLING, Action.REDEPLOY, "nothing tells what it runs"),
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
    "no task runs and nothing tells": (
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


@pytest.mark.parametrize(("seen", "action", "why"), DECIDED.values(), ids=DECIDED.keys())
def test_a_service_is_redeployed_or_not_because(seen: ServiceView, action: Action, why: str) -> None:
    decided = only(planned(seeing(seen)))
    assert (decided.action, decided.why) == (action, why)


@pytest.mark.parametrize("tagged", [OLD, NEW, None])
def test_what_runs_decides_and_not_whether_the_tag_moves(tagged: str | None) -> None:
    images = {"search": in_ecr(NEW, tagged=tagged)}
    assert only(planned(seeing(up(OLD), images))).action is Action.REDEPLOY
    assert only(planned(seeing(up(NEW), images))).action is Action.LEAVE


def test_tasks_may_run_a_child_of_the_releases_index() -> None:
    images = {"search": in_ecr(NEW, tagged=OLD, children=[CHILD])}
    assert only(planned(seeing(up(CHILD, NEW), images))).action is Action.LEAVE


@pytest.mark.parametrize(
    ("resolved", "recorded", "action", "why"),
    [
        (NEW, OLD, Action.LEAVE, "its deployment resolved to the release"),
        (OLD, NEW, Action.REDEPLOY, "its deployment resolved search to sha256:6f6c64000000"),
        (None, NEW, Action.LEAVE, "recorded as deployed with the release"),
        (None, OLD, Action.REDEPLOY, "recorded as deployed with another release"),
    ],
)
def test_of_a_service_without_tasks_its_revision_tells_before_our_record(
    resolved: str | None, recorded: str, action: Action, why: str
) -> None:
    seen = snapshot(
        images=TO_MOVE,
        services={"search-api": view(service(desired=0, deployments=[STILL]), ())},
        resolved={"search-api": [resolving(resolved)]},
        known=[noted(search=recorded)],
    )
    decided = only(planned(seen))
    assert (decided.action, decided.why) == (action, why)


@pytest.mark.parametrize(
    ("going", "action"), [(OURS, Action.ADOPT), (LATER, Action.REDEPLOY)], ids=["ours", "somebody else's"]
)
def test_a_rollout_that_we_noted_is_adopted_before_its_first_task_runs(going: str, action: Action) -> None:
    seen = snapshot(
        images=TO_MOVE,
        services={
            "search-api": view(
                service(running=2, deployments=[primary(going, running=0), active(running=2)]),
                [task("t0", of=BEFORE, digest=OLD)] * 2,
            )
        },
        known=[noted(ecs_deployment_id=OURS)],
    )
    assert only(planned(seen)).action is action


def test_the_plan_says_which_ecs_deployment_it_saw() -> None:
    decided = only(planned(seeing(up(OLD, of=BEFORE))))
    assert decided.ecs_deployment_id == BEFORE
    assert (decided.service_id, decided.key, decided.images) == (
        "search-api",
        key("search-api"),
        ("search",),
    )
    assert (decided.desired, decided.breaker, decided.related) == (1, True, True)


@pytest.mark.parametrize("seen", [up(NEW), replace(ROLLING, tasks=(task("t1"),))])
def test_force_redeploys_what_would_be_left_or_adopted(seen: ServiceView) -> None:
    before = only(planned(seeing(seen)))
    forced = only(planned(seeing(seen), force=True))
    assert before.action is not Action.REDEPLOY
    assert (forced.action, forced.why) == (Action.REDEPLOY, f"forced ({before.why})")


def test_force_leaves_the_reason_of_what_is_redeployed_anyway() -> None:
    assert only(planned(seeing(up(OLD)), force=True)) == only(planned(seeing(up(OLD))))


# Several images, several services


FOUR = ("api", "nginx", "worker", "cron")


def shared(*wrong: str) -> Snapshot:
    """Four images in one service that runs the release but for these."""
    containers = [
        container(OLD if one in wrong else NEW, image=f"uk.ac.wellcome/{one}:env.stage", name=one)
        for one in FOUR
    ]
    return snapshot(
        images={one: in_ecr(NEW, tagged=OLD) for one in FOUR},
        services={
            "all": view(service("all", running=1, deployments=[STILL]), [task("t", containers=containers)])
        },
    )


SHARING = project(**{one: ["all"] for one in FOUR})
ALL_FOUR = release(api=NEW, nginx=NEW, worker=NEW, cron=NEW)


def test_a_service_of_four_images_is_redeployed_once() -> None:
    made = planned(shared("worker", "cron"), of=SHARING, what=ALL_FOUR)
    assert len(made.moves) == 4
    assert only(made).images == FOUR
    assert only(made).action is Action.REDEPLOY
    assert only(made).why == "runs sha256:6f6c64000000 of worker"


def test_a_service_of_four_images_is_left_if_it_runs_all_of_them() -> None:
    assert only(planned(shared(), of=SHARING, what=ALL_FOUR)).action is Action.LEAVE


def test_a_partial_release_asks_only_for_the_images_it_has() -> None:
    partial = release(api=NEW, nginx=None, worker=NEW)
    made = planned(shared("nginx", "cron"), of=SHARING, what=partial)
    assert [image.image_id for image in made.images] == ["api", "worker"]
    assert only(made).images == ("api", "worker")
    assert only(made).action is Action.LEAVE
    assert made.warnings == ("the release has no version of nginx, cron: left as they are",)


def test_services_of_images_that_a_partial_release_lacks_are_not_touched() -> None:
    both = project(search=["search-api"], items=["items-api"])
    seen = snapshot(
        images=TO_MOVE,
        services={"search-api": up(NEW), "items-api": up(OLD, name="items-api", image="items")},
    )
    assert [one.service_id for one in planned(seen, of=both).services] == ["search-api"]


def test_images_and_services_come_in_the_projects_order() -> None:
    both = project(b=["sb"], a=["sa"])
    seen = snapshot(
        images={"a": in_ecr(), "b": in_ecr()},
        services={"sa": up(NEW, name="sa", image="a"), "sb": up(NEW, name="sb", image="b")},
    )
    made = planned(seen, of=both, what=release(a=NEW, b=NEW))
    assert [image.image_id for image in made.images] == ["b", "a"]
    assert [one.service_id for one in made.services] == ["sb", "sa"]


def test_an_image_without_services_is_moved_all_the_same() -> None:
    made = planned(snapshot(images=TO_MOVE, services={}), of=project(search=[]))
    assert (len(made.moves), made.services, made.warnings, made.changes) == (1, (), (), True)


# What failed before


def knowing(service: KnownService) -> EnvironmentRecord:
    return EnvironmentRecord(environment="stage", services={service.service_id: service})


def test_what_failed_in_the_deployment_before_is_redeployed_though_it_runs_the_release_at_this_moment() -> (
    None
):
    failed = replace(noted(), failed=True)
    service = only(planned(replace(seeing(up(NEW)), record=knowing(failed))))
    assert (service.action, service.why) == (
        Action.REDEPLOY,
        "its rollout failed in the deployment before",
    )


def test_what_failed_before_another_deployment_of_somebody_elses_is_left_as_it_is() -> None:
    failed = replace(noted(ecs_deployment_id=BEFORE), failed=True)
    assert only(planned(replace(seeing(up(NEW)), record=knowing(failed)))).action is Action.LEAVE
