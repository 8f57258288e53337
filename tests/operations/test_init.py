"""`init` on three real estates: the file that it makes finds and redeploys each service once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.runs import release, request
from tests.world import World
from tests.world.behaviour import good
from tests.world.estates import CATALOGUE_API, CATALOGUE_PIPELINE, STORAGE, Estate, world_of
from tests.world.state import ACCOUNT
from weco_deploy import config
from weco_deploy.errors import AccessDenied, AwsError, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.inventory import Proposal, Selection
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import DefinedContainer
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.init import init
from weco_deploy.pipeline.inventory import InventoryReader

ESTATES = pytest.mark.parametrize(
    "estate",
    [
        pytest.param(STORAGE, id="storage"),
        pytest.param(CATALOGUE_API, id="catalogue-api"),
        pytest.param(CATALOGUE_PIPELINE, id="catalogue-pipeline"),
    ],
)
TEMPLATE = Project(id="team", name="team", account_id=ACCOUNT, release_table="wellcome-releases-team")
ANYWHERE = Environment(id="", name="")


def proposed(
    world: World,
    selection: Selection | None = None,
    report: Callable[[str, int, int], None] = lambda *_: None,
) -> Proposal:
    ports = world.ports(TEMPLATE)
    reader = InventoryReader(ports.runtime(ANYWHERE), ports.registry, ports.calls, report)
    return init(reader, TEMPLATE, selection or Selection())


def from_file(proposal: Proposal) -> Project:
    """The project as the tool loads it from the file."""
    assert proposal.project is not None
    text = config.project_text(proposal.project, proposal.comments)
    file = config.load_text(Path(".wellcome_project"), text)
    assert file.warnings == ()
    return file.project(None)


def deployed(world: World, project: Project, environment: str) -> Deployment:
    ports = world.ports(project)
    return deploy(request(release(ports), environment), ports, lambda _: True, lambda _: None)


@ESTATES
def test_file_is_enough_to_redeploy_each_service_once(estate: Estate) -> None:
    world = world_of(estate)
    project = from_file(proposed(world))
    environment = next(iter(estate.environments))
    for image in project.images:
        world.put(image.repository, estate.version_tag.format(commit="b" * 40), "latest", behaviour=good())

    made = deployed(world, project, environment)

    assert made.status is DeploymentStatus.SUCCEEDED
    assert sorted(str(outcome.key) for outcome in made.services) == sorted(
        str(estate.key(environment, service_id)) for service_id in estate.services
    )
    assert {outcome.status for outcome in made.services} == {ServiceStatus.SUCCEEDED}
    assert world.count("runtime.redeploy") == len(estate.services)


@ESTATES
def test_file_has_the_pattern_of_the_version_tags(estate: Estate) -> None:
    project = from_file(proposed(world_of(estate)))

    assert {image.refs for image in project.images} == {
        ("ref.{version}",) if estate is CATALOGUE_API else ("{commit}",)
    }


def test_image_whose_versions_are_tagged_in_two_ways_has_both_patterns() -> None:
    world = world_of(CATALOGUE_API)
    world.put("uk.ac.wellcome/search", "b" * 40, "latest", behaviour=good())

    project = from_file(proposed(world))

    assert {image.id: set(image.refs) for image in project.images} == {
        "concepts": {"ref.{version}"},
        "items": {"ref.{version}"},
        "search": {"ref.{version}", "{commit}"},
    }


def test_reading_takes_ten_services_a_call_and_changes_nothing() -> None:
    world = world_of(STORAGE)
    before = len(world.calls)

    proposed(world)

    names = [call.name for call in world.calls[before:]]
    services = 2 * len(STORAGE.services)
    assert names.count("runtime.clusters") == 1
    assert names.count("runtime.services_in") == 2
    assert names.count("runtime.describe") == 2
    assert names.count("runtime.defined") == services
    assert names.count("registry.repositories") == 1
    assert names.count("registry.find") == 3 * len(STORAGE.images)
    assert len(names) == 1 + 2 + 2 + services + 1 + 3 * len(STORAGE.images)


def test_progress_is_reported_for_each_kind_of_call() -> None:
    reported: list[tuple[str, int, int]] = []

    proposed(world_of(CATALOGUE_API), report=lambda *progress: reported.append(progress))

    assert [(what, done, total) for what, done, total in reported if done == total] == [
        ("clusters", 1, 1),
        ("services", 1, 1),
        ("task definitions", 6, 6),
        ("images", 9, 9),
    ]


def test_account_without_services_is_an_error_that_names_it() -> None:
    with pytest.raises(NotFound, match=f"no ECS services in eu-west-1 of account {ACCOUNT}"):
        proposed(World(Project(id="x", name="x", release_table="xxx")))


def test_account_in_which_nothing_fits_is_an_error_with_the_reasons() -> None:
    world = World.of(Project(id="x", name="x", release_table="xxx"))
    world.repository("acme/tool")
    key = STORAGE.key("stage", "tool")
    world.cluster(key.cluster_name)
    world.run(world.place, key, (DefinedContainer(name="tool", image=f"{world.host}/acme/tool:1.2.3"),), None)

    with pytest.raises(NotFound) as caught:
        proposed(world)

    assert "no ECS service fits: looked at 1 of 1 in eu-west-1" in caught.value.message
    assert "acme/tool:1.2.3: the tag is a version" in caught.value.message


def test_services_that_the_selection_leaves_out_are_counted_in_the_error() -> None:
    with pytest.raises(NotFound, match=r"looked at 0 of 6 .* \(by --cluster and --repository\)"):
        proposed(world_of(CATALOGUE_API), Selection(clusters=("shop-*",)))


@pytest.mark.parametrize(
    "call", ["runtime.clusters", "runtime.services_in", "runtime.describe", "runtime.defined"]
)
def test_denied_call_is_an_error_that_names_it(call: str) -> None:
    world = world_of(CATALOGUE_API)
    world.fail(call, AccessDenied("ecs:Something", "not allowed"))

    with pytest.raises(AccessDenied, match="ecs:Something"):
        proposed(world)


def test_cluster_that_is_not_selected_may_be_denied() -> None:
    world = world_of(CATALOGUE_PIPELINE)
    cluster = CATALOGUE_PIPELINE.key("2026-07-03", "x").cluster
    world.fail("runtime.services_in", AccessDenied("ecs:ListServices", "not allowed"), about=cluster)

    project = from_file(proposed(world, Selection(clusters=("*-2025-10-02",))))

    assert [environment.id for environment in project.environments] == ["2025-10-02"]


def test_task_definition_that_was_deleted_leaves_its_service_out() -> None:
    world = world_of(CATALOGUE_API)
    world.fail("runtime.defined", AwsError("ecs:DescribeTaskDefinition", "ClientException: not found"))

    proposal = proposed(world)

    assert [item.why for item in proposal.unplaced] == [
        "its task definition could not be read, or has no containers"
    ]
