"""What is said of deployments by CodeDeploy, when they are over, and which services can be deployed so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.states import NEW, NOW, made_at, service, task, track, view
from weco_deploy.model.code_deploy import CODE_DEPLOY, DeploymentGroup, GroupSettings
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.lifecycle import Lifecycle, TrafficShift
from weco_deploy.model.service import EcsDeployment, Service, ServiceDeployment
from weco_deploy.model.targets import TargetGroup
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.strategies import strategy_of, unsupported
from weco_deploy.rules.rollout.track import Track

GROUP = DeploymentGroup("shop", "search")
SHIFT = TrafficShift(bake=timedelta(minutes=5))
BLUE, GREEN = "ecs-svc/1", "d-2"


def task_set(deployment_id: str, status: str, *, running: int = 1) -> EcsDeployment:
    number = {BLUE: 1, GREEN: 2}[deployment_id]
    return EcsDeployment(
        id=deployment_id,
        status=status,
        rollout_state=None,
        running=running,
        created_at=made_at(number),
        task_set=f"ecs-svc/{number}",
    )


def by_code_deploy(*task_sets: EcsDeployment) -> Service:
    running = sum(found.running for found in task_sets)
    described = service(desired=1, running=running, controller=CODE_DEPLOY, breaker=False)
    balanced = TargetGroup("arn", "app", 80)
    return replace(described, deployments=task_sets, traffic_to=balanced)


def verdict(status: str = "IN_PROGRESS", stage: str = "", production: float = 0.0) -> ServiceDeployment:
    lifecycle = Lifecycle(stage=stage, production=production)
    return ServiceDeployment(
        arn=GREEN,
        status=status,
        target_revision=GREEN,
        reason="TIMEOUT: too late",
        lifecycle=lifecycle,
        by="CodeDeploy",
    )


def watched() -> Track:
    planned = track().service
    return replace(
        track(), service=replace(planned, traffic_shift=SHIFT), deployment_id=GREEN, previous_id=BLUE
    )


def after(found: ServiceDeployment | None, *task_sets: EcsDeployment, polls: int = 1) -> Track:
    tasks = [task("t1", of=f"ecs-svc/{2 if task_sets[-1].id == GREEN else 1}", digest=NEW)]
    polled = replace(view(by_code_deploy(*task_sets), tasks), service_deployment=found)
    judged = watched()
    for _ in range(polls):
        judged = advance(judged, polled)
    return judged


@pytest.mark.parametrize(
    ("stage", "production", "expected"),
    [
        ("BeforeInstall", 0.0, "preparing green"),
        ("Install", 0.0, ""),
        ("AfterInstall", 0.0, "green runs, without traffic"),
        ("AllowTestTraffic", 0.0, "test traffic on green"),
        ("AfterAllowTestTraffic", 0.0, "test traffic on green"),
        ("Ready", 0.0, "waiting for somebody to reroute the traffic in CodeDeploy"),
        ("BeforeAllowTraffic", 0.0, "0% of production traffic"),
        ("AllowTraffic", 10.0, "10% of production traffic"),
        ("AfterAllowTraffic", 100.0, "100% of production traffic"),
        ("TerminationWait", 100.0, "100% of production traffic, old tasks stop within 4 min"),
        ("SomethingNew", 0.0, ""),
    ],
)
def test_each_lifecycle_event_is_said_in_plain_words(stage: str, production: float, expected: str) -> None:
    moving = by_code_deploy(task_set(BLUE, "PRIMARY"), task_set(GREEN, "ACTIVE"))
    judged = replace(
        watched(), verdict=verdict(stage=stage, production=production), phase_since=NOW - timedelta(minutes=1)
    )

    assert strategy_of(moving).state(judged, view(moving, ())) == expected


def test_deployment_whose_task_set_does_not_get_the_traffic_yet_is_not_judged_by_that() -> None:
    both = task_set(BLUE, "PRIMARY"), task_set(GREEN, "ACTIVE")

    assert not after(verdict(stage="Install"), *both, polls=20).settled
    assert not after(verdict("PENDING"), task_set(BLUE, "PRIMARY"), polls=20).settled


def test_deployment_succeeds_only_once_code_deploy_says_so() -> None:
    alone = task_set(GREEN, "PRIMARY")

    assert not after(verdict(stage="TerminationWait", production=100.0), alone, polls=5).settled
    assert after(verdict("SUCCESSFUL"), alone, polls=5).status is ServiceStatus.SUCCEEDED


def test_deployment_without_a_verdict_never_succeeds() -> None:
    judged = after(None, task_set(GREEN, "PRIMARY"), polls=20)

    assert not judged.settled
    assert judged.state == "waiting for CodeDeploy's own verdict on its deployment, which can't be read"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("FAILED", "CodeDeploy ended it: TIMEOUT: too late"),
        ("ROLLBACK_IN_PROGRESS", "CodeDeploy rolls it back: TIMEOUT: too late"),
    ],
)
def test_deployment_that_code_deploy_ended_fails_with_its_reason(status: str, expected: str) -> None:
    judged = after(verdict(status), task_set(BLUE, "PRIMARY"))

    assert (judged.status, judged.reason) == (ServiceStatus.FAILED, expected)


def test_another_digest_of_the_new_tasks_fails_before_any_traffic_shifts() -> None:
    both = by_code_deploy(task_set(BLUE, "PRIMARY"), task_set(GREEN, "ACTIVE"))
    wrong = [task("t1", of="ecs-svc/2", digest="sha256:another")]
    polled = replace(view(both, wrong), service_deployment=verdict(stage="AfterInstall"))

    assert advance(watched(), polled).status is ServiceStatus.FAILED


# Which services can be deployed so

SETTINGS = GroupSettings(services=("catalogue/search-api",), shift=SHIFT)
UP = by_code_deploy(task_set(BLUE, "PRIMARY"))


def test_service_of_the_deployment_group_can_be_deployed() -> None:
    assert unsupported(UP, GROUP, SETTINGS) is None


@pytest.mark.parametrize(
    ("refused", "settings", "expected"),
    [
        (
            replace(UP, controller="ECS"),
            None,
            "has code_deploy in the project file, but is deployed by the ECS",
        ),
        (UP, "no such group", "the deployment group shop/search of CodeDeploy can't be used: no such group"),
        (UP, replace(SETTINGS, services=("other/web",)), "of CodeDeploy is for other/web"),
        (replace(UP, traffic_to=None), SETTINGS, "has no task set behind a load balancer"),
    ],
)
def test_service_that_the_group_cannot_deploy_is_refused(
    refused: Service, settings: GroupSettings | str | None, expected: str
) -> None:
    assert expected in str(unsupported(refused, GROUP, settings))


def test_service_of_code_deploy_without_a_group_is_refused() -> None:
    assert "is deployed by the CODE_DEPLOY controller" in str(unsupported(UP))
