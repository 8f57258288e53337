"""What `doctor` says of services in the in-memory world: each check when all is well, and when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import pytest

from tests.world import World
from tests.world.ecs import ServiceOptions
from tests.world.projects import project
from weco_deploy.aws.ecs_answers import parse_service
from weco_deploy.errors import AccessDenied
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.project import Address, Project
from weco_deploy.operations.doctor import doctor
from weco_deploy.rules.doctor import rollouts, services

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]})
IDS = (*services.IDS, *rollouts.IDS)
DENIED = AccessDenied("ecs:Read", "not allowed: the IAM permission ecs:Read is missing")


def shop(without: str = "", **options: Unpack[ServiceOptions]) -> World:
    """The project's services, except one in stage. Those of stage have the options."""
    own: ServiceOptions = {"launch_type": "FARGATE"}
    own.update(options)
    world = World(SHOP)
    for image in SHOP.images:
        world.image(image.id, "env.stage", "env.prod")
        (service_id,) = image.services
        world.service(service_id, "prod", [image.id], launch_type="FARGATE")
        if service_id != without:
            world.service(service_id, "stage", [image.id], **own)
    return world


def checks(
    world: World, *check_ids: str, of: Project = SHOP, environment_id: str | None = None
) -> Sequence[Check]:
    found = doctor(world.ports(of), environment_id)
    return [check for check in found if check.id in (check_ids or IDS)]


def only(world: World, check_id: str, of: Project = SHOP) -> Check:
    (check,) = checks(world, check_id, of=of)
    return check


def results(world: World) -> dict[str, set[Result]]:
    found = checks(world)
    return {check_id: {check.result for check in found if check.id == check_id} for check_id in IDS}


def test_services_as_they_should_be_are_ok_with_one_line_for_all_environments() -> None:
    found = checks(shop())

    assert [check.id for check in found] == list(IDS)
    assert {check.result for check in found} == {Result.OK}
    assert all(check.found.startswith("stage, prod: ") for check in found)


def test_only_the_services_of_the_environment_that_is_asked_for_are_checked() -> None:
    world = shop(without="items-api")

    assert {check.result for check in checks(world, environment_id="prod")} == {Result.OK}
    assert only(world, "service_found").result is Result.FAIL


def test_service_that_is_missing_comes_with_the_command_that_tags_the_likely_one() -> None:
    world = shop(without="items-api")
    key = world.service("items-api", "stage", ["items"], name="old-items").arn
    world.ecs.client(world.place).untag_resource(
        resourceArn=key, tagKeys=["deployment:service", "deployment:env"]
    )

    check = only(world, "service_found")

    assert check.result is Result.FAIL
    assert check.found.startswith("stage: items-api: no ECS service is tagged deployment:service=items-api")
    assert check.command[:5] == ("aws", "ecs", "tag-resource", "--region", "eu-west-1")
    assert check.command[5:] == (
        "--resource-arn",
        key,
        "--tags",
        "key=deployment:service,value=items-api",
        "key=deployment:env,value=stage",
    )


def test_no_command_is_given_if_several_services_may_be_the_one_that_is_missing() -> None:
    world = shop(without="items-api")
    for name in ("old-items", "older-items"):
        arn = world.service("items-api", "stage", ["items"], name=name).arn
        world.ecs.client(world.place).untag_resource(
            resourceArn=arn, tagKeys=["deployment:service", "deployment:env"]
        )

    check = only(world, "service_found")

    assert check.result is Result.FAIL
    assert check.command == ()
    assert check.advice


def test_service_that_is_missing_under_its_name_is_a_failure() -> None:
    named = replace(SHOP, addresses={"items-api": Address(cluster="{environment}", name="{service}-2")})

    (stage, _) = checks(shop(), "service_found", of=named)

    assert stage.result is Result.FAIL
    assert "named stage/items-api-2" in stage.found
    assert stage.command == ()
    assert stage.advice


def test_missing_service_is_no_problem_if_it_is_optional_or_deployed_by_something_else() -> None:
    world = shop(without="items-api")

    for leave_out in ("optional_services", "services_of_others"):
        allowed = replace(SHOP, **{leave_out: frozenset({"items-api"})})  # type: ignore[arg-type]  # both are sets of ids
        assert only(world, "service_found", of=allowed).result is Result.OK


def test_several_services_with_the_same_tags_are_a_failure() -> None:
    world = shop()
    world.service("items-api", "stage", ["items"], name="second")

    check = only(world, "service_found")

    assert check.result is Result.FAIL
    assert "stage/items-api, stage/second" in check.found
    assert check.command[:3] == ("aws", "ecs", "untag-resource")


def test_service_that_is_found_as_two_is_a_failure() -> None:
    named = replace(SHOP, addresses={"items-api": Address(cluster="stage", name="search-api")})

    found = [check.found for check in checks(shop(), "service_found", of=named, environment_id="stage")]

    assert "stage: stage/search-api is found as search-api and as items-api" in found


def test_search_without_the_tagging_api_is_a_warning_that_names_the_permission() -> None:
    world = shop()
    world.fail("runtime.tagged", DENIED, times=2)

    found = checks(world, "service_found")

    assert {check.result for check in found} == {Result.WARN}
    assert all("ecs:Read" in check.found for check in found)


def test_service_that_uses_another_tag_is_a_failure() -> None:
    world = shop()
    world.redefine("items-api", "stage", "latest")

    check = only(world, "service_image")

    assert check.result is Result.FAIL
    assert "uses uk.ac.wellcome/items:env.stage" in check.found


