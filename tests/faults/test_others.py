"""The tool is killed at every change, or gets a signal at every call; what comes next is not the same command again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

import pytest

from tests.faults.points import each_call, kills
from tests.faults.scenarios import (
    DEPLOYING,
    LEASE_AND_GRACE,
    PATIENT,
    RELEASE_DEPLOY,
    UNCERTAIN,
    Scenario,
    assert_right,
    calls_of,
    declared,
    made_by,
)
from tests.operations.runs import confirm_deploy, deployments, recorded, release_deploy, rollback
from tests.world import Call, Killed, World
from tests.world.projects import FIVE_AND_EIGHT
from weco_deploy.errors import Interrupted, NotFound
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.kind import Kind


def cuts(share: int, shares: int) -> list[tuple[str, int]]:
    return kills(made_by(RELEASE_DEPLOY))[share::shares]


def killed(cut: str, nth: int) -> tuple[World, Mapping[str, str]]:
    """The world after a `release-deploy` that was killed there, and what that would have made run.

    It may have got to its end, if it made a call less than the one that was counted.
    """
    world, wanted = declared(RELEASE_DEPLOY)
    getattr(world, cut)(nth)
    with suppress(Killed):
        RELEASE_DEPLOY.act(world)
        assert nth > len(calls_of(RELEASE_DEPLOY)) - UNCERTAIN
    world.pass_time(1)
    return world, wanted


@pytest.mark.parametrize("share", range(2))
def test_after_a_kill_anywhere_another_release_settles_it_and_is_deployed_whole(share: int) -> None:
    for cut, nth in cuts(share, 2):
        world, wanted = killed(cut, nth)
        newer = {**wanted, "search": world.push("search"), "items": world.push("items")}

        last = release_deploy(world, "stage", wait_for_lock=PATIENT)

        assert_right(world, RELEASE_DEPLOY, newer, last)


@pytest.mark.parametrize("share", range(2))
def test_after_a_kill_anywhere_confirming_settles_it_truly_and_running_it_again_converges(share: int) -> None:
    for cut, nth in cuts(share, 2):
        world, wanted = killed(cut, nth)
        before = deployments(world)
        world.pass_time(LEASE_AND_GRACE)

        confirmed = confirm_deploy(world, wait=300.0)

        assert confirmed.deployment_id == before[0].deployment_id
        assert all(deployment.finished for deployment in deployments(world))
        assert recorded(world).lock is None
        assert (confirmed.status is DeploymentStatus.SUCCEEDED) == runs(world, confirmed)
        world.pass_time(1)
        assert_right(world, RELEASE_DEPLOY, wanted, RELEASE_DEPLOY.act(world))


def runs(world: World, deployment: Deployment) -> bool:
    """Whether all of the deployment's digests are tagged and run."""
    digests = {image_id: change.to_digest for image_id, change in deployment.images.items()}
    tagged = all(world.tag(image_id, "env.stage") == digest for image_id, digest in digests.items())
    return tagged and all(
        world.running(service_id, "stage") == {digests[image_id] for image_id in image_ids}
        for service_id, image_ids in FIVE_AND_EIGHT.services.items()
    )


def test_a_rollback_that_was_killed_and_is_run_again_goes_where_it_was_going() -> None:
    world, _ = deployed_three_times()
    before = len(world.calls)
    rollback(world)
    points, killed = kills(world.calls[before:]), 0
    for cut, nth in points:
        world, digests = deployed_three_times()
        getattr(world, cut)(nth)
        try:
            rollback(world)
        except Killed:
            killed += 1
        if recorded(world).lock is None and deployments(world)[0].kind is Kind.ROLLBACK:
            continue  # it had ended: a rollback that is run again would go further back
        world.pass_time(1)

        again = rollback(world, wait_for_lock=PATIENT)

        assert again.status is DeploymentStatus.SUCCEEDED
        assert world.running("search-api", "stage") == {digests[1]}
        assert world.tag("search", "env.stage") == digests[1]
        world.pass_time(1)
        assert rollback(world).status is DeploymentStatus.SUCCEEDED
        assert world.running("search-api", "stage") == {digests[0]}
        world.pass_time(1)
        with pytest.raises(NotFound):
            rollback(world)
    assert killed >= len(points) - UNCERTAIN


def deployed_three_times() -> tuple[World, list[str]]:
    """A world with three releases of an image, which are deployed. Their digests."""
    world = World.of(FIVE_AND_EIGHT)
    digests = []
    for _ in range(3):
        world.pass_time(1)
        digests.append(world.push("search"))
        release_deploy(world)
    world.pass_time(1)
    return world, digests


# Signals.

WITHIN = 5.0
"""Seconds that it may take from a signal to the end."""


@pytest.mark.parametrize("scenario", DEPLOYING, ids=lambda scenario: scenario.name)
def test_a_signal_anywhere_settles_releases_the_lock_and_running_it_again_converges(
    scenario: Scenario,
) -> None:
    interrupted = missed = 0
    images = len(declared(scenario)[0].project.images)
    for name, nth in each_call(calls_of(scenario), images):
        world, wanted = declared(scenario)
        before = deployments(world, scenario.environment)
        locked = recorded(world, scenario.environment).lock  # by a run that was killed, in some scenarios
        signalled: list[datetime] = []
        world.before(name, lambda _, at=signalled, now=world.now: at.append(now()), nth)  # type: ignore[misc]  # mypy can't infer defaults of a lambda
        world.signal_before(nth, name)

        outcome = ended(world, scenario)

        if not signalled:
            missed += 1
            continue
        assert (world.now() - signalled[0]).total_seconds() <= WITHIN
        after = deployments(world, scenario.environment)
        lock = recorded(world, scenario.environment).lock
        if isinstance(outcome, Interrupted):
            assert (after, lock) == (before, locked)
        else:
            assert lock is None
            assert all(deployment.finished for deployment in after)
            if outcome.status is DeploymentStatus.SUCCEEDED:
                assert_right(world, scenario, wanted, outcome)
            else:
                interrupted += 1
                assert outcome.status is after[0].status is DeploymentStatus.INTERRUPTED
                assert "interrupted" in outcome.reason
                assert goes_on(outcome) == ("ECS goes on" in outcome.reason)
                assert goes_on(outcome) == ("`confirm-deploy`" in outcome.reason)
        world.pass_time(1)

        last = scenario.act(world)

        assert_right(world, scenario, wanted, last)
    assert interrupted > 5
    assert missed <= UNCERTAIN


def ended(world: World, scenario: Scenario) -> Deployment | Interrupted:
    try:
        return scenario.act(world)
    except Interrupted as interrupted:
        return interrupted


def goes_on(deployment: Deployment) -> bool:
    return any(service.status is ServiceStatus.IN_PROGRESS for service in deployment.services)


def test_a_second_signal_ends_it_at_once_and_the_next_run_converges() -> None:
    world, wanted = declared(RELEASE_DEPLOY)

    def twice(call: Call) -> None:
        call.run.signal()
        call.run.signal()

    world.before("runtime.redeploy", twice, nth=2)
    with pytest.raises(Killed):
        RELEASE_DEPLOY.act(world)
    assert deployments(world)[0].status is DeploymentStatus.IN_PROGRESS
    world.pass_time(1)

    assert_right(world, RELEASE_DEPLOY, wanted, RELEASE_DEPLOY.act(world))
