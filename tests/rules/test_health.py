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


@pytest.mark.parametrize("state", ["initial", "unused", "draining", "a state of tomorrow"])
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


def test_tasks_on_instances_are_found_by_their_port_there() -> None:
    here = task("t1", containers=[replace(container(), host_ports=(32768,))])
    described = balanced("healthy", tasks=[here])
    for port, status in ((32768, ServiceStatus.SUCCEEDED), (32769, ServiceStatus.IN_PROGRESS)):
        targets = {GROUP.arn: (Target("i-0123", port, "healthy"),)}
        assert after(replace(described, targets=targets)).status is status


def test_target_that_drains_at_the_same_address_does_not_count() -> None:
    described = balanced("healthy", "healthy")
    targets = (*described.targets[GROUP.arn], Target("10.0.0.1", 80, "draining")) if described.targets else ()
    assert after(replace(described, targets={GROUP.arn: targets})).status is ServiceStatus.SUCCEEDED


def test_task_whose_addresses_are_not_told_is_left_to_ecs() -> None:
    assert after(balanced(tasks=[task("t1"), task("t2")])).status is ServiceStatus.SUCCEEDED
