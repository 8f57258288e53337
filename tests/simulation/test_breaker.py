"""The circuit breaker. Sources: the guide on how it detects failures, and the service model of July 2026."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.cloud import CRASH, TARGETS, UNHEALTHY, Cloud, breaker, states
from weco_deploy.sandbox.ecs import Behaviour, Settings
from weco_deploy.sandbox.ecs.breaker import FEWEST, MOST, Breaker, BreakerRules

BALANCER = {"targetGroupArn": TARGETS, "containerName": "app", "containerPort": 8000}


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (6, 3), (9, 5), (25, 13), (400, 200), (800, 200)])
def test_the_usual_threshold_is_half_of_the_desired_count_between_3_and_200(
    desired: int, threshold: int
) -> None:
    assert BreakerRules().threshold(desired) == threshold


@pytest.mark.parametrize(
    ("kind", "value", "desired", "threshold"),
    [("COUNT", 7, 100, 7), ("UNBOUNDED_PERCENT", 50, 800, 400), ("BOUNDED_PERCENT", 10, 100, 10)],
)
def test_an_owner_may_choose_another_threshold(kind: str, value: int, desired: int, threshold: int) -> None:
    assert BreakerRules(kind=kind, value=value).threshold(desired) == threshold


@given(st.integers(0, 5000), st.integers(1, 100))
def test_a_bounded_threshold_keeps_its_bounds(desired: int, value: int) -> None:
    assert FEWEST <= BreakerRules(value=value).threshold(desired) <= MOST


def test_a_healthy_task_ends_the_evaluation() -> None:
    watching = Breaker(BreakerRules(enabled=True))
    watching.failed(1)
    watching.failed(1)
    watching.healthy()

    assert not any(watching.failed(1) for _ in range(10))
    assert (watching.status, watching.failures) == ("MONITORING_COMPLETE", 0)


def test_failures_accumulate_where_a_healthy_task_does_not_reset_them() -> None:
    watching = Breaker(BreakerRules(enabled=True, resets=False))
    watching.failed(1)
    watching.failed(1)
    watching.healthy()

    assert watching.status == "MONITORING"
    assert watching.failed(1)
    assert watching.status == "TRIGGERED"


def test_a_tripped_breaker_makes_the_last_completed_deployment_primary_again_with_its_digest() -> None:
    """Under its old id, COMPLETED → IN_PROGRESS → COMPLETED: the guide, and answers seen in public reports."""
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration=breaker())
    (good,) = cloud.look()["deployments"]
    bad, ours = cloud.deploy(CRASH)
    arn = cloud.look()["currentServiceDeployment"]
    cloud.pass_until(lambda: cloud.look()["deployments"][0]["id"] == good["id"])

    (back,) = cloud.look()["deployments"]
    assert back["rolloutState"] == "IN_PROGRESS"
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {good['id']}."
    assert back["rolloutStateReason"] == reason
    assert cloud.service_deployment(arn)["status"] == "ROLLBACK_IN_PROGRESS"
    assert cloud.events()[:2] == [
        f"rolling back to deployment {good['id']}.",
        f"(deployment {ours}) deployment failed: tasks failed to start.",
    ]

    cloud.settle()
    record = cloud.service_deployment(arn)
    assert record["status"] == "ROLLBACK_SUCCESSFUL"
    assert record["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert "circuit breaker threshold was exceeded" in record["rollback"]["reason"]
    assert cloud.look()["deployments"][0]["rolloutStateReason"] == f"ECS deployment {good['id']} completed."
    cloud.update(desiredCount=3)
    cloud.settle()
    assert cloud.running() == [before] * 3
    assert bad not in cloud.running()


def test_a_rollback_goes_back_to_the_earlier_task_definition() -> None:
    cloud = Cloud()
    cloud.service(deploymentConfiguration=breaker())
    before = cloud.look()["taskDefinition"]
    cloud.registry.push(CRASH, "broken:1")
    cloud.define(image="broken:1")
    changed = cloud.update(taskDefinition="web")["taskDefinition"]
    cloud.settle()

    assert cloud.look()["taskDefinition"] == before != changed
    assert cloud.look()["deployments"][0]["taskDefinition"] == before


def test_a_rollback_may_be_a_deployment_of_its_own() -> None:
    cloud = Cloud(Settings(rollback_has_new_id=True))
    before = cloud.service(deploymentConfiguration=breaker())
    (good,) = cloud.look()["deployments"]
    _, ours = cloud.deploy(CRASH)
    cloud.pass_until(lambda: "rolling back" in cloud.look()["deployments"][0]["rolloutStateReason"])
    back = cloud.look()["deployments"][0]
    cloud.settle()

    assert back["id"] not in {good["id"], ours}
    assert cloud.running() == [before]
    assert {task["startedBy"] for task in cloud.tasks()} == {back["id"]}


def test_without_rollback_the_failed_deployment_stays_primary_and_the_old_tasks_go_on() -> None:
    cloud = Cloud()
    before = cloud.service(deploymentConfiguration=breaker(rollback=False))
    cloud.deploy(Behaviour(pullable=False))
    cloud.settle()
    cloud.pass_time(600)

    assert states(cloud.look()) == [("PRIMARY", "FAILED"), ("ACTIVE", "COMPLETED")]
    reason = "ECS deployment circuit breaker: tasks failed to start."
    assert cloud.look()["deployments"][0]["rolloutStateReason"] == reason
    assert cloud.running() == [before]
    assert len(cloud.tasks(stopped=True)) == 3
    assert cloud.service_deployment()["status"] == "STOPPED"


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to() -> None:
    cloud = Cloud()
    cloud.service(CRASH, deploymentConfiguration=breaker())
    cloud.pass_time(600)

    assert states(cloud.look()) == [("PRIMARY", "FAILED")]
    assert len(cloud.tasks(stopped=True)) == 3
    record = cloud.service_deployment()
    assert record["status"] == "ROLLBACK_FAILED"
    assert record["statusReason"] == "No rollback candidate was found to run the rollback."


def test_failed_container_health_checks_count() -> None:
    cloud = Cloud()
    cloud.service(checked=True, deploymentConfiguration=breaker())
    _, ours = cloud.deploy(UNHEALTHY)
    cloud.pass_until(lambda: cloud.deployment(ours)["failedTasks"] == 2)
    cloud.settle()

    failed = [task for task in cloud.tasks(stopped=True) if task["startedBy"] == ours]
    assert {task["stoppedReason"] for task in failed} == {"Task failed container health checks"}
    assert {task["stopCode"] for task in failed} == {"ServiceSchedulerInitiated"}
    assert {task["healthStatus"] for task in failed} == {"UNHEALTHY"}
    assert cloud.service_deployment()["status"] == "ROLLBACK_SUCCESSFUL"


def test_failed_target_health_checks_count() -> None:
    cloud = Cloud()
    cloud.service(loadBalancers=[BALANCER], deploymentConfiguration=breaker())
    _, ours = cloud.deploy(UNHEALTHY)
    cloud.settle()

    failed = [task for task in cloud.tasks(stopped=True) if task["startedBy"] == ours]
    reason = f"Task failed ELB health checks in (target-group {TARGETS})"
    assert {task["stoppedReason"] for task in failed} == {reason}
    assert cloud.service_deployment()["status"] == "ROLLBACK_SUCCESSFUL"
    assert any("is unhealthy in (target-group" in event for event in cloud.events())


def test_two_starts_that_fail_are_forgotten_once_a_task_is_healthy() -> None:
    cloud = Cloud()
    cloud.service(deploymentConfiguration=breaker())
    digest, ours = cloud.deploy(Behaviour(failing_starts=2))
    cloud.settle()

    assert cloud.running() == [digest]
    assert cloud.deployment(ours)["rolloutState"] == "COMPLETED"
    assert cloud.deployment(ours)["failedTasks"] == 0
    assert len([task for task in cloud.tasks(stopped=True) if task["startedBy"] == ours]) == 2


def test_the_breaker_stops_monitoring_after_the_first_healthy_task() -> None:
    cloud = Cloud()
    cloud.service(deploymentConfiguration=breaker())
    cloud.deploy()
    before = cloud.service_deployment()["deploymentCircuitBreaker"]["status"]
    cloud.pass_until(lambda: cloud.look()["runningCount"] == 2)

    assert before == "MONITORING"
    assert cloud.service_deployment()["status"] == "IN_PROGRESS"
    status = cloud.service_deployment()["deploymentCircuitBreaker"]["status"]
    assert status == "MONITORING_COMPLETE"


def test_without_a_breaker_failures_are_told_and_have_no_consequence() -> None:
    cloud = Cloud()
    cloud.service()
    _, ours = cloud.deploy(CRASH)
    cloud.pass_time(300)

    assert cloud.deployment(ours)["failedTasks"] > 3
    assert cloud.deployment(ours)["rolloutState"] == "IN_PROGRESS"
    assert cloud.service_deployment()["deploymentCircuitBreaker"]["status"] == "DISABLED"
