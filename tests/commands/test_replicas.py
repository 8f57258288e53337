"""An environment in another region that pulls from a replica of the repository there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.commands.team import Team
from tests.local_aws import LocalAws
from weco_deploy.sandbox import images
from weco_deploy.sandbox.registry import FirstImage, Registry

ABROAD = "us-east-1"
SHOP = f"""\
shop:
  name: Shop
  environments:
    - {{id: stage, name: Staging, region_name: {ABROAD}}}
  image_repositories:
    - {{id: search, services: [search-api]}}
"""
OLD, NEW = "1" * 40, "2" * 40


@pytest.fixture
def team(team_of: Callable[[str], Team]) -> Team:
    """A shop whose stage pulls from a replica, which has its image from before."""
    team = team_of(SHOP)
    state = team.sandbox.state
    target, (made,) = state.target("search"), state.services
    there = replace(target.place, region=ABROAD)
    first = FirstImage(
        place=there,
        repository=target.repository,
        image=images.build(target.repository, OLD),
        tags=("env.stage",),
    )
    Registry(state.ports.emulator).create_with_images([first])
    ecs = LocalAws.of(team.sandbox).ecs(made.place)
    image = f"{there.account}.dkr.ecr.{ABROAD}.amazonaws.com/{target.repository}:env.stage"
    definition = ecs.register_task_definition(
        family="abroad", containerDefinitions=[{"name": "search", "image": image, "memory": 64}]
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=made.cluster, service=made.name, taskDefinition=definition)
    return team


def test_service_restarts_only_if_the_release_is_in_the_replica(team: Team) -> None:
    target = team.sandbox.state.target("search")
    registry = Registry(team.sandbox.state.ports.emulator)
    new = images.build(target.repository, NEW)
    registry.push(target.place, target.repository, new, (f"ref.{NEW}", "latest"))
    before = team.aws.digests("env.stage")

    late = team.release_deploy("--confirmation-wait-for", "0.1")

    assert late.code == 3
    deployment = late.json["deployment"]
    assert deployment["status"] == "timed_out"
    assert "env.stage in the replica of uk.ac.wellcome/search in us-east-1 points at" in deployment["reason"]
    assert [service["status"] for service in deployment["services"]] == ["pending"]
    assert team.aws.digests("env.stage") == before
    assert "waiting for ECR's replication" in late.err

    registry.push(replace(target.place, region=ABROAD), target.repository, new, ("env.stage",))
    done = team.release_deploy()

    assert done.code == 0, done.err
    assert team.aws.running("stage")["search-api"] == {"search": {new.top.blob.digest}}
