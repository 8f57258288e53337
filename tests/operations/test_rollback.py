"""Going back: to what was good, then further back, never forward again."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    Told,
    confirm_deploy,
    deploy_release,
    deployments,
    recorded,
    release,
    release_deploy,
    rollback,
)
from tests.world import Behaviour, Call, Killed, World, crash, slow
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy import operations
from weco_deploy.errors import AwsError, NotFound, PlanRefused
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import DeployedRelease
from weco_deploy.model.events import Notice
from weco_deploy.model.kind import Kind
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import Release
from weco_deploy.operations.rollback import REACH, as_it_was
from weco_deploy.operations.show_deployment import show
from weco_deploy.pipeline.observe import HISTORY
from weco_deploy.report.next_steps import next_steps

TWO = project({"search": ["search-api"], "items": ["items-api"]})


def three_releases() -> tuple[World, list[str], list[str]]:
    """A world with three releases deployed to stage one after the other; their digests and ids."""
    world = World.of(ONE_AND_ONE)
    digests, ids = [], []
    for _ in range(3):
        world.pass_time(1)
        digests.append(world.push("search"))
        ids.append(release_deploy(world).release_id)
    world.pass_time(1)
    return world, digests, ids


def test_it_skips_a_release_that_never_ran_there() -> None:
    world = World.of(ONE_AND_ONE)
    worked = world.push("search")
    world.pass_time(1)
    ran = release_deploy(world)
    world.scale("search-api", "stage", 0)
    world.push("search", crash())
    world.pass_time(60)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED, "nothing runs"
    world.scale("search-api", "stage", 1)
    world.push("search")
    world.pass_time(60)
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    world.pass_time(60)

    back = rollback(world)

    assert (back.release_id, back.status) == (ran.release_id, DeploymentStatus.SUCCEEDED)
    assert world.running("search-api", "stage") == {worked}


def test_where_no_release_ever_ran_it_goes_to_the_one_before() -> None:
    world = World.of(ONE_AND_ONE, desired=0)
    ids = []
    for _ in range(2):
        world.push("search")
        world.pass_time(1)
        ids.append(release_deploy(world).release_id)

    assert rollback(world).release_id == ids[0]


def test_it_goes_to_the_release_before_and_then_further_back_never_forward_again() -> None:
    world, digests, ids = three_releases()

    first = rollback(world)
    assert (first.release_id, first.kind, first.status) == (ids[1], Kind.ROLLBACK, DeploymentStatus.SUCCEEDED)
    assert world.running("search-api", "stage") == {digests[1]}
    second = rollback(world)
    assert second.release_id == ids[0]
    assert world.running("search-api", "stage") == {digests[0]}
    with pytest.raises(NotFound, match="no earlier release"):
        rollback(world)


def test_a_release_that_was_deployed_twice_is_no_way_forward() -> None:
    world, _, ids = three_releases()
    a, b, c = ids
    deploy_release(world, a)
    world.pass_time(1)
    deploy_release(world, c)

    # What was deployed: a b c a c.
    gone_to = []
    for _ in range(4):
        world.pass_time(1)
        gone_to.append(rollback(world).release_id)

    assert gone_to == [a, c, b, a]
    with pytest.raises(NotFound):
        rollback(world)


def limits_read(world: World, before: int) -> set[str]:
    """How many deployments were asked for since the world's call of that number, without those of the plan."""
    calls = (call for call in world.calls[before:] if call.name == "store.deployments")
    return {call.about[-1] for call in calls} - {f"limit={HISTORY}"}


def test_few_deployments_of_a_long_history_are_read_where_they_tell_the_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations.rollback, "FIRST_REACH", 2)
    world, _, ids = three_releases()
    before = len(world.calls)

    assert rollback(world).release_id == ids[1]
    assert limits_read(world, before) == {"limit=2"}


def test_more_deployments_are_read_where_the_first_ones_tell_no_target(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations.rollback, "FIRST_REACH", 2)
    world, _, ids = three_releases()
    for _ in range(2):
        deploy_release(world, ids[2])
        world.pass_time(1)
    before = len(world.calls)

    assert rollback(world).release_id == ids[1]
    assert limits_read(world, before) == {"limit=2", f"limit={REACH}"}


def test_after_a_failure_it_goes_to_what_was_good() -> None:
    world, digests, ids = three_releases()
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)

    deployment = rollback(world)

    assert deployment.release_id == ids[2]
    assert world.tag("search", "env.stage") == digests[2]


def test_a_release_that_failed_in_between_is_passed_over() -> None:
    world, _, ids = three_releases()
    world.push("search", crash())
    release_deploy(world)
    world.pass_time(1)
    deploy_release(world, ids[2])
    world.pass_time(1)

    assert rollback(world).release_id == ids[1]


# A rollback that did not succeed.


