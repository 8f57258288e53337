"""Accounts, regions, registries: what a run of the tool sees, and who it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.world import World
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE, project
from weco_deploy.errors import EnvironmentLocked, StaleFence, WrongAccount
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import Claim
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.ports import Ports


def some_claim(ports: Ports) -> Claim:
    """The claim of stage for a new, empty release."""
    release = Release(
        release_id=ports.new_id(),
        project_id=ports.project.id,
        project_name=ports.project.name,
        date_created=ports.clock.utc(),
        requested_by="us",
        description="",
        images={},
    )
    deployment = Deployment(
        deployment_id=ports.new_id(),
        release_id=release.release_id,
        project_id=ports.project.id,
        environment="stage",
        status=DeploymentStatus.IN_PROGRESS,
        date_created=ports.clock.utc(),
        requested_by="us",
        description="",
    )
    return Claim(
        deployment=deployment,
        observed=ports.store.environment("stage"),
        owner=ports.new_id(),
        lease_seconds=120,
        release=release,
        release_is_new=True,
    )


def test_an_environment_of_another_account_and_region_has_its_services_there() -> None:
    prod = Environment(
        id="prod", name="Prod", role_arn="arn:aws:iam::444455556666:role/deployer", region_name="eu-central-1"
    )
    ours = project(images={"search": ["search-api"]}, environments=["stage", prod])
    ports = World.of(ours).ports()
    (cluster,) = ports.runtime(prod).clusters()
    assert cluster == "arn:aws:ecs:eu-central-1:444455556666:cluster/prod"
    assert ports.runtime(ours.environment("stage")).services_in(cluster) == ()
    (found,) = ports.runtime(prod).tagged("prod")
    (service,) = ports.runtime(prod).describe(cluster, [found.key.name])
    (container,) = ports.runtime(prod).defined(service.task_definition)
    assert container.image == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/uk.ac.wellcome/search:env.prod"


def test_credentials_of_another_account_are_refused() -> None:
    world = World.of(replace(ONE_AND_ONE, account_id="777788889999"))
    world.ports().check_account()
    world.credentials_account = "111122223333"
    ports = world.ports()
    with pytest.raises(WrongAccount, match="777788889999"):
        ports.check_account()


def test_reading_makes_no_table_and_the_first_claim_does() -> None:
    world = World.of(ONE_AND_ONE)
    ports = world.ports()
    ports.store.environment("stage")
    ports.store.releases(10)
    assert world.tables == {}
    ports.store.claim(some_claim(ports))
    assert set(world.tables) == {"wellcome-releases-sample"}


def test_somebody_elses_lock_keeps_us_out_until_its_lease_is_over_and_changes_the_fence() -> None:
    world = World.of(ONE_AND_ONE)
    ports = world.ports()
    claim = some_claim(ports)
    world.somebody_locks("stage", lease_seconds=60)
    with pytest.raises(EnvironmentLocked, match="somebody"):
        ports.store.claim(claim)
    world.pass_time(80)
    with pytest.raises(StaleFence):
        ports.store.claim(claim)
    assert ports.store.claim(replace(claim, observed=ports.store.environment("stage"))).fence == 2


def test_each_run_has_a_caller_and_ids_of_its_own() -> None:
    world = World.of(FIVE_AND_EIGHT)
    first, second = world.ports(), world.ports()
    assert first.caller() != second.caller()
    assert first.new_id() != second.new_id()


def test_commits_have_subjects() -> None:
    world = World.of(ONE_AND_ONE)
    (ref,) = [tag for tag in world.stored("search").tags if tag.startswith("ref.")]
    commit = ref.removeprefix("ref.")
    assert "search" in world.ports().history.subjects([commit, "0" * 40])[commit]
