"""What the failures of a deployment say where the containers' log lines can't be read."""

from __future__ import annotations

from tests.operations.runs import release_deploy
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure

DENIED = AccessDenied("logs:GetLogEvents", "not allowed")


def crashed(name: str | None = None) -> Deployment:
    """A deployment of a crashing image; calls of that name are denied."""
    world = World.of(ONE_AND_ONE)
    world.push("search")
    release_deploy(world)
    world.push("search", crash())
    if name:
        world.fail(name, DENIED, times=100)
    return release_deploy(world)


def task_failure(deployment: Deployment) -> Failure:
    (service,) = deployment.services
    return next(failure for failure in service.failures if failure.kind == "task")


def test_failure_without_readable_log_lines_says_where_they_are_and_why_not() -> None:
    deployment = crashed("logs.tail")

    failure = task_failure(deployment)

    assert deployment.status is DeploymentStatus.FAILED
    assert failure.log_location is not None
    assert failure.log_location.endswith("(can't be read: logs:GetLogEvents: not allowed)")
    assert failure.log_lines == ()


def test_failure_is_shown_without_log_lines_where_the_task_definition_cannot_be_read() -> None:
    failure = task_failure(crashed("runtime.defined"))

    assert failure.exit_code == task_failure(crashed()).exit_code
    assert (failure.log_location, failure.log_lines) == (None, ())