def slow_then_quick(of: Project = ONE_AND_ONE) -> tuple[World, str, str]:
    """A world with two releases deployed to stage, of which the first one takes its time; their ids."""
    world = World.of(of)
    world.push("search", slow(300))
    first = release_deploy(world).release_id
    world.pass_time(1)
    world.push("search")
    second = release_deploy(world).release_id
    world.pass_time(1)
    return world, first, second


def test_a_rollback_that_took_too_long_is_gone_on_with_by_the_same_words_which_say_so() -> None:
    world, first, _ = slow_then_quick()
    late = rollback(world, wait=60.0)
    assert (late.release_id, late.status) == (first, DeploymentStatus.TIMED_OUT)
    world.pass_time(1)
    told = Told()

    again = rollback(world, told=told)

    assert (again.release_id, again.status) == (first, DeploymentStatus.SUCCEEDED)
    (said,) = told.said
    assert f"the last rollback of stage ({late.deployment_id}) timed out" in said
    assert f"going to its release again, {first}" in said
    assert "--to-release" in said


def test_a_rollback_that_failed_is_tried_again_by_the_same_words() -> None:
    world, first, _ = slow_then_quick()
    world.fail("registry.point", AwsError("ecr:PutImage", "no"))
    assert rollback(world).status is DeploymentStatus.FAILED
    world.pass_time(1)

    assert rollback(world).release_id == first


def test_a_rollback_that_was_interrupted_or_killed_is_gone_on_with_by_the_same_words() -> None:
    world, first, _ = slow_then_quick()
    world.signal_at(60)
    assert rollback(world).status is DeploymentStatus.INTERRUPTED
    world.pass_time(1)
    world.cut_after(1, "store.claim")
    with pytest.raises(Killed):
        rollback(world)
    world.pass_time(1)

    again = rollback(world, wait_for_lock=400.0)

    assert (again.release_id, again.status) == (first, DeploymentStatus.SUCCEEDED)


def test_another_release_than_that_of_a_rollback_that_failed_can_be_named() -> None:
    world, _, second = slow_then_quick()
    rollback(world, wait=60.0)
    world.pass_time(1)
    told = Told()

    assert rollback(world, to_release=second, told=told).release_id == second
    assert told.said == []


def test_a_rollback_that_succeeds_says_nothing_of_earlier_ones() -> None:
    world, _, _ = three_releases()
    told = Told()
    rollback(world, told=told)
    world.pass_time(1)
    rollback(world, told=told)

    assert told.said == []


def test_after_a_rollback_that_succeeded_in_the_end_the_next_one_goes_further_back() -> None:
    world, _, ids = three_releases()
    world.fail("registry.point", AwsError("ecr:PutImage", "no"))
    rollback(world)
    world.pass_time(1)
    assert rollback(world).release_id == ids[1]
    world.pass_time(1)

    assert rollback(world).release_id == ids[0]


def test_the_project_file_s_on_failure_does_not_undo_a_rollback() -> None:
    stage = Environment(id="stage", name="Stage", on_failure="rollback")
    world, first, _ = slow_then_quick(project({"search": ["search-api"]}, environments=[stage]))

    late = rollback(world, wait=60.0)

    assert (late.release_id, late.status, late.rollback) == (first, DeploymentStatus.TIMED_OUT, None)


def test_a_rollback_is_undone_if_its_own_command_wants_that() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", Behaviour(start=30, failing_starts=1))
    first = release_deploy(world).release_id
    world.pass_time(1)
    world.push("search")
    second = release_deploy(world).release_id
    world.pass_time(1)

    late = rollback(world, wait=45.0, rollback_on_failure=True)

    assert (late.release_id, late.status) == (first, DeploymentStatus.ROLLED_BACK)
    assert late.rollback is not None
    assert late.rollback.release_id == second


def test_where_a_rollback_failed_it_is_said_that_another_release_has_to_be_named() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    bad = release(world.ports(), save=True)
    world.push("search")
    release_deploy(world)
    world.pass_time(1)

    failed = rollback(world, to_release=bad.release_id)

    assert failed.status is DeploymentStatus.FAILED
    assert failed.reason.endswith("; `rollback --to-release` moves it back")


# Named, gone, or nothing there.


def test_a_release_that_is_named_is_gone_to_and_the_next_rollback_goes_further_back_from_there() -> None:
    world, digests, ids = three_releases()

    assert rollback(world, to_release=ids[1][:8]).release_id == ids[1]
    assert world.running("search-api", "stage") == {digests[1]}
    world.pass_time(1)
    assert rollback(world).release_id == ids[0]


def test_going_back_from_a_release_that_was_never_deployed_goes_past_what_it_replaced() -> None:
    world, _, ids = three_releases()
    world.push("search")
    elsewhere = release_deploy(world, "prod").release_id
    world.pass_time(1)
    rollback(world, to_release=elsewhere)
    world.pass_time(1)

    assert rollback(world).release_id == ids[1]


