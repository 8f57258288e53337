"""Whether the running tasks of a service are healthy, by the checks that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.polls import OLD_ANSWER, STARTING, after
from tests.rules.states import LATER, NEW, ago, container, primary, service, task, track, up, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import Container, ServiceView, Task
from weco_deploy.model.targets import Target, TargetGroup
from weco_deploy.rules.rollout.health import definitions_to_read
from weco_deploy.rules.rollout.rolling import needs_health

DEFINITION = "search-api:1"
GROUP = TargetGroup("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/search/1", "app", 80)
CHECKS = {DEFINITION: frozenset({"app"})}
NO_CHECKS: Mapping[str, frozenset[str]] = {DEFINITION: frozenset()}


def at(address: str) -> Container:
    return replace(container(), addresses=(address,))


def checked(health: str, *, reads: Mapping[str, frozenset[str]] | None = CHECKS) -> ServiceView:
    """A complete rollout of two tasks: one is healthy, the other one reports this."""
    tasks = [
        task("t1", health="HEALTHY", containers=[replace(container(), health="HEALTHY")]),
        task("t2", health=health, containers=[replace(container(), health=health)]),
    ]
    return replace(complete(tasks), health_checked=reads, targets={})


def balanced(*states: str, reads: bool = True, tasks: Sequence[Task] = ()) -> ServiceView:
    """A complete rollout of two tasks behind a load balancer, with targets in these states."""
    tasks = tasks or [task("t1", containers=[at("10.0.0.1")]), task("t2", containers=[at("10.0.0.2")])]
    found = tuple(Target(f"10.0.0.{number}", 80, state) for number, state in enumerate(states, 1))
    described = complete(tasks)
    return replace(
        described,
        service=replace(described.service, target_groups=(GROUP,)),
        health_checked={},
        targets={GROUP.arn: found} if reads else None,
    )


def complete(tasks: Sequence[Task]) -> ServiceView:
    return view(service(running=len(tasks), deployments=[primary(completed=True)]), tasks)


def test_task_whose_health_check_has_not_passed_yet_is_no_success() -> None:
    now = after(checked("UNKNOWN"))
    assert (now.status, now.state) == (
        ServiceStatus.IN_PROGRESS,
        "waiting for the health checks of its containers",
    )
    assert not now.blames_image


def test_task_that_fails_its_health_check_is_no_success_and_may_be_to_blame() -> None:
    now = after(checked("UNHEALTHY"))
    assert (now.status, now.state, now.blames_image) == (
        ServiceStatus.IN_PROGRESS,
        "1 of its tasks is unhealthy",
        True,
    )


@pytest.mark.parametrize(("seconds", "blamed"), [(60, True), (61, False)])
@pytest.mark.parametrize("by", ["its container", "its target"])
def test_unhealthy_task_speaks_against_the_image_only_after_the_grace_period(
    by: str, seconds: float, blamed: bool
) -> None:
    container = replace(at("10.0.0.1"), health="UNHEALTHY" if by == "its container" else "")
    slow = task("t1", health=container.health, containers=[container], started=ago(60))
    seen = balanced("unhealthy" if by == "its target" else "healthy", tasks=[slow])
    graced = replace(seen.service, health_check_grace=timedelta(seconds=seconds))

    now = after(replace(seen, service=graced))

    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, blamed)
    assert now.state == "1 of its tasks is unhealthy"


@pytest.mark.parametrize(
    "observed",
    [checked("HEALTHY"), checked("UNKNOWN", reads=NO_CHECKS), checked("UNKNOWN", reads=None), checked("")],
    ids=["healthy", "without a health check", "denied", "not reported"],
)
def test_tasks_are_healthy_if_no_check_says_otherwise(observed: ServiceView) -> None:
    assert after(observed).status is ServiceStatus.SUCCEEDED


def test_health_waits_for_a_definition_that_was_not_read_yet() -> None:
    assert after(checked("UNKNOWN", reads={})).status is ServiceStatus.IN_PROGRESS


def test_health_of_a_checked_container_counts_beside_one_that_is_not_checked() -> None:
    sidecar = replace(container(name="sidecar"), health="UNKNOWN")
    mixed = task("t1", health="UNKNOWN", containers=[replace(container(), health="HEALTHY"), sidecar])
    assert after(replace(complete([mixed]), health_checked=CHECKS)).status is ServiceStatus.SUCCEEDED


def test_definitions_are_read_where_the_health_of_a_task_is_unknown_only() -> None:
    tasks = [task("t1", health="HEALTHY"), task("t2", health="UNHEALTHY"), task("t3")]
    assert definitions_to_read(tasks) == frozenset()
    assert definitions_to_read([*tasks, task("t4", health="UNKNOWN")]) == {DEFINITION}


@pytest.mark.parametrize(
    ("observed", "needed"),
    [(up(NEW), True), (up(NEW, of=LATER), True), (OLD_ANSWER, False), (STARTING, False)],
    ids=["ours", "a later one that may be followed", "an old answer", "starting"],
)
def test_health_is_read_in_steady_state_only(observed: ServiceView, needed: bool) -> None:
    assert needs_health(track(), observed) is needed


@pytest.mark.parametrize("state", ["initial", "unused", "unavailable", "draining", "a state of tomorrow"])
def test_target_that_is_not_healthy_yet_is_no_success(state: str) -> None:
    now = after(balanced("healthy", state))
    assert (now.status, now.state) == (
        ServiceStatus.IN_PROGRESS,
        "waiting for its load balancer to find its tasks healthy",
    )
    assert not now.blames_image


def test_task_that_is_not_registered_is_no_success() -> None:
    assert after(balanced("healthy")).status is ServiceStatus.IN_PROGRESS


def test_unhealthy_target_may_be_the_fault_of_the_image() -> None:
    now = after(balanced("unhealthy", "unhealthy"))
    assert (now.state, now.blames_image) == ("2 of its tasks are unhealthy", True)


@pytest.mark.parametrize(
    "observed",
    [balanced("healthy", "healthy"), balanced("healthy", "healthy", "unhealthy"), balanced(reads=False)],
    ids=["healthy", "a target of another service", "denied"],
)
def test_healthy_targets_are_a_success(observed: ServiceView) -> None:
    assert after(observed).status is ServiceStatus.SUCCEEDED


HERE = "arn:aws:ecs:eu-west-1:123456789012:container-instance/catalogue/here"


def on_an_instance(*targets: Target, hosts: Mapping[str, str] | None) -> ServiceView:
    """A complete rollout of a task that has port 32768 of its container instance, and these targets."""
    placed = replace(
        task("t1", containers=[replace(container(), host_ports=(32768,))]), container_instance=HERE
    )
    return replace(balanced(tasks=[placed]), targets={GROUP.arn: targets}, hosts=hosts)


@pytest.mark.parametrize(
    ("targets", "status"),
    [
        ([Target("i-here", 32768, "healthy")], ServiceStatus.SUCCEEDED),
        ([Target("i-here", 32769, "healthy")], ServiceStatus.IN_PROGRESS),
        ([Target("i-there", 32768, "healthy")], ServiceStatus.IN_PROGRESS),
        (
            [Target("i-here", 32768, "healthy"), Target("i-there", 32768, "unhealthy")],
            ServiceStatus.SUCCEEDED,
        ),
        (
            [Target("i-here", 32768, "initial"), Target("i-there", 32768, "healthy")],
            ServiceStatus.IN_PROGRESS,
        ),
    ],
    ids=[
        "its own",
        "another port",
        "another host",
        "another host's is unhealthy",
        "another host's is healthy",
    ],
)
def test_task_on_an_instance_is_found_by_its_host_and_its_port_there(
    targets: Sequence[Target], status: ServiceStatus
) -> None:
    now = after(on_an_instance(*targets, hosts={HERE: "i-here"}))
    assert (now.status, now.blames_image) == (status, False)


def test_task_whose_host_can_not_be_read_is_left_to_ecs() -> None:
    assert after(on_an_instance(Target("i-there", 32768, "unhealthy"), hosts=None)).status is (
        ServiceStatus.SUCCEEDED
    )


def test_task_whose_host_was_not_read_this_time_is_waited_for() -> None:
    assert after(on_an_instance(Target("i-here", 32768, "healthy"), hosts={})).status is (
        ServiceStatus.IN_PROGRESS
    )


@pytest.mark.parametrize(
    ("reason", "remark"),
    [
        (
            "Target.NotInUse",
            "no load balancer uses it, or not in the Availability Zone of 1 of its tasks, so nothing checks whether it is healthy",
        ),
        (
            "Target.HealthCheckDisabled",
            "its health checks are disabled, also for 1 of its tasks, so nothing checks whether it is healthy",
        ),
    ],
)
def test_target_that_nobody_checks_is_left_to_ecs_and_the_result_says_so(reason: str, remark: str) -> None:
    seen = balanced("healthy", "unused")
    healthy, unused = seen.targets[GROUP.arn] if seen.targets else ()
    now = after(replace(seen, targets={GROUP.arn: (healthy, replace(unused, reason=reason))}))
    assert (now.status, now.reason) == (
        ServiceStatus.SUCCEEDED,
        f"target group search: {remark} ({reason})",
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            Target("10.0.0.2", 80, "unused", "Target.IpUnusable", "Target IP address is reserved"),
            "waiting for its load balancer to find its tasks healthy: Target IP address is reserved",
        ),
        (
            Target("10.0.0.2", 80, "unused", "Target.InvalidState"),
            "waiting for its load balancer to find its tasks healthy: Target.InvalidState",
        ),
        (
            Target(
                "10.0.0.2",
                80,
                "unhealthy",
                "Target.ResponseCodeMismatch",
                "Health checks failed with these codes: [502]",
            ),
            "1 of its tasks is unhealthy: Health checks failed with these codes: [502]",
        ),
        (
            Target(
                "10.0.0.2", 80, "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
            ),
            "waiting for its load balancer to find its tasks healthy",
        ),
    ],
    ids=["address reserved", "instance stopped", "unhealthy", "new"],
)
def test_state_says_why_a_load_balancer_finds_a_task_not_healthy(target: Target, said: str) -> None:
    seen = balanced("healthy", "healthy")
    healthy = seen.targets[GROUP.arn][0] if seen.targets else target
    assert after(replace(seen, targets={GROUP.arn: (healthy, target)})).state == said


def test_error_of_the_load_balancer_does_not_speak_against_the_image() -> None:
    seen = balanced("healthy", "healthy")
    broken = Target(
        "10.0.0.2", 80, "unhealthy", "Elb.InternalError", "Health checks failed due to an internal error"
    )
    healthy = seen.targets[GROUP.arn][0] if seen.targets else broken
    now = after(replace(seen, targets={GROUP.arn: (healthy, broken)}))
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


def test_rollout_that_only_its_load_balancer_holds_up_says_so() -> None:
    going_on = balanced("healthy", "unused")
    healthy, unused = going_on.targets[GROUP.arn] if going_on.targets else ()
    not_used = replace(unused, reason="Target.NotInUse")
    described = replace(going_on.service, deployments=(primary(running=2),))
    seen = replace(going_on, service=described, targets={GROUP.arn: (healthy, not_used)})
    assert after(seen).state.startswith("settling: target group search: no load balancer uses it")
    assert after(replace(seen, targets={})).state == "settling"


def test_target_that_drains_at_the_same_address_does_not_count() -> None:
    described = balanced("healthy", "healthy")
    targets = (*described.targets[GROUP.arn], Target("10.0.0.1", 80, "draining")) if described.targets else ()
    assert after(replace(described, targets={GROUP.arn: targets})).status is ServiceStatus.SUCCEEDED


def test_task_whose_addresses_are_not_told_is_left_to_ecs() -> None:
    assert after(balanced(tasks=[task("t1"), task("t2")])).status is ServiceStatus.SUCCEEDED
