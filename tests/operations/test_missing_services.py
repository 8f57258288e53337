"""Deployments to environments in which services are missing, or use other images than the project file says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from tests.operations.runs import (
    confirm_deploy,
    deploy_release,
    deployments,
    promote,
    release,
    release_deploy,
    request,
    rollback,
    statuses,
    written,
)
from tests.world import Call, World, crash
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import AccessDenied, AwsError, GateClosed, PlanRefused, Throttled
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.left_out import Allowance
from weco_deploy.model.project import Environment, Project
from weco_deploy.operations.deploy import plan

TWO = project(images={"search": ["search-api"], "items": ["items-api"]})


def refused(world: World, *, allow_missing: bool = False) -> PlanRefused:
    """The refusal of a first release-deploy to stage, which changes nothing."""
    before = len(world.calls)
    with pytest.raises(PlanRefused) as error:
        release_deploy(world, allow_missing=allow_missing)
    ports = world.ports()
    asked = request(release(ports), allow_missing=allow_missing)
    with pytest.raises(PlanRefused):
        plan(asked, ports)
    assert written(world, before) == []
    return error.value


def without_services(of: Project = TWO) -> World:
    """A project whose images are in ECR, and that has no services."""
    world = World(of)
    for image in of.images:
        world.image(image.id, "env.stage", "env.prod")
    return world


def test_first_deployment_to_an_environment_without_tagged_services_is_refused() -> None:
    world = without_services()
    world.cluster("stage")
    error = refused(world)
    assert [reason.partition(":")[0] for reason in error.reasons] == ["search-api", "items-api"]
    assert error.reasons[0].endswith("deployment:env=stage in the cluster stage")
    assert len(refused(world, allow_missing=True).reasons) == 3


def test_refusal_names_services_with_other_tags_and_services_that_use_the_images() -> None:
    world = without_services(ONE_AND_ONE)
    world.service("search-api", "staging", ["search"], cluster="shared")
    strange = world.service("website", "live", ["search"], cluster="shared")
    world.redefine("website", "live", "env.stage")
    world.settle_down()
    (reason,) = refused(world).reasons
    assert "shared/search-api, tagged deployment:service=search-api and deployment:env=staging" in reason
    assert f"shared/{strange.name}, which uses uk.ac.wellcome/search:env.stage" in reason


def test_refusal_names_a_service_with_a_misspelled_id_in_a_cluster_that_is_not_searched() -> None:
    world = World.of(TWO)
    world.delete_service("search-api", "stage")
    world.service("search_api", "stage", ["search"], cluster="elsewhere")
    assert "elsewhere/search_api, tagged deployment:service=search_api" in refused(world).reasons[0]


@pytest.mark.parametrize("error", [AccessDenied("tag:GetResources", "not allowed"), Throttled("tag", "busy")])
def test_refusal_of_a_missing_service_does_not_need_the_services_with_other_ids(error: AwsError) -> None:
    world = World.of(TWO)
    world.delete_service("search-api", "stage")
    world.before("runtime.tagged", partial(_fail_without_ids, error), times=9)
    assert "search-api: no ECS service is tagged" in refused(world).reasons[0]


def _fail_without_ids(error: AwsError, call: Call) -> None:
    if len(call.about) == 1:
        raise error


def test_refusal_of_a_missing_service_does_not_need_the_task_definitions_of_others() -> None:
    world = without_services(ONE_AND_ONE)
    world.service("search-api", "staging", ["search"], cluster="shared")
    denied = AccessDenied("ecs:DescribeTaskDefinition", "not allowed")
    world.fail("runtime.defined", denied, times=9)
    (reason,) = refused(world).reasons
    assert "deployment:env=staging" in reason


def test_service_whose_task_definition_uses_latest_is_refused() -> None:
    world = World.of(TWO)
    world.redefine("search-api", "stage", "latest")
    world.settle_down()
    (reason,) = refused(world).reasons
    assert "none of the containers of stage/search-api uses uk.ac.wellcome/search:env.stage" in reason
    assert reason.endswith("/uk.ac.wellcome/search:latest")


def test_service_that_uses_the_image_from_another_registry_is_refused() -> None:
    world = World.of(TWO)
    world.push("search")
    foreign = "ghcr.io/uk.ac.wellcome/search:env.stage"
    world.redefine("search-api", "stage", "env.stage", registry="ghcr.io")
    world.settle_down()
    (reason,) = refused(world).reasons
    assert f"the containers of stage/search-api use {foreign}, from another registry" in reason
    assert f"the tag of {world.host}/uk.ac.wellcome/search:env.stage" in reason
    assert statuses(release_deploy(world, allow_missing=True)) == {"items-api": ServiceStatus.UNCHANGED}


def test_allow_missing_deploys_the_others_and_verdict_and_record_say_what_was_left_out() -> None:
    world = World.of(TWO)
    new = world.push("items")
    world.delete_service("search-api", "stage")
    refused(world)

    deployment = release_deploy(world, allow_missing=True)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert statuses(deployment) == {"items-api": ServiceStatus.SUCCEEDED}
    assert world.running("items-api", "stage") == {new}
    assert [(left.id, left.why) for left in deployment.left_out] == [("search-api", Allowance.ALLOW_MISSING)]
    assert deployments(world)[0].left_out == deployment.left_out
    assert confirm_deploy(world).left_out == deployment.left_out


def test_optional_service_may_be_missing_from_an_environment() -> None:
    world = World.of(replace(TWO, optional_services=frozenset({"search-api"})))
    world.delete_service("search-api", "stage")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert [(left.id, left.why) for left in deployment.left_out] == [("search-api", Allowance.OPTIONAL)]
    world.push("search")
    assert not release_deploy(world, "prod").left_out


def test_rollback_goes_on_without_a_deleted_service_and_says_so() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    first = release_deploy(world)
    world.push("search")
    release_deploy(world)
    world.delete_service("search-worker", "stage")

    deployment = rollback(world)

    assert (deployment.status, deployment.release_id) == (DeploymentStatus.SUCCEEDED, first.release_id)
    assert [(left.id, left.why) for left in deployment.left_out] == [("search-worker", Allowance.ROLLBACK)]


def test_automatic_rollback_goes_on_without_a_deleted_service() -> None:
    world = World.of(TWO, breaker=True)
    first = release_deploy(world)
    world.push("items", crash(code=1))
    world.at(5, lambda: world.delete_service("search-api", "stage"))

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert deployment.rollback is not None
    assert deployment.rollback.release_id == first.release_id
    assert [left.why for left in deployment.rollback.left_out] == [Allowance.ROLLBACK]


def test_optional_service_that_is_missing_does_not_keep_its_environment_from_being_promoted() -> None:
    world = World.of(replace(TWO, optional_services=frozenset({"search-api"})))
    world.delete_service("search-api", "stage")
    release_deploy(world)
    assert promote(world).status is DeploymentStatus.SUCCEEDED


def test_service_that_was_deployed_and_uses_another_image_since_keeps_its_environment_from_being_promoted() -> (
    None
):
    world = World.of(TWO)
    release_deploy(world)
    world.redefine("search-api", "stage", "latest")
    world.settle_down()
    with pytest.raises(GateClosed, match="none of the containers of stage/search-api uses"):
        promote(world)


def test_deploying_a_recorded_release_refuses_missing_services_too() -> None:
    world = World.of(TWO)
    made = release_deploy(world)
    world.delete_service("search-api", "prod")
    with pytest.raises(PlanRefused, match="search-api: no ECS service is tagged"):
        deploy_release(world, made.release_id, "prod")
    with pytest.raises(PlanRefused, match="search-api: no ECS service is tagged"):
        promote(world)


def test_service_that_something_else_deploys_is_left_out_and_opens_the_gate_for_its_image() -> None:
    gated = Environment(id="prod", name="Prod", requires=("stage",))
    of = project(images={"search": ["search-api"], "items": ["items-api"]}, environments=["stage", gated])
    world = World.of(replace(of, services_of_others=frozenset({"search-api"})))
    old = world.running("search-api", "stage")
    new = world.push("search")
    before = len(world.calls)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert [(left.id, left.why) for left in deployment.left_out] == [("search-api", Allowance.DEPLOYED_BY)]
    assert (world.tag("search", "env.stage"), world.running("search-api", "stage")) == (new, old)
    assert "runtime.redeploy" not in written(world, before)
    assert release_deploy(world, "prod").status is DeploymentStatus.SUCCEEDED