def test_a_release_whose_image_is_gone_from_ecr_fails_in_the_plan_which_names_it() -> None:
    world, digests, _ = three_releases()
    world.expire("search", digests[1])
    before = len(deployments(world))

    with pytest.raises(PlanRefused, match=r"search: ref\.\w+ is not in"):
        rollback(world)

    assert world.running("search-api", "stage") == {digests[2]}
    assert len(deployments(world)) == before


def test_where_nothing_was_deployed_there_is_nothing_to_go_back_to() -> None:
    with pytest.raises(NotFound, match="no earlier release to go back to in stage"):
        rollback(World.of(ONE_AND_ONE))


def test_the_only_release_has_none_before_it() -> None:
    world = World.of(ONE_AND_ONE)
    release_deploy(world)

    with pytest.raises(NotFound):
        rollback(world)


def test_what_is_so_new_that_the_index_lacks_it_is_not_taken_for_the_one_before() -> None:
    world, _, ids = three_releases()
    table = world.tables[world.project.release_table]
    hidden = recorded(world).current
    assert hidden is not None
    newest = table.deployments[hidden.deployment_id]

    def hide(_: Call) -> None:
        del table.deployments[hidden.deployment_id]

    world.before("store.deployments", hide)
    world.after("store.deployments", lambda _: table.keep(newest))

    assert rollback(world).release_id == ids[1]


def partial_release(world: World, image_id: str) -> str:
    """Deploys a release that has a new version of this image alone: the others lack the label."""
    digest = world.push(image_id)
    world.point(image_id, "only", digest)
    release_deploy(world, label="only")
    world.untag(image_id, "only")
    world.pass_time(1)
    return digest


