"""Tasks that report no digest: the service revision tells what runs; our own record proves only what was requested."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    confirm_deploy,
    deployments,
    promote,
    recorded,
    release_deploy,
    statuses,
)
from tests.world import World, slow
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus

SEARCH = ("search-api", "stage")
NOTHING_TELLS = "nothing tells what search-api runs"


@pytest.fixture
def world() -> World:
    world = World.of(ONE_AND_ONE)
    world.trouble(*SEARCH, "hides-digests")
    return world


@pytest.fixture
def silent(world: World) -> World:
    """A world in which neither tasks nor revisions tell a digest."""
    world.trouble(*SEARCH, "hides-revisions")
    return world


def test_service_revision_tells_what_runs_if_tasks_do_not(world: World) -> None:
    world.push("search")

    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.SUCCEEDED}
    before = world.count("runtime.redeploy")
    assert statuses(release_deploy(world)) == {"search-api": ServiceStatus.UNCHANGED}
    assert confirm_deploy(world, wait=0.0).status is DeploymentStatus.SUCCEEDED
    assert world.count("runtime.redeploy") == before


def test_service_revision_that_resolved_to_another_digest_is_a_failure(world: World) -> None:
    old = world.tag("search", "env.stage")
    assert old is not None
    world.push("search", slow(10))
    world.before("runtime.redeploy", lambda _: world.point("search", "env.stage", old))

    (service,) = release_deploy(world).services

    assert service.status is ServiceStatus.FAILED
    assert service.reason.startswith(
        f"its deployment resolved search to {old[:19]}, which is not the release's: somebody may have moved the tag"
    )


def test_service_is_unverified_if_nothing_tells_what_it_runs_and_is_not_rolled_back(silent: World) -> None:
    new = silent.push("search")

    deployment = release_deploy(silent, wait=60.0, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert statuses(deployment) == {"search-api": ServiceStatus.UNVERIFIED}
    assert deployment.services[0].reason == NOTHING_TELLS
    assert deployment.reason.startswith(f"{NOTHING_TELLS}, after 60 s")
    assert deployment.rollback is None
    assert silent.tag("search", "env.stage") == new
    assert statuses(deployments(silent)[0]) == {"search-api": ServiceStatus.UNVERIFIED}


def test_unverified_deployment_is_not_good_and_opens_no_gate(silent: World) -> None:
    silent.push("search")
    release_deploy(silent, wait=60.0)

    record = recorded(silent)
    assert record.good is None
    assert not record.images["search"].worked
    with pytest.raises(GateClosed):
        promote(silent)


def test_record_of_an_unverified_deployment_does_not_make_the_next_one_a_success(silent: World) -> None:
    silent.push("search")
    release_deploy(silent, wait=60.0)
    before = silent.count("runtime.redeploy")

    again = release_deploy(silent, wait=60.0)

    assert again.status is DeploymentStatus.TIMED_OUT
    assert statuses(again) == {"search-api": ServiceStatus.UNVERIFIED}
    assert silent.count("runtime.redeploy") == before


def test_unverified_deployment_is_confirmed_once_something_tells(silent: World) -> None:
    silent.push("search")
    release_deploy(silent, wait=60.0)
    assert confirm_deploy(silent, wait=20.0).status is DeploymentStatus.TIMED_OUT
    silent.trouble(*SEARCH, "none")

    assert confirm_deploy(silent).status is DeploymentStatus.SUCCEEDED
    assert deployments(silent)[0].status is DeploymentStatus.SUCCEEDED


def test_unverified_service_that_is_scaled_to_nothing_runs_nothing(silent: World) -> None:
    silent.push("search")
    release_deploy(silent, wait=60.0)
    silent.scale(*SEARCH, 0)
    silent.settle_down()

    assert statuses(release_deploy(silent)) == {"search-api": ServiceStatus.NOTHING_RUNNING}
