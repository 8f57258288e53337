"""What the failures of a deployment say where the containers' log lines can't be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.operations.runs import Told, release_deploy
from tests.world import Call, World, crash, unpullable
from tests.world.projects import ONE_AND_ONE
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceStatus
from weco_deploy.model.events import Progress
from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Action, PlannedService
from weco_deploy.model.service import EcsDeployment, Service, ServiceView
from weco_deploy.pipeline.diagnose import diagnose
from weco_deploy.pipeline.stopped_tasks import StoppedTasks
from weco_deploy.rules.rollout.track import Track

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


def diagnosed(world: World, track: Track, view: ServiceView) -> tuple[Failure, ...]:
    """The evidence of one service in stage."""
    environment, ports = world.project.environment("stage"), world.ports()
    (failures,) = diagnose([(track, view)], environment, ports, StoppedTasks(ports.runtime(environment)))
    return failures


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


def test_tasks_that_the_poll_read_are_named_although_the_read_after_it_is_older() -> None:
    world = World.of(ONE_AND_ONE, breaker=False, desired=3)
    world.push("search", crash(at=30, code=42))
    described: list[str] = []
    world.lag(lambda: 30.0 if described else 0.0)

    def note(call: Call) -> None:
        stopped = world.declared("search-api", "stage").stopped.values()
        ended = [task.arn for task in stopped if task.stop_code == "EssentialContainerExited"]
        described.extend(arn for arn in ended if any(arn in about for about in call.about))

    world.after("runtime.tasks", note, times=1000)

    failure = task_failure(release_deploy(world, stable_for=60))

    assert (failure.container, failure.exit_code) == ("search", 42)


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


def events(deployment: Deployment) -> list[str]:
    return [failure.message for failure in deployment.services[0].failures if failure.kind == "event"]


def test_failed_service_shows_only_events_that_explain() -> None:
    shown = events(crashed())

    assert any("deployment failed: tasks failed to start" in message for message in shown)
    assert not any("has started" in message or "steady state" in message for message in shown)


def test_service_that_is_not_done_in_time_shows_that_its_targets_cannot_be_registered() -> None:
    world = World.of(ONE_AND_ONE, balanced=True)
    world.push("search")
    world.stop_task("search-api", "stage", "target-group-missing")
    told = Told()

    deployment = release_deploy(world, told=told)

    (service,) = deployment.services
    assert deployment.status is DeploymentStatus.TIMED_OUT
    assert service.status is ServiceStatus.IN_PROGRESS
    assert "still running: (service search-api) failed to register targets in (target-group" in service.reason
    assert any("failed to register targets" in message for message in events(deployment))
    states = [event.state for event in told.events if isinstance(event, Progress)]
    assert "failed to register targets" in states[-1]


def test_events_are_those_since_the_deployment_by_the_clock_of_aws() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    release_deploy(world)
    world.pass_time(3600)
    service = world.look("search-api", "stage")
    track = rolled(service, since=world.now() - timedelta(days=1), created_at=world.now())

    assert service.events
    assert diagnosed(world, track, ServiceView(service=service)) == ()


@pytest.mark.parametrize("release_crashed", [True, False], ids=["release's image", "other image"])
def test_stopped_task_that_names_no_deployment_explains_a_failure_only_if_it_ran_the_release(
    release_crashed: bool,
) -> None:
    world = World.of(ONE_AND_ONE)
    digest = world.push("search", crash())
    start = world.now()
    release_deploy(world)
    for ended in world.declared("search-api", "stage").stopped.values():
        ended.started_by, ended.view = "", None
    service = world.look("search-api", "stage")
    released = frozenset({digest if release_crashed else "sha256:" + "0" * 64})
    expected = Expected(
        image_id="search",
        image=f"{world.repository_name('search')}:env.stage",
        digests=released,
        registry=None,
    )
    track = rolled(service, since=start, created_at=start, expected=(expected,))
    assert track.made
    view = ServiceView(service=replace(service, deployments=(track.made,), events=()))

    failures = diagnosed(world, track, view)

    assert [failure.kind for failure in failures] == (["task"] if release_crashed else [])


def rolled(
    service: Service, since: datetime, created_at: datetime, expected: tuple[Expected, ...] = ()
) -> Track:
    """The failed track of a deployment that ECS created at `created_at`; the clock of this machine says `since`."""
    planned = PlannedService(
        service_id="search-api",
        key=service.key,
        images=("search",),
        action=Action.REDEPLOY,
        why="",
        expected=expected,
        desired=1,
        breaker=True,
    )
    return Track(
        service=planned,
        deployment_id="ecs-svc/1",
        previous_id=None,
        since=since,
        made=EcsDeployment(
            id="ecs-svc/1", status="PRIMARY", rollout_state="IN_PROGRESS", created_at=created_at
        ),
        status=ServiceStatus.FAILED,
    )
