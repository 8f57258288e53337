"""Later deployments that bring the same release are followed; old answers are recognised by the deployments' times."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.polls import STARTING, after, judged, overtaken
from tests.rules.states import (
    BEFORE,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    expecting,
    made_at,
    primary,
    resolving,
    service,
    stopped,
    task,
    track,
    up,
    using,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import EcsDeployment, ServiceView
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM_PREVIOUS
from weco_deploy.rules.rollout.track import Stop, Track

NEWEST = "ecs-svc/4"
SAME = overtaken(resolved=NEW)
"""A later deployment is primary, and resolved the image to the release's digest."""
BY_LATER = f"by a later deployment, {LATER}, of the same images, which took over from ours, {OURS}"


def redeployed(start: Track | None = None) -> Track:
    """The track of our redeployment, which ECS has answered and no poll has listed."""
    return replace(start or track(), made=primary(OURS))


def with_definition(definition: str, *containers: str, resolved: str | None = NEW) -> ServiceView:
    """A later deployment of another task definition, with containers of these images."""
    later = replace(primary(LATER, running=0), task_definition=definition)
    return view(
        service(desired=2, running=0, deployments=[later]),
        resolved=[resolving(resolved)],
        defined={definition: [using(name) for name in containers]},
    )


# Which deployment is followed


def test_later_deployment_of_the_same_digests_is_followed_to_its_success() -> None:
    now = after(STARTING, SAME, up(NEW, NEW, of=LATER))
    assert (now.status, now.deployment_id, now.reason) == (ServiceStatus.SUCCEEDED, LATER, BY_LATER)


def test_deployment_later_than_the_followed_one_is_followed_too() -> None:
    newest = view(
        service(desired=2, running=1, deployments=[primary(NEWEST, running=0), active(LATER, running=1)]),
        resolved=[resolving(NEW)],
    )
    now = after(STARTING, SAME, newest, up(NEW, NEW, of=NEWEST))
    assert (now.status, now.deployment_id, now.superseded_id) == (ServiceStatus.SUCCEEDED, NEWEST, OURS)


def test_later_deployment_is_known_by_the_digests_of_its_tasks_if_its_revision_tells_none() -> None:
    observed = up(NEW, of=LATER)
    assert judged(STARTING, observed) is ServiceStatus.SUCCEEDED
    assert judged(STARTING, *[up(OTHER, of=LATER)] * 2) is ServiceStatus.SUPERSEDED


def test_later_deployment_that_has_not_resolved_its_images_is_waited_for() -> None:
    unresolved = overtaken(resolved=None)
    now = after(STARTING, *[unresolved] * 9)
    assert now.status is ServiceStatus.IN_PROGRESS
    assert now.state == f"a later deployment, {LATER}, took over: waiting for the digests that it runs"
    assert not now.blames_image
    assert judged(overtaken(), start=after(overtaken(), start=now)) is ServiceStatus.SUPERSEDED


def test_later_deployment_of_another_task_definition_is_followed_if_that_uses_our_tag() -> None:
    now = after(with_definition("search-api:2", "search"))
    assert (now.status, now.deployment_id) == (ServiceStatus.IN_PROGRESS, LATER)


def test_later_deployment_of_another_task_definition_supersedes_ours_if_that_does_not_use_our_tag() -> None:
    observed = with_definition("search-api:2", "proxy")
    assert judged(observed, observed) is ServiceStatus.SUPERSEDED


def test_later_deployment_supersedes_ours_if_it_uses_fewer_of_our_images() -> None:
    both = (expecting(), expecting(image="items"))
    start = redeployed(replace(track(), service=replace(track().service, expected=both)))
    ours = {"search-api:1": [using("search"), using("items")]}
    start = replace(start, made=replace(primary(OURS), task_definition="search-api:1"))
    observed = with_definition("search-api:2", "search")
    observed = replace(observed, defined={**observed.defined, **{k: tuple(v) for k, v in ours.items()}})
    assert judged(observed, observed, start=start) is ServiceStatus.SUPERSEDED


