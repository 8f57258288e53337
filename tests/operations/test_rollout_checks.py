"""Checks that run when all services have settled: what they get, how they end, and what that means for the deployment."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.operations.runs import (
    LEASE_AND_GRACE,
    Told,
    confirm_deploy,
    deployments,
    release_deploy,
    rollback,
    statuses,
)
from tests.world import Killed, World, crash
from tests.world.machine import Behaves
from tests.world.projects import project
from weco_deploy.errors import PlanRefused
from weco_deploy.model.before_task import On
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.events import StepFinished, StepOutput, StepStarted
from weco_deploy.model.http_answer import HttpAnswer
from weco_deploy.model.project import Environment
from weco_deploy.model.rollout_check import HttpRequest, Program, RolloutCheck
from weco_deploy.model.steps import StepOutcome, StepStatus

SMOKE = RolloutCheck(id="smoke", probe=Program(arguments=("./smoke-test", "--quick")))
URL = "https://stage.example.org/health"
HEALTH = RolloutCheck(
    id="health",
    probe=HttpRequest(
        url="https://{environment}.example.org/health",
        fields=(("build.commit", "{commit}"),),
        image="search",
    ),
)


def checked(*checks: RolloutCheck, **options: object) -> World:
    """A world of two images and services, in which stage has these checks and runs a first release that passed them."""
    stage = Environment(id="stage", name="Stage", checks=checks)
    world = World.of(
        project(images={"search": ["search-api"], "items": ["items-api"]}, environments=[stage, "prod"]),
        **options,  # type: ignore[arg-type]  # options of the services
    )
    world.web.answers[URL] = [HttpAnswer(200, json.dumps({"build": {"commit": commit(world)}}))]
    return world


def commit(world: World) -> str:
    """The commit of the newest image of `search`."""
    tags = world.stored("search").tags
    return next(tag for tag, digest in tags.items() if digest == tags["latest"] and tag.startswith("ref."))[
        4:
    ]


def answer(text: str) -> HttpAnswer:
    return HttpAnswer(200, json.dumps({"build": {"commit": text}}))


def step(deployment: Deployment) -> StepOutcome:
    (only,) = deployment.steps
    return only


def test_command_runs_when_all_services_have_settled_and_knows_what_was_deployed() -> None:
    world, told = checked(SMOKE), Told()
    digest = world.push("search")

    deployment = release_deploy(world, told=told)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    names = [call.name for call in world.calls]
    assert names.index("programs.start") > max(
        place for place, name in enumerate(names) if name == "runtime.describe"
    )
    (started,) = world.machine.started
    assert started.arguments == ("./smoke-test", "--quick")
    assert not started.credentials
    assert started.stopped
    assert started.variables["DEPLOYED_ENVIRONMENT"] == "stage"
    assert started.variables["DEPLOYED_RELEASE"] == deployment.release_id
    assert started.variables["DEPLOYED_DEPLOYMENT"] == deployment.deployment_id
    assert json.loads(started.variables["DEPLOYED_COMMITS"])["search"] == commit(world)
    assert json.loads(started.variables["DEPLOYED_DIGESTS"])["search"] == digest
    assert [
        type(event) for event in told.events if isinstance(event, StepStarted | StepOutput | StepFinished)
    ] == [
        StepStarted,
        StepOutput,
        StepFinished,
    ]
    assert (step(deployment).kind, step(deployment).status, step(deployment).exit_code) == (
        "checks",
        StepStatus.SUCCEEDED,
        0,
    )
    assert deployments(world)[0].steps == deployment.steps


def test_failed_command_fails_the_deployment_and_its_output_is_not_recorded() -> None:
    world = checked(SMOKE)
    world.push("search")
    world.machine.next = [Behaves(code=3, lines=("password=hunter2",))]

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert deployment.reason.startswith("smoke did not succeed: exit code 3")
    assert set(statuses(deployment).values()) <= {ServiceStatus.SUCCEEDED, ServiceStatus.UNCHANGED}
    assert step(deployment).log_lines == ("password=hunter2",)
    recorded = deployments(world)[0]
    assert (step(recorded).status, step(recorded).exit_code) == (StepStatus.FAILED, 3)
    assert "hunter2" not in repr(recorded)
    assert not recorded.worked("search")


def test_output_is_recorded_if_the_project_file_says_so() -> None:
    world = checked(replace(SMOKE, record_output=True))
    world.push("search")
    release_deploy(world)
    assert step(deployments(world)[0]).output == ("checking",)


def test_failed_check_is_rolled_back_if_that_is_wanted_and_the_rollback_runs_no_check() -> None:
    world = checked(SMOKE)
    release_deploy(world)
    before = world.tag("search", "env.stage")
    world.push("search")
    world.machine.next = [Behaves(code=1)]

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.ROLLED_BACK
    assert world.tag("search", "env.stage") == before
    assert world.running("search-api", "stage") == {before}
    assert len(world.machine.started) == 2


def test_program_that_is_missing_fails_the_deployment_but_rolls_nothing_back() -> None:
    world = checked(SMOKE)
    release_deploy(world)
    digest = world.push("search")
    world.machine.missing.add("./smoke-test")

    deployment = release_deploy(world, rollback_on_failure=True)

    assert deployment.status is DeploymentStatus.FAILED
    assert "says nothing against its images" in deployment.reason
    assert world.tag("search", "env.stage") == digest


def test_failed_advisory_check_is_only_reported() -> None:
    world = checked(replace(SMOKE, advisory=True))
    world.push("search")
    world.machine.next = [Behaves(code=1)]

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert deployment.reason == "smoke did not succeed, which is only advisory"
    assert (step(deployment).status, step(deployments(world)[0]).advisory) == (StepStatus.FAILED, True)
    assert confirm_deploy(world).status is DeploymentStatus.SUCCEEDED


def test_command_that_takes_too_long_is_stopped() -> None:
    world = checked(replace(SMOKE, timeout=30))
    world.push("search")
    world.machine.next = [Behaves(seconds=3600)]

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.FAILED
    assert (step(deployment).status, step(deployment).detail) == (
        StepStatus.TIMED_OUT,
        "it ran for longer than 30 s and was stopped",
    )
    assert world.machine.started[0].stopped


def test_failed_check_is_repeated_as_often_as_the_project_file_says() -> None:
    world = checked(replace(SMOKE, retries=2))
    world.push("search")
    world.machine.next = [Behaves(code=1), Behaves(code=1)]
    assert release_deploy(world).status is DeploymentStatus.SUCCEEDED
    assert len(world.machine.started) == 3

    world.push("search")
    world.machine.next = [Behaves(code=1)] * 4
    assert release_deploy(world).status is DeploymentStatus.FAILED
    assert len(world.machine.started) == 6


def test_check_does_not_run_if_a_service_failed() -> None:
    world = checked(SMOKE)
    world.push("search", crash())
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.FAILED
    assert step(deployment).status is StepStatus.PENDING
    assert world.machine.started == []


def test_check_is_skipped_where_nothing_runs() -> None:
    world = checked(SMOKE, desired=0)
    world.push("search")
    deployment = release_deploy(world)
    assert step(deployment).status is StepStatus.SKIPPED
    assert world.machine.started == []


def test_second_check_does_not_run_after_the_first_failed() -> None:
    world = checked(SMOKE, replace(SMOKE, id="slow"))
    world.push("search")
    world.machine.next = [Behaves(code=1)]
    deployment = release_deploy(world)
    assert [found.status for found in deployment.steps] == [StepStatus.FAILED, StepStatus.PENDING]


@pytest.mark.parametrize("digits", [40, 8], ids=["whole", "abbreviated"])
def test_request_succeeds_if_the_answer_names_the_commit(digits: int) -> None:
    world = checked(HEALTH)
    world.push("search")
    world.web.answers[URL] = [answer(commit(world)[:digits])]
    deployment = release_deploy(world)
    assert (deployment.status, step(deployment).status) == (DeploymentStatus.SUCCEEDED, StepStatus.SUCCEEDED)
    assert world.web.requests == [URL]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (HttpAnswer(None, problem="connection refused"), "no answer: connection refused"),
        (HttpAnswer(503, "{}"), "the answer has the status 503, expected 200"),
        (HttpAnswer(200, "<html>"), "the answer is not JSON"),
        (HttpAnswer(200, "[]"), "the answer has no field build.commit, expected "),
        (answer("abc"), "the answer's build.commit is abc, expected "),
        (answer(""), "the answer's build.commit is , expected "),
    ],
)
def test_request_fails_if_the_answer_is_another(found: HttpAnswer, why: str) -> None:
    world = checked(HEALTH)
    world.push("search")
    world.web.answers[URL] = [found]
    deployment = release_deploy(world)
    assert deployment.status is DeploymentStatus.FAILED
    assert step(deployment).detail.startswith(why)


def test_check_that_expects_the_commit_is_repeated_while_old_tasks_drain() -> None:
    world = checked(HEALTH, configuration={"maximumPercent": 400})
    world.protect_tasks("search-api", "stage", 60)
    world.push("search")
    old, new = answer("0123456789"), answer(commit(world))
    world.web.answers[URL] = [old, old, new]

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert len(world.web.requests) == 3


def test_commit_of_an_image_that_the_environment_lacks_is_refused_by_the_plan() -> None:
    world = checked(replace(HEALTH, probe=replace(HEALTH.probe, image="other")))  # type: ignore[arg-type]  # it is a request
    world.push("search")
    with pytest.raises(PlanRefused) as caught:
        release_deploy(world)
    assert caught.value.reasons == (
        "health: it expects the image other, which neither the release nor stage has",
    )


@pytest.mark.parametrize("on", [frozenset({On.DEPLOY}), frozenset({On.DEPLOY, On.ROLLBACK})])
def test_rollback_runs_a_check_only_if_the_project_file_says_so(on: frozenset[On]) -> None:
    world = checked(replace(SMOKE, on=on))
    release_deploy(world)
    world.push("search")
    release_deploy(world)
    rollback(world)
    assert len(world.machine.started) == (3 if On.ROLLBACK in on else 2)


def test_deployment_with_nothing_to_do_runs_the_checks() -> None:
    world = checked(SMOKE)
    release_deploy(world)
    world.machine.next = [Behaves(code=1)]
    assert release_deploy(world).status is DeploymentStatus.FAILED


@pytest.mark.parametrize("call", ["programs.start", "http.get"])
@pytest.mark.parametrize("before", [True, False])
def test_killed_check_runs_again_in_the_next_deployment(call: str, before: bool) -> None:
    world = checked(SMOKE, HEALTH)
    world.push("search")
    world.web.answers[URL] = [answer(commit(world))]
    (world.cut_before if before else world.cut_after)(1, call)
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(LEASE_AND_GRACE)

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.SUCCEEDED
    cut = deployments(world)[1]
    assert cut.status is DeploymentStatus.INTERRUPTED
    unknown = next(found for found in cut.steps if found.status is StepStatus.UNKNOWN)
    assert unknown.detail == "the deployment was cut off while it ran; the next one runs it again"


def test_deployment_whose_check_still_runs_is_not_confirmed_as_failed() -> None:
    world = checked(SMOKE)
    world.push("search")
    world.cut_after(1, "programs.start")
    with pytest.raises(Killed):
        release_deploy(world)

    confirmed = confirm_deploy(world)  # its lock still holds, as if it went on

    assert confirmed.status is DeploymentStatus.TIMED_OUT
    assert confirmed.reason == "all services run the release, but smoke has not ended yet"
    assert deployments(world)[0].status is DeploymentStatus.IN_PROGRESS


def test_deployment_that_was_cut_off_in_a_check_is_not_confirmed_as_succeeded() -> None:
    world = checked(SMOKE)
    world.push("search")
    world.cut_after(1, "programs.start")
    with pytest.raises(Killed):
        release_deploy(world)
    world.pass_time(LEASE_AND_GRACE)

    confirmed = confirm_deploy(world)

    assert confirmed.status is DeploymentStatus.FAILED
    assert "smoke is not known to have succeeded; `verify` runs checks again" in confirmed.reason


def test_interruption_stops_the_program() -> None:
    world = checked(SMOKE)
    world.push("search")
    world.machine.next = [Behaves(seconds=3600)]
    world.after("programs.start", lambda call: call.run.signal())

    deployment = release_deploy(world)

    assert deployment.status is DeploymentStatus.INTERRUPTED
    assert step(deployments(world)[0]).status is StepStatus.UNKNOWN
    assert world.machine.started[0].stopped