def test_a_mixed_environment_goes_back_to_all_that_ran_before() -> None:
    world = World.of(TWO)
    release_deploy(world)
    world.pass_time(1)
    search = partial_release(world, "search")
    items = partial_release(world, "items")
    last_items = partial_release(world, "items")
    assert world.running("items-api", "stage") == {last_items}

    deployment = rollback(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("items-api", "stage") == {items}
    assert world.running("search-api", "stage") == {search}


def test_a_mixed_environment_goes_back_one_release_at_a_time() -> None:
    world = World.of(TWO)
    release_deploy(world)
    first = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    world.pass_time(1)
    search = partial_release(world, "search")
    partial_release(world, "items")

    rollback(world)
    assert world.running("search-api", "stage") == {search}
    assert world.running("items-api", "stage") == {first["items"]}
    world.pass_time(1)
    rollback(world)
    assert world.running("search-api", "stage") == {first["search"]}
    assert world.running("items-api", "stage") == {first["items"]}
    with pytest.raises(NotFound):
        rollback(world)


def test_no_release_is_made_for_images_that_did_not_change_since() -> None:
    world = World.of(TWO)
    release_deploy(world)
    world.pass_time(1)
    partial_release(world, "search")
    partial = deployments(world)[0]
    world.push("search")
    world.point("items", "latest", str(world.tag("items", "env.stage")))
    release_deploy(world)
    world.pass_time(1)

    assert rollback(world).release_id == partial.release_id


def test_after_a_failure_a_partial_good_release_comes_back_with_what_ran_beside_it() -> None:
    world = World.of(TWO)
    release_deploy(world)
    items = world.tag("items", "env.stage")
    world.pass_time(1)
    search = partial_release(world, "search")
    world.push("search")
    world.push("items", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)

    deployment = rollback(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.tag("items", "env.stage") == items
    assert world.tag("search", "env.stage") == search
    record = recorded(world)
    assert record.good is not None
    assert record.good.release_id == deployment.release_id


def test_an_image_that_failed_before_the_release_gone_back_to_is_not_brought_back() -> None:
    world = World.of(TWO)
    release_deploy(world)
    good = world.tag("search", "env.stage")
    world.pass_time(1)
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)
    items = partial_release(world, "items")
    partial_release(world, "search")

    deployment = rollback(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.running("items-api", "stage") == {items}
    assert world.running("search-api", "stage") == {good}


def test_after_a_first_deployment_that_fails_it_goes_to_what_5x_deployed_last() -> None:
    world = World.of(ONE_AND_ONE)
    old = release(world.ports(), save=True)
    digest = world.tag("search", "env.stage")
    deployed_by_5x(world, old)
    world.pass_time(1)
    world.push("search", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)

    back = rollback(world)

    assert (back.status, back.release_id) == (DeploymentStatus.SUCCEEDED, old.release_id)
    assert world.tag("search", "env.stage") == digest
    assert {digest} == world.running("search-api", "stage")


def deployed_by_5x(world: World, old: Release) -> None:
    """As if 5.x had deployed it: it kept no verdict."""
    was = Deployment(
        deployment_id=world.new_id(),
        release_id=old.release_id,
        project_id=old.project_id,
        environment="stage",
        status=DeploymentStatus.UNVERIFIED,
        date_created=world.now(),
        requested_by="ada",
        description="",
    )
    world.tables[world.project.release_table].legacy[was.deployment_id] = was


def test_rollback_to_a_release_that_is_not_recorded_any_more_is_refused() -> None:
    world, _, ids = three_releases()
    del world.tables[world.project.release_table].releases[ids[1]]

    with pytest.raises(
        NotFound, match=f"release {ids[1]}, which would be gone back to, is not recorded any more"
    ):
        rollback(world)


def test_rollback_to_a_deployment_that_is_not_recorded_any_more_deploys_its_release() -> None:
    world, _, ids = three_releases()
    deployments = world.ports().store.deployments(["stage"], 10)
    table = world.tables[world.project.release_table]
    target = DeployedRelease.of(deployments[1])
    del table.deployments[target.deployment_id]

    found, new = as_it_was(target, deployments, world.ports())

    assert (found.release_id, new) == (ids[1], False)


# Nothing ever succeeded: what the tags pointed at before comes back.


def failed_twice(*untagged: str) -> tuple[World, dict[str, str | None], Deployment]:
    """A world in which no deployment to stage has succeeded; what its tags pointed at before, and the last deployment.

    The tags of the images in `untagged` did not exist before.
    """
    world = World.of(TWO)
    for image_id in untagged:
        world.untag(image_id, "env.stage")
    before = {image_id: world.tag(image_id, "env.stage") for image_id in ("search", "items")}
    failed = [_failed_again(world) for _ in range(2)]
    return world, before, failed[-1]


def _failed_again(world: World) -> Deployment:
    world.push("search", crash())
    world.push("items", crash())
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.FAILED
    world.pass_time(1)
    return deployment


def test_after_failures_only_it_restores_what_the_tags_pointed_at_before_and_says_so() -> None:
    world, before, failed = failed_twice()
    told = Told()

    deployment = rollback(world, told=told)

    assert (deployment.kind, deployment.status) == (Kind.ROLLBACK, DeploymentStatus.SUCCEEDED)
    assert {image_id: world.tag(image_id, "env.stage") for image_id in before} == before
    assert world.running("search-api", "stage") == {before["search"]}
    assert failed.can_roll_back
    (said,) = told.said
    assert said.startswith(
        "no deployment to stage has succeeded: going back to what its tags pointed at before "
    )


def test_tag_that_did_not_exist_before_stays_and_that_is_said() -> None:
    world, before, _ = failed_twice("items")
    left = world.tag("items", "env.stage")
    told = Told()

    rollback(world, told=told)

    assert world.tag("search", "env.stage") == before["search"]
    assert world.tag("items", "env.stage") == left
    assert told.said[1].startswith("env.stage of items did not exist before, so it stays where it is")


def test_automatic_rollback_says_that_a_tag_stays_that_did_not_exist_before() -> None:
    world = World.of(TWO)
    world.untag("items", "env.stage")
    world.push("search", crash())
    told = Told()

    deployment = release_deploy(world, told=told, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert any(
        "env.stage of items did not exist before" in event.message
        for event in told.events
        if isinstance(event, Notice)
    )


def test_failed_deployment_does_not_suggest_a_rollback_where_there_is_nothing_to_go_back_to() -> None:
    world, _, failed = failed_twice("search", "items")

    with pytest.raises(NotFound, match="no earlier release to go back to in stage"):
        rollback(world)
    assert not failed.can_roll_back
    assert "still points at" in failed.reason
    assert "`rollback`" not in failed.reason
    assert not any(" rollback " in step.command for step in next_steps(failed))
    confirmed = confirm_deploy(world)
    assert not confirmed.can_roll_back
    assert not any(" rollback " in step.command for step in next_steps(confirmed))


@pytest.mark.parametrize("again", [False, True], ids=["its release", "its images"])
def test_last_good_release_that_fails_when_it_is_deployed_again_does_not_suggest_a_rollback_to_itself(
    *, again: bool
) -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    good = release_deploy(world)
    world.pass_time(60)
    world.spoil("search", crash())

    failed = (
        release_deploy(world, force_redeploy=True)
        if again
        else deploy_release(world, good.release_id, force_redeploy=True)
    )

    assert failed.status is DeploymentStatus.FAILED
    assert "still points at" in failed.reason
    assert "`rollback`" not in failed.reason
    assert not any(" rollback " in step.command for step in next_steps(failed))
    shown = show(world.ports(), None, "stage").deployment
    assert not any(" rollback " in step.command for step in next_steps(shown))
