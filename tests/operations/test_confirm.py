"""`confirm-deploy` judges a deployment by what runs now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    confirm_deploy,
    deployments,
    killed,
    release_deploy,
    statuses,
    written,
)
from tests.world import World, slow
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.errors import Interrupted
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.events import Claimed, Settled
from weco_deploy.model.requests import ConfirmRequest
from weco_deploy.operations.confirm import confirm


def test_a_deployment_that_succeeded_and_still_runs_is_confirmed_without_a_write() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    deployed = release_deploy(world)
    before = len(world.calls)

    deployment = confirm_deploy(world)

    assert deployment.deployment_id == deployed.deployment_id
    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert statuses(deployment)["search-api"] is ServiceStatus.SUCCEEDED
    assert statuses(deployment)["merger"] is ServiceStatus.UNCHANGED
    assert written(world, before) == []


def test_a_deployment_that_is_only_watched_is_settled_but_not_claimed() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    told = Told()

    deployment = confirm_deploy(world, told=told)

    assert told.of(Claimed) == []
    assert told.of(Settled) == [Settled(deployment)]


def test_a_deployment_that_succeeded_once_is_judged_by_what_runs_now() -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search")
    release_deploy(world)
    other = world.push("search")
    world.point("search", "env.stage", other)
    world.somebody_redeploys("search-api", "stage")
    world.settle_down()
    world.point("search", "env.stage", digest)
    before = len(world.calls)

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert f"runs {other[:19]} of search" in deployment.services[0].reason
    assert written(world, before) == []
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED


def test_a_tag_that_points_elsewhere_is_no_success() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.point("search", "env.stage", world.push("search"))

    deployment = confirm_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert "the env.stage tag of search does not point at what was deployed" in deployment.reason


def test_a_service_that_left_the_project_file_keeps_its_recorded_status() -> None:
    world = World.of(FIVE_AND_EIGHT)
    world.push("search")
    deployed = release_deploy(world)
    search = world.project.images[0]
    fewer = replace(
        world.project, images=(replace(search, services=("search-api",)), *world.project.images[1:])
    )
    ports = replace(world.ports(), project=fewer)

    deployment = confirm(ConfirmRequest(environment_id="stage"), ports, lambda _: None)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert statuses(deployment) == statuses(deployed)


def test_confirming_in_a_dry_run_writes_nothing() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search")
    killed(world, "runtime.redeploy")
    world.pass_time(LEASE_AND_GRACE)
    before = len(world.calls)

    assert confirm_deploy(world, recorded=False).status is DeploymentStatus.SUCCEEDED
    assert written(world, before) == []
    assert deployments(world)[0].status is DeploymentStatus.IN_PROGRESS


def test_a_signal_while_nothing_is_to_be_recorded_ends_the_watch_and_changes_no_record() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", slow(900))
    release_deploy(world, wait=30.0)
    world.signal_at(25)

    with pytest.raises(Interrupted):
        confirm_deploy(world, wait=600.0)

    assert deployments(world)[0].status is DeploymentStatus.TIMED_OUT
