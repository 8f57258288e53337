"""A deployment of which nothing runs succeeds, opens no gate, and is not what a rollback goes back to."""

from __future__ import annotations

import pytest

from tests.operations.runs import (
    confirm_deploy,
    deploy_release,
    deployments,
    promote,
    recorded,
    release_deploy,
)
from tests.world import World, crash
from tests.world.projects import project
from weco_deploy.errors import GateClosed
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.project import Environment
from weco_deploy.operations.gates import check_label

PAIR = project(
    {"web": ["web", "admin"], "api": ["api"], "assets": []},
    environments=["stage", Environment(id="prod", name="Prod", requires=("stage",))],
)
NEVER_RAN = "prod requires images that ran in stage, and these of .* never did: "


def idle(*services: str) -> World:
    """The project, with nothing running of these services in stage, and new images."""
    world = World.of(PAIR, breaker=True)
    for image in ("web", "api", "assets"):
        world.push(image)
    for service in services:
        world.scale(service, "stage", 0)
    world.settle_down()
    return world


def test_release_of_which_nothing_ran_passes_no_gate() -> None:
    world = idle("web", "admin", "api")
    made = release_deploy(world)
    assert (made.status, made.reason) == (DeploymentStatus.SUCCEEDED, "nothing is running")

    with pytest.raises(GateClosed, match=f"{NEVER_RAN}web, api ") as caught:
        deploy_release(world, made.release_id, "prod")
    assert "proves nothing; once tasks run there, deploy it there again" in caught.value.message
    with pytest.raises(GateClosed, match=r"these images never ran in stage: web .*, api "):
        promote(world)
    with pytest.raises(GateClosed, match="these images never ran in stage"):
        check_label("env.stage", None, world.ports())


def test_gate_asks_of_each_image_whether_it_ran_in_any_service() -> None:
    world = idle("admin", "api")
    made = release_deploy(world)
    assert made.reason == ""

    with pytest.raises(GateClosed, match=f"{NEVER_RAN}api "):
        deploy_release(world, made.release_id, "prod")


def test_gate_opens_once_the_image_was_seen_running() -> None:
    world = idle("api")
    made = release_deploy(world)
    world.scale("api", "stage", 1)
    world.settle_down()
    again = deploy_release(world, made.release_id, "stage")
    assert again.status is DeploymentStatus.SUCCEEDED

    assert deploy_release(world, made.release_id, "prod").status is DeploymentStatus.SUCCEEDED


def test_gate_stays_open_for_what_ran_before_its_service_was_scaled_to_nothing() -> None:
    world = idle()
    made = release_deploy(world)
    for service in ("web", "admin", "api"):
        world.scale(service, "stage", 0)
    world.settle_down()
    release_deploy(world)

    assert deploy_release(world, made.release_id, "prod").status is DeploymentStatus.SUCCEEDED


def test_gate_is_closed_for_the_image_of_a_service_that_was_missing() -> None:
    world = idle()
    world.delete_service("api", "stage")
    made = release_deploy(world, allow_missing=True)

    with pytest.raises(GateClosed, match=f"{NEVER_RAN}api "):
        deploy_release(world, made.release_id, "prod")


def test_reason_passes_the_gate() -> None:
    world = idle("api")
    made = release_deploy(world)

    passed = deploy_release(world, made.release_id, "prod", override_gate="the api is started on demand")

    assert passed.status is DeploymentStatus.SUCCEEDED


def test_automatic_rollback_goes_to_the_last_release_that_ran() -> None:
    world = World.of(PAIR, breaker=True)
    world.push("api")
    ran = release_deploy(world)
    world.scale("api", "stage", 0)
    world.settle_down()
    world.push("api")
    release_deploy(world)
    good = recorded(world).good
    assert good is not None
    assert good.release_id == ran.release_id
    world.push("web", crash(code=1))

    failed = release_deploy(world, rollback_on_failure=True)

    assert failed.rollback is not None
    assert failed.rollback.release_id == ran.release_id


def test_confirming_says_that_nothing_is_running() -> None:
    world = idle("web", "admin", "api")
    release_deploy(world)
    assert confirm_deploy(world).reason == "nothing is running"
    assert deployments(world)[0].status is DeploymentStatus.SUCCEEDED