def test_later_deployment_whose_task_definition_can_not_be_read_is_waited_for() -> None:
    observed = replace(with_definition("search-api:2"), defined={})
    assert judged(*[observed] * 9) is ServiceStatus.IN_PROGRESS


def test_later_deployment_of_a_service_that_was_scaled_to_nothing_is_followed() -> None:
    observed = view(service(desired=0, deployments=[primary(LATER, completed=True)]), resolved=[])
    now = after(STARTING, observed)
    assert now.status is ServiceStatus.NOTHING_RUNNING
    assert now.reason.endswith(BY_LATER)


# How a followed deployment ends


def test_followed_deployment_that_fails_supersedes_ours_and_is_named() -> None:
    failed = view(
        service(desired=2, deployments=[primary(LATER, state="FAILED", reason="tasks failed to start")])
    )
    now = after(STARTING, SAME, failed)
    assert (now.status, now.reason) == (
        ServiceStatus.SUPERSEDED,
        f"a later deployment, {LATER}, took over from ours, {OURS}, and failed: tasks failed to start",
    )


def test_followed_deployment_that_runs_a_wrong_digest_supersedes_ours() -> None:
    observed = view(
        service(desired=2, running=1, deployments=[primary(LATER, running=1)]),
        [task("t1", of=LATER, digest=OTHER)],
    )
    assert judged(STARTING, SAME, observed) is ServiceStatus.SUPERSEDED


def test_followed_deployment_that_another_image_takes_over_from_supersedes_ours() -> None:
    newest = view(service(desired=2, running=0, deployments=[primary(NEWEST)]), resolved=[resolving(OLD)])
    now = after(STARTING, SAME, newest, newest)
    assert now.status is ServiceStatus.SUPERSEDED
    assert now.reason == f"a later deployment, {NEWEST}, took over from ours, {OURS}, with other images"


def test_failures_of_ours_do_not_count_against_the_followed_deployment() -> None:
    start = replace(
        track(), stops={"a": Stop(at=made_at(5), reason="no", by_breaker=False)}, suspicion="it failed"
    )
    now = after(STARTING, SAME, start=start)
    assert (now.stops, now.suspicion) == ({}, "")


def test_while_a_later_deployment_is_followed_nothing_speaks_against_our_image() -> None:
    starting = view(service(desired=2, deployments=[primary(LATER)]))
    failed = replace(starting, stopped=(stopped("s1", of=LATER),))
    assert not after(STARTING, SAME, starting).blames_image
    assert not after(STARTING, SAME, failed).blames_image


# Old answers


@pytest.mark.parametrize("polls", [2, 9])
def test_deployment_made_shortly_before_ours_is_an_old_answer_while_ours_was_never_listed(polls: int) -> None:
    somebodys = replace(primary(NEWEST, running=1), created_at=made_at(1.9))
    observed = view(service(running=1, deployments=[somebodys]), resolved=[resolving(OLD)])
    now = after(*[observed] * polls, start=redeployed())
    assert (now.status, now.state) == (ServiceStatus.IN_PROGRESS, "waiting for ECS")


@pytest.mark.parametrize(
    "back",
    [
        view(service(running=2, deployments=[primary(BEFORE), active(OURS, state="IN_PROGRESS")])),
        view(
            service(
                running=2,
                deployments=[primary(BEFORE)],
                events=[f"(deployment {OURS}) deployment failed: tasks failed to start."],
            )
        ),
    ],
    ids=["ours listed as replaced", "an event"],
)
def test_earlier_deployment_is_a_rollback_at_once_if_anything_speaks_of_the_end_of_ours(
    back: ServiceView,
) -> None:
    assert judged(back, back, start=redeployed()) is ServiceStatus.FAILED


