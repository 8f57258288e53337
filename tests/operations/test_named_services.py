"""Deployments to services that the project file names, without tags on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import confirm_deploy, recorded, release_deploy, statuses
from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AccessDenied, PlanRefused
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.project import Address, Project
from weco_deploy.sandbox.ecs.service_state import Service

IMAGES = {"search": ["search-api", "search-worker"], "items": ["items-api"]}
BY_TAGS = project(IMAGES)
ALL = ("search-api", "search-worker", "items-api")
FINDING = ("runtime.tagged", "runtime.clusters", "runtime.services_in")


def with_names(*service_ids: str, of: Project = BY_TAGS, name: str = "{service}") -> Project:
    """The project, with names for these services as the world names them."""
    addresses = {service_id: Address(cluster="{environment}", name=name) for service_id in service_ids}
    return replace(of, addresses=addresses)


def services(world: World) -> dict[str, Service]:
    return {service_id: world.declared(service_id, "stage") for service_id in ALL}


def without_tags(world: World, *service_ids: str) -> dict[str, Service]:
    """All services of stage; these lose their tags, also in the index of the tagging API."""
    found = services(world)
    for service_id in service_ids:
        found[service_id].tags.clear()
        found[service_id].tag_history.clear()
    return found


def running(service: Service) -> set[str | None]:
    return {
        container.digest for task in service.tasks.values() if task.running for container in task.containers
    }


def test_named_services_without_tags_are_redeployed_without_any_search() -> None:
    world = World.of(with_names(*ALL))
    found = without_tags(world, *ALL)
    search, items = world.push("search"), world.push("items")

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert set(statuses(deployment).values()) == {ServiceStatus.SUCCEEDED}
    assert [running(found[service_id]) for service_id in ALL] == [{search}, {search}, {items}]
    assert {name: world.count(name) for name in FINDING} == dict.fromkeys(FINDING, 0)
    assert {service.key.cluster for service in deployment.services} == {found["items-api"].cluster.arn}


def test_services_may_be_found_by_names_and_by_tags_in_one_project() -> None:
    world = World.of(with_names("search-api"))
    found = without_tags(world, "search-api")
    search, items = world.push("search"), world.push("items")

    deployment = release_deploy(world)

    assert set(statuses(deployment)) == set(ALL)
    assert [running(found[service_id]) for service_id in ALL] == [{search}, {search}, {items}]
    assert world.count("runtime.clusters") == 0


def test_named_services_are_described_in_the_same_call_as_the_others_once_the_cluster_is_known() -> None:
    world = World.of(with_names("search-api"))
    world.push("search")
    release_deploy(world)
    world.push("search")
    before = len(world.calls)

    release_deploy(world)

    described = next(call for call in world.calls[before:] if call.name == "runtime.describe")
    assert set(described.about[1:]) == set(ALL)


def test_service_that_was_found_by_its_tags_and_is_named_now_is_the_same_service() -> None:
    world = World.of(BY_TAGS)
    world.push("search")
    first = release_deploy(world)
    known = dict(recorded(world).services)
    world.project = with_names(*ALL)
    without_tags(world, *ALL)

    again = release_deploy(world)

    assert set(statuses(again).values()) == {ServiceStatus.UNCHANGED}
    assert {service.key for service in again.services} == {service.key for service in first.services}
    assert {service_id: service.key for service_id, service in recorded(world).services.items()} == {
        service_id: service.key for service_id, service in known.items()
    }
    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_missing_named_service_is_refused_by_its_name_without_a_search() -> None:
    world = World.of(
        with_names("search-api", of=project({"search": ["search-api"]}), name="{environment}-{service}")
    )
    world.push("search")

    with pytest.raises(PlanRefused) as refused:
        release_deploy(world)

    assert "search-api: no ECS service is named stage/stage-search-api" in refused.value.message
    assert {name: world.count(name) for name in FINDING} == dict.fromkeys(FINDING, 0)


def test_named_service_of_a_cluster_that_does_not_exist_is_refused() -> None:
    address = Address(cluster="nowhere", name="{service}")
    world = World.of(replace(project({"search": ["search-api"]}), addresses={"search-api": address}))
    world.push("search")

    with pytest.raises(PlanRefused, match="no ECS service is named nowhere/search-api"):
        release_deploy(world)


def test_deleted_named_service_is_missing() -> None:
    world = World.of(with_names(*ALL))
    release_deploy(world)
    world.delete_service("items-api", "stage")
    world.settle_down()

    with pytest.raises(PlanRefused, match="stage/items-api was deployed before, and no ECS service is named"):
        release_deploy(world)


def test_one_ecs_service_that_is_named_and_tagged_as_two_services_is_refused() -> None:
    made = project({"search": ["search-api", "search-worker"]})
    address = Address(cluster="{environment}", name="search-worker")
    world = World.of(replace(made, addresses={"search-api": address}))
    world.push("search")

    with pytest.raises(PlanRefused) as refused:
        release_deploy(world)

    assert "search-worker: stage/search-worker is also the service search-api" in refused.value.message


def test_tags_of_a_named_service_do_not_matter() -> None:
    world = World.of(with_names("search-api", of=project({"search": ["search-api"]})))
    service = world.declared("search-api", "stage")
    service.tags.update({"deployment:service": "other", "deployment:env": "live"})
    digest = world.push("search")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert running(service) == {digest}


def test_denied_tagging_api_does_not_matter_to_named_services() -> None:
    world = World.of(with_names(*ALL))
    world.fail("runtime.tagged", AccessDenied("tag:GetResources", "denied"))
    world.push("search")

    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
