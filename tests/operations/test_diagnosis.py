"""What the failures of a deployment say where the containers' log lines can't be read."""

from __future__ import annotations

from tests.operations.runs import release_deploy
from tests.world import World, crash, unpullable
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


def test_container_of_the_release_is_named_first_though_it_exited_with_0() -> None:
    world = World(ONE_AND_ONE)
    world.image("search", "env.stage")
    world.service("search-api", "stage", ["search"], sidecars=("public.ecr.aws/envoy:v1",))
    world.push("search", crash(code=0, lines=("starting", "nothing to do, goodbye")))

    failure, *others = release_deploy(world, allow_missing=True).services[0].failures

    assert (failure.container, failure.exit_code) == ("search", 0)
    assert failure.log_lines[-1] == "nothing to do, goodbye"
    assert not [other for other in others if other.container], (
        "ECS stopped the sidecar, which explains nothing"
    )


def test_cause_of_a_failed_pull_is_said_once() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", unpullable())

    failure = task_failure(release_deploy(world))

    assert failure.message.count("CannotPullContainerError") == 1
    assert failure.cause + " (so did 2 more)" == failure.message