def test_image_that_a_service_does_not_use_is_a_warning() -> None:
    both = replace(
        SHOP, images=(SHOP.images[0], replace(SHOP.images[1], services=("search-api", "items-api")))
    )

    found = checks(shop(), "service_image", of=both)

    assert {check.result for check in found} == {Result.WARN}
    assert "is not verified" in found[0].found


def test_service_of_another_controller_is_a_failure() -> None:
    world = shop()
    world.hand_over("items-api", "stage", "CODE_DEPLOY")

    check = only(world, "service_controller")

    assert check.result is Result.FAIL
    assert "CODE_DEPLOY" in check.found
    assert "deployed_by: other" in check.advice


def test_strategy_that_cannot_be_judged_is_a_failure() -> None:
    found = checks(shop(strategy="SOMETHING_NEW"), "service_controller")

    assert [check.result for check in found] == [Result.FAIL, Result.FAIL]
    assert "SOMETHING_NEW" in found[0].found


def test_service_without_a_circuit_breaker_is_a_warning_unless_alarms_watch_it() -> None:
    found = checks(shop(breaker=False), "circuit_breaker")

    assert [check.result for check in found] == [Result.WARN, Result.WARN]
    command = found[0].command
    assert command[:3] == ("aws", "ecs", "update-service")
    assert command[5:9] == ("--cluster", "stage", "--service", "items-api")
    assert "deploymentCircuitBreaker={enable=true,rollback=true}" in command[-1]
    assert only(shop(breaker=False, alarm="errors"), "circuit_breaker").result is Result.OK


def test_percentages_that_allow_no_step_are_a_failure() -> None:
    stuck = shop(configuration={"maximumPercent": 100, "minimumHealthyPercent": 100})

    found = checks(stuck, "percentages")

    assert [check.result for check in found] == [Result.FAIL, Result.FAIL]
    assert found[0].command[-1].endswith("maximumPercent=200,minimumHealthyPercent=100")


def test_protected_tasks_are_a_warning_where_deployments_wait_for_them() -> None:
    world = shop()
    world.protect_tasks("items-api", "stage", 60)
    waiting = replace(
        SHOP, environments=tuple(replace(environment, old_tasks="wait") for environment in SHOP.environments)
    )

    assert only(world, "scale_in_protection").result is Result.OK
    check = only(world, "scale_in_protection", of=waiting)
    assert check.result is Result.WARN
    assert "items-api: 1 of its tasks are protected from scale-in until 20" in check.found


def test_containers_whose_version_is_not_pinned_are_a_warning_if_they_are_the_projects() -> None:
    world = shop(pins_tags=False)

    found = checks(world, "version_consistency")

    assert [check.result for check in found] == [Result.WARN, Result.WARN]
    assert "container items is disabled" in found[0].found


def test_pull_behaviour_of_container_instances_cannot_be_seen() -> None:
    check = only(shop(launch_type="EC2"), "pull_behaviour")

    assert check.result is Result.SKIP
    assert "stage: items-api, search-api" in check.found
    assert check.command == ("grep", "ECS_IMAGE_PULL_BEHAVIOR", "/etc/ecs/ecs.config")


@pytest.mark.parametrize(
    ("launch_type", "providers", "expected"),
    [
        ("FARGATE", (), False),
        ("EC2", (), True),
        ("EXTERNAL", (), True),
        (None, ("FARGATE", "FARGATE_SPOT"), False),
        (None, ("FARGATE", "own-instances"), True),
    ],
)
def test_launch_type_or_capacity_providers_tell_whether_a_service_runs_on_instances(
    launch_type: str | None, providers: tuple[str, ...], expected: bool
) -> None:
    answer: Any = {
        "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/stage",
        "serviceName": "search",
        "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/stage/search",
        **({"launchType": launch_type} if launch_type else {}),
        "capacityProviderStrategy": [{"capacityProvider": provider} for provider in providers],
    }

    assert rollouts.runs_on_instances(parse_service(answer)) is expected


@pytest.mark.parametrize(
    ("call", "check_id", "result"),
    [
        ("runtime.describe", "service_found", Result.FAIL),
        ("runtime.protections", "scale_in_protection", Result.SKIP),
        ("runtime.defined", "version_consistency", Result.SKIP),
    ],
)
def test_read_that_is_denied_names_the_permission_and_hides_no_other_check(
    call: str, check_id: str, result: Result
) -> None:
    world = shop()
    world.fail(call, DENIED, times=100)

    found = checks(world)

    assert {check.id for check in found} == set(IDS)
    denied = [check for check in found if check.id == check_id]
    assert {check.result for check in denied} == {result}
    assert all("ecs:Read" in check.found for check in denied)
    assert len(denied) == 2  # one for each environment, not for each service


def test_environment_that_cannot_be_read_hides_no_other() -> None:
    world = shop(breaker=False)
    world.fail("runtime.describe", DENIED, times=100, about="cluster/prod")

    found = results(world)

    assert found["service_found"] == {Result.FAIL}
    assert found["circuit_breaker"] == {Result.WARN}
    assert found["service_image"] == {Result.OK}


def test_images_of_a_service_without_tasks_are_unknown_without_its_definition() -> None:
    world = shop()
    world.scale("items-api", "stage", 0)
    world.settle_down()
    world.fail("runtime.defined", DENIED, times=100)

    check = only(world, "service_image")

    assert check.result is Result.FAIL
    assert check.found.startswith("stage: items-api: ")