def test_rollback_of_somebodys_later_deployment_is_no_failure_of_ours() -> None:
    back = primary(NEWEST, reason=f"ECS deployment circuit breaker: rolling back to deploymentId {BEFORE}.")
    events = [f"(service search-api) (deployment {LATER}) deployment failed: tasks failed to start."]
    observed = view(service(running=2, deployments=[back], events=events), resolved=[resolving(OLD)])
    assert judged(STARTING, observed, observed) is ServiceStatus.SUPERSEDED


def test_rollback_of_somebodys_later_deployment_to_the_one_before_ours_supersedes_ours() -> None:
    back = primary(BEFORE, reason=f"ECS deployment circuit breaker: rolling back to deploymentId {BEFORE}.")
    events = [f"(service search-api) (deployment {LATER}) deployment failed: tasks failed to start."]
    observed = view(service(running=2, deployments=[back, active(OURS, state="IN_PROGRESS")], events=events))
    assert not after(STARTING, observed).blames_image
    now = after(STARTING, observed, observed)
    assert now.status is ServiceStatus.SUPERSEDED
    assert now.reason == (
        f"a later deployment, {LATER}, took over from ours, {OURS}, and failed: ECS rolled back to {BEFORE}: "
        f"ECS deployment circuit breaker: rolling back to deploymentId {BEFORE}."
    )


# Deleted services


def test_deleted_service_is_waited_for() -> None:
    deleted = view(service(status="INACTIVE"))
    for gone in (None, deleted):
        now = after(STARTING, *[gone] * 9)
        assert now.status is ServiceStatus.IN_PROGRESS
        assert now.state == "the service was deleted: waiting for somebody to create it again"
        assert not now.blames_image


def test_service_that_was_created_again_with_the_same_images_is_followed() -> None:
    created: EcsDeployment = primary(LATER, running=0)
    again = view(service(desired=2, deployments=[created]), resolved=[resolving(NEW)])
    assert judged(STARTING, None, None, again, up(NEW, NEW, of=LATER)) is ServiceStatus.SUCCEEDED


def test_task_that_stopped_in_the_followed_deployment_counts() -> None:
    ended = [stopped(f"t{number}", of=LATER) for number in range(3)]
    failing = view(service(desired=2, deployments=[primary(LATER)], breaker=False), ended=ended)
    now = after(STARTING, SAME, failing)
    assert now.status is ServiceStatus.SUPERSEDED
    assert "3 tasks of this deployment stopped" in now.reason


def test_followed_deployment_that_fails_only_by_our_count_is_looked_at_again() -> None:
    suspected = replace(after(STARTING, SAME), suspicion="3 tasks stopped")
    counted = suspected.as_failed_by_our_count()
    assert (counted.status, counted.looked_at_again) == (ServiceStatus.SUPERSEDED, True)
    certain = suspected.as_failed("tasks failed to start")
    assert (certain.status, certain.looked_at_again) == (ServiceStatus.SUPERSEDED, False)


ROLLED_BACK_BEFORE = view(
    service(
        running=2,
        deployments=[primary(BEFORE, reason="ECS deployment circuit breaker: rolling back to ecs-svc/0.")],
    )
)
"""ECS rolls back the deployment before ours, with one that was made before ours."""


def test_rollback_of_the_deployment_before_ours_is_an_old_answer_while_ours_was_never_listed() -> None:
    start = replace(redeployed(), previous_id="ecs-svc/0")
    now = after(*[ROLLED_BACK_BEFORE] * 9, start=start)
    assert (now.status, now.state) == (ServiceStatus.IN_PROGRESS, "waiting for ECS")


def test_rollback_of_the_deployment_before_ours_counts_only_if_it_stays_once_ours_was_listed() -> None:
    start = replace(redeployed(), previous_id="ecs-svc/0")
    fewer = [ROLLED_BACK_BEFORE] * (POLLS_TO_CONFIRM_PREVIOUS - 1)
    assert judged(STARTING, *fewer, start=start) is ServiceStatus.IN_PROGRESS
    assert judged(STARTING, *fewer, ROLLED_BACK_BEFORE, start=start) is ServiceStatus.FAILED
