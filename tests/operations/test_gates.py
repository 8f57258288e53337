"""Gates keep what never worked in one environment out of the next."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    deploy_release,
    deployments,
    promote,
    recorded,
    release,
    release_deploy,
    request,
    rollback,
)
from tests.world import Killed, World, crash, slow
from tests.world.projects import project
from weco_deploy.errors import GateClosed, PlanRefused
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.operations.deploy import plan
from weco_deploy.operations.gates import check_label

GATED = project(
    {"search": ["search-api"]},
    environments=["stage", Environment(id="prod", name="Prod", requires=("stage",))],
)
PAIR = project(
    {"web": ["web"], "api": ["api"]},
    environments=["stage", Environment(id="prod", name="Prod", requires=("stage",))],
)
TWICE_GATED = project(
    {"search": ["search-api"]},
    environments=["dev", "stage", Environment(id="prod", name="Prod", requires=("dev", "stage"))],
)
REASON = "stage is broken, the fix is urgent"


def test_a_release_that_never_succeeded_in_the_required_environment_is_refused() -> None:
    world = World.of(GATED)
    world.push("search")

    with pytest.raises(GateClosed, match="prod requires a release that succeeded in stage") as caught:
        release_deploy(world, "prod")

    assert "--override-gate" in caught.value.hint
    assert world.count("store.claim") == 0


def test_plan_has_the_closed_gate_beside_what_would_change() -> None:
    world = World.of(GATED)
    world.push("search")
    ports = world.ports()

    planned = plan(request(release(ports), "prod"), ports)

    (gate,) = planned.closed_gates
    assert gate.message == "the release may not go to prod yet:"
    assert "prod requires a release that succeeded in stage" in gate.reasons[0]
    assert gate.hint.startswith("deploy it to stage first; ")
    assert [image.image_id for image in planned.moves] == ["search"]


def test_plan_with_a_reason_has_no_closed_gate() -> None:
    world = World.of(GATED)
    world.push("search")
    ports = world.ports()

    assert plan(request(release(ports), "prod", override_gate=REASON), ports).closed_gates == ()


def test_plan_that_is_refused_says_that_the_gate_is_closed() -> None:
    world = World.of(GATED)
    world.push("search")
    ports = world.ports()
    chosen = release(ports)
    world.delete_service("search-api", "prod")

    with pytest.raises(GateClosed):
        plan(request(chosen, "prod"), ports)
    with pytest.raises(PlanRefused, match="search-api"):
        plan(request(chosen, "prod", override_gate=REASON), ports)


def test_a_release_that_succeeded_there_passes() -> None:
    world = World.of(GATED)
    digest = world.push("search")
    staged = release_deploy(world, "stage")

    assert deploy_release(world, staged.release_id, "prod").status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {digest}


@pytest.mark.parametrize(
    ("succeeded", "hint"),
    [
        (["dev"], "deploy it to stage first;"),
        (["stage"], "deploy it to dev first;"),
        ([], "deploy it to dev and stage first;"),
    ],
)
def test_the_hint_names_the_environments_that_are_still_to_do(succeeded: list[str], hint: str) -> None:
    world = World.of(TWICE_GATED)
    world.push("search")
    chosen = release(world.ports(), save=True)
    for environment in succeeded:
        deploy_release(world, chosen.release_id, environment)

    with pytest.raises(GateClosed) as caught:
        deploy_release(world, chosen.release_id, "prod")

    assert caught.value.hint.startswith(hint)
    for environment in ("dev", "stage"):
        assert (f"succeeded in {environment}" in caught.value.message) is (environment not in succeeded)


def test_a_release_that_succeeded_in_all_that_are_required_passes() -> None:
    world = World.of(TWICE_GATED)
    world.push("search")
    chosen = release(world.ports(), save=True)
    for environment in ("dev", "stage", "prod"):
        assert deploy_release(world, chosen.release_id, environment).status is DeploymentStatus.SUCCEEDED


def test_a_release_that_succeeded_there_long_ago_still_passes() -> None:
    world = World.of(GATED)
    world.push("search")
    old = release_deploy(world, "stage").release_id
    world.pass_time(1)
    world.push("search")
    release_deploy(world, "stage")

    assert deploy_release(world, old, "prod").status is DeploymentStatus.SUCCEEDED


def test_a_release_that_failed_there_is_refused() -> None:
    world = World.of(GATED)
    world.push("search", crash())
    failed = release_deploy(world, "stage")

    with pytest.raises(GateClosed):
        deploy_release(world, failed.release_id, "prod")


def test_a_release_that_was_rolled_back_there_is_refused_and_the_good_one_passes() -> None:
    world = World.of(GATED)
    world.push("search")
    good = release_deploy(world, "stage")
    world.pass_time(1)
    world.push("search", crash())
    failed = release_deploy(world, "stage", rollback_on_failure=True)
    assert failed.status is DeploymentStatus.ROLLED_BACK

    with pytest.raises(GateClosed):
        deploy_release(world, failed.release_id, "prod")
    assert deploy_release(world, good.release_id, "prod").status is DeploymentStatus.SUCCEEDED


def test_a_release_made_of_what_succeeded_there_passes_under_its_other_id() -> None:
    world = World.of(GATED)
    digest = world.push("search")
    release_deploy(world, "stage")
    world.push("search")

    assert release_deploy(world, "prod", "env.stage").status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {digest}


def test_a_release_made_of_what_failed_there_is_refused() -> None:
    world = World.of(GATED)
    world.push("search", crash())
    release_deploy(world, "stage")

    with pytest.raises(GateClosed):
        release_deploy(world, "prod", "env.stage")


def test_what_is_promoted_from_there_passes() -> None:
    world = World.of(GATED)
    world.push("search")
    release_deploy(world, "stage")

    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_a_reason_given_passes_and_is_recorded() -> None:
    world = World.of(GATED)
    world.push("search")

    deployment = release_deploy(world, "prod", override_gate=REASON)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployments(world, "prod")[0].gate_override == REASON


def test_no_reason_is_recorded_where_none_was_given() -> None:
    world = World.of(GATED)
    world.push("search")
    release_deploy(world, "stage")

    assert deployments(world, "stage")[0].gate_override is None


def test_a_rollback_to_what_ran_there_before_passes() -> None:
    world = World.of(GATED)
    first = world.push("search")
    release_deploy(world, "prod", override_gate=REASON)
    world.pass_time(1)
    world.push("search")
    release_deploy(world, "prod", override_gate=REASON)
    world.pass_time(1)

    assert rollback(world, "prod").status is DeploymentStatus.SUCCEEDED
    assert world.running("search-api", "prod") == {first}


def test_a_rollback_is_no_way_around_the_gate() -> None:
    world = World.of(GATED)
    world.push("search")
    release_deploy(world, "prod", override_gate=REASON)
    world.push("search")
    never_tried = release(world.ports(), save=True)

    with pytest.raises(GateClosed):
        rollback(world, "prod", to_release=never_tried.release_id)


def mixed_prod() -> World:
    """A world where prod ran a mix of releases that never were in stage, and then another full one."""
    world = World.of(PAIR)
    release_deploy(world, "prod", override_gate=REASON)
    world.pass_time(1)
    world.point("web", "only", world.push("web", slow(300)))
    release_deploy(world, "prod", "only", override_gate=REASON)
    world.pass_time(1)
    world.push("api")
    world.push("web")
    release_deploy(world, "prod", override_gate=REASON)
    world.pass_time(1)
    return world


def test_a_rollback_that_did_not_succeed_passes_again() -> None:
    world = mixed_prod()
    late = rollback(world, "prod", wait=60.0)
    assert late.status is DeploymentStatus.TIMED_OUT
    world.pass_time(1)

    again = rollback(world, "prod")

    assert (again.release_id, again.status) == (late.release_id, DeploymentStatus.SUCCEEDED)


def test_a_rollback_that_passed_for_a_reason_needs_one_again() -> None:
    world = mixed_prod()
    world.push("web", crash())
    never_tried = release(world.ports(), save=True).release_id
    failed = rollback(world, "prod", to_release=never_tried, override_gate=REASON)
    assert failed.status is DeploymentStatus.FAILED
    world.pass_time(1)

    with pytest.raises(GateClosed):
        rollback(world, "prod")


# An image that failed, and a partial release that succeeded since.


def web_crashed() -> World:
    """A world where the image of web crashed in stage, and then a release of api alone succeeded there."""
    world = World.of(PAIR)
    release_deploy(world)
    world.pass_time(1)
    world.push("web", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)
    alone(world, "api")
    return world


def alone(world: World, image_id: str) -> str:
    """Deploys to stage a release that has a new version of this image alone. Its digest."""
    digest = world.push(image_id)
    world.point(image_id, "only", digest)
    assert release_deploy(world, label="only").status is DeploymentStatus.SUCCEEDED
    world.untag(image_id, "only")
    world.pass_time(1)
    return digest


def test_a_partial_success_does_not_open_the_gate_for_an_image_that_failed_before() -> None:
    world = web_crashed()

    with pytest.raises(GateClosed, match="prod requires a release that succeeded in stage"):
        release_deploy(world, "prod", "env.stage")


def test_a_partial_success_opens_the_gate_for_its_own_images() -> None:
    world = web_crashed()
    api = world.tag("api", "env.stage")
    world.point("api", "staged", str(api))

    assert release_deploy(world, "prod", "staged").status is DeploymentStatus.SUCCEEDED
    assert world.running("api", "prod") == {api}


def test_an_image_that_worked_in_a_deployment_that_failed_passes_once_the_other_one_works() -> None:
    world = World.of(PAIR)
    web = world.push("web")
    world.push("api", crash())
    assert release_deploy(world).status is DeploymentStatus.FAILED
    world.pass_time(1)
    api = alone(world, "api")

    assert release_deploy(world, "prod", "env.stage").status is DeploymentStatus.SUCCEEDED
    assert world.running("web", "prod") == {web}
    assert world.running("api", "prod") == {api}


# Labels.


def refused(world: World, label: str = "env.stage") -> str:
    with pytest.raises(GateClosed) as caught:
        check_label(label, None, world.ports())
    return caught.value.message


def test_no_release_is_made_from_an_environment_that_is_being_deployed_to() -> None:
    world = World.of(GATED)
    world.push("search")
    messages: list[str] = []
    world.at(12, lambda: messages.append(refused(world)))

    release_deploy(world, "stage")

    assert "stage is being deployed to" in messages[0]
    check_label("env.stage", None, world.ports())


def test_no_release_is_made_from_an_environment_that_was_left_half_moved() -> None:
    world = World.of(GATED)
    world.push("search")
    world.cut_after(1, "registry.point")
    with pytest.raises(Killed):
        release_deploy(world, "stage")

    assert "stage is being deployed to" in refused(world)


def test_no_release_is_made_from_an_environment_whose_last_deployment_failed() -> None:
    world = World.of(GATED)
    world.push("search", crash())
    release_deploy(world, "stage")

    assert "the last deployment to stage failed (" in refused(world)


def test_no_release_is_made_from_an_environment_with_an_image_that_failed_before_a_partial_success() -> None:
    world = web_crashed()
    failed = recorded(world).images["web"].release_id

    assert (
        f"stage still has images that did not succeed there and were not deployed again since: web (release {failed})"
        in (refused(world))
    )


def test_no_release_is_made_from_an_environment_with_a_tag_whose_move_a_killed_run_could_not_note() -> None:
    world = World.of(PAIR)
    release_deploy(world)
    new = world.push("web")
    world.cut_after(1, "registry.point")
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(200)

    alone(world, "api")

    assert world.tag("web", "env.stage") == new
    assert (recorded(world).images["web"].digest, recorded(world).images["web"].worked) == (new, False)
    assert "web" in refused(world)


def test_one_is_made_once_that_image_was_replaced_by_one_that_works() -> None:
    world = web_crashed()
    alone(world, "web")

    check_label("env.stage", None, world.ports())


def test_an_image_that_left_the_project_holds_nothing_back() -> None:
    world = web_crashed()
    world.project = project({"api": ["api"]}, environments=PAIR.environments)

    check_label("env.stage", None, world.ports())


def test_with_a_reason_one_is_made_all_the_same() -> None:
    world = World.of(GATED)
    world.push("search", crash())
    release_deploy(world, "stage")

    check_label("env.stage", REASON, world.ports())


@pytest.mark.parametrize("label", ["latest", "ref.0123", "env.prod", "env.elsewhere", "stage"])
def test_other_labels_are_not_held_back(label: str) -> None:
    world = World.of(GATED)
    world.push("search", crash())
    release_deploy(world, "stage")

    check_label(label, None, world.ports())
