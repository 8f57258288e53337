"""In every generated history, success is reported if and only if it happened."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.rules.histories import (
    GOES_ON,
    GOES_WELL,
    GOES_WRONG,
    ROLLING,
    Step,
    Watched,
    rollouts,
    steps,
)
from tests.rules.simulated_rollout import Rollout, SimulatedTask
from tests.rules.states import (
    BEFORE,
    CHILD,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    active,
    container,
    primary,
    service,
    stopped,
    task,
    track,
    view,
)
from weco_deploy.model.deployment import GOOD, ServiceStatus
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM_PREVIOUS
from weco_deploy.rules.rollout.rolling import advance

T = TypeVar("T")

RIGHT = {NEW, CHILD}
IDS = st.sampled_from([BEFORE, OURS, OURS, OURS, LATER])
COUNTS = st.integers(0, 3)
STATES = st.sampled_from(["COMPLETED", "COMPLETED", "IN_PROGRESS", "FAILED", None, "SOMETHING_NEW"])
DIGESTS = st.sampled_from([NEW, NEW, NEW, CHILD, OLD, OTHER, None])
CONTAINERS = st.one_of(
    st.builds(container, DIGESTS), st.builds(container, DIGESTS, st.just("proxy:1"), st.just("proxy"))
)
TASKS = st.builds(
    task,
    st.text("abc", min_size=1, max_size=3),
    of=st.one_of(IDS, st.none()),
    status=st.sampled_from(["RUNNING", "RUNNING", "RUNNING", "PENDING", "DEACTIVATING"]),
    containers=st.lists(CONTAINERS, min_size=1, max_size=2),
)
ENDED = st.builds(
    stopped, st.text("abc", min_size=1, max_size=3), of=IDS, code=st.sampled_from(["", "UserInitiated"])
)
SERVICES = st.builds(
    service,
    desired=COUNTS,
    running=COUNTS,
    pending=st.sampled_from([0, 0, 0, 1]),
    status=st.sampled_from(["ACTIVE", "ACTIVE", "ACTIVE", "DRAINING", "INACTIVE", "SOMETHING_NEW"]),
    scheduling=st.sampled_from(["REPLICA", "DAEMON"]),
    breaker=st.booleans(),
    deployments=st.tuples(
        st.lists(st.builds(primary, IDS, state=STATES), max_size=1),
        st.lists(st.builds(active, IDS, state=STATES, running=COUNTS), max_size=2),
    ).map(lambda both: [*both[0], *both[1]]),
)
ANYTHING = st.one_of(
    st.none(), st.builds(view, SERVICES, st.none() | st.lists(TASKS, max_size=3), st.none() | st.lists(ENDED))
)


def mostly(right: T, *others: T) -> st.SearchStrategy[T]:
    return st.sampled_from([*[right] * (12 * len(others)), *others])


NEARLY_RIGHT_TASKS = st.builds(
    task,
    st.text("abc", min_size=1, max_size=3),
    of=mostly(OURS, BEFORE, LATER, None),
    digest=mostly(NEW, CHILD, OLD, OTHER, None),
    status=mostly("RUNNING", "PENDING"),
)
NEARLY_DONE = st.builds(
    view,
    st.builds(
        service,
        desired=mostly(2, 0, 1, 3),
        running=mostly(2, 1, 3),
        pending=mostly(0, 1),
        breaker=st.booleans(),
        deployments=st.tuples(
            st.builds(primary, mostly(OURS, BEFORE, LATER), state=mostly("COMPLETED", "IN_PROGRESS", None)),
            st.builds(active, mostly(BEFORE, LATER), running=mostly(0, 1), pending=mostly(0, 1)),
        ),
    ),
    st.lists(NEARLY_RIGHT_TASKS, min_size=2, max_size=2) | st.lists(NEARLY_RIGHT_TASKS, max_size=3),
)


def runs_the_release(poll: ServiceView) -> bool:
    """Whether one poll shows everything that success requires, written independently of the rules."""
    deployments = {
        deployment.id: deployment for deployment in poll.service.deployments if deployment.status == "PRIMARY"
    }
    if set(deployments) != {OURS} or poll.tasks is None:
        return False
    others = [deployment for deployment in poll.service.deployments if deployment.status != "PRIMARY"]
    up = [task for task in poll.tasks if task.status == "RUNNING"]
    digests = [
        container.digest
        for task in up
        for container in task.containers
        if container.image.endswith("/search:env.stage")
    ]
    desired, ours = poll.service.desired, deployments[OURS]
    scales_in = ours.rollout_state == "COMPLETED" and ours.running == poll.service.running > desired
    all_run = len(up) == poll.service.running == desired or (scales_in and len(up) >= desired)
    return (
        ours.rollout_state in ("COMPLETED", None)
        and all_run
        and desired > 0
        and poll.service.pending == 0
        and all(deployment.running == deployment.pending == 0 for deployment in others)
        and bool(digests)
        and set(digests) <= RIGHT
        and all(task.deployment_id in (OURS, None) for task in up)
    )


@settings(max_examples=4 * settings().max_examples)
@given(st.lists(st.one_of(NEARLY_DONE, ANYTHING), max_size=6))
def test_success_is_reported_only_if_the_poll_shows_everything_it_requires(
    polls: list[ServiceView | None],
) -> None:
    now = track(*RIGHT)
    before: ServiceView | None = None
    for poll in polls:
        was_settled, now = now.settled, advance(now, poll)
        if now.settled and not was_settled:
            event(now.status)
        if now.status is ServiceStatus.SUCCEEDED and not was_settled:
            assert poll is not None
            assert runs_the_release(poll)
            ours = poll.service.primary
            if ours is not None and ours.rollout_state is None:
                assert before is not None
                assert runs_the_release(before)
        if now.status is ServiceStatus.NOTHING_RUNNING and not was_settled:
            assert poll is not None
            assert (poll.service.desired, poll.service.running, poll.service.pending) == (0, 0, 0)
        before = poll


def belongs_to_release(rollout: Rollout, task: SimulatedTask) -> bool:
    """Whether it is a task of ours, or of a later deployment, with a digest of the release."""
    return task.of in (OURS, LATER) and task.digest in rollout.digests


@settings(max_examples=4 * settings().max_examples)
@given(rollouts(), steps(*GOES_WELL))
def test_history_that_ends_in_steady_state_with_the_right_digests_succeeds(
    rollout: Rollout, history: list[Step]
) -> None:
    watched = Watched(rollout)
    if watched.settles_within(history):
        assert watched.track.status in GOOD, watched.track.reason
        if watched.track.status is ServiceStatus.SUCCEEDED:
            assert all(belongs_to_release(rollout, task) for task in rollout.tasks if task.runs)
        else:
            assert watched.idle
        event(f"{watched.track.status} before the end")
        return
    watched.to_the_end()
    event(f"{watched.track.status} in the end")
    expected = ServiceStatus.SUCCEEDED if rollout.desired else ServiceStatus.NOTHING_RUNNING
    assert watched.track.status is expected, watched.track.state


@settings(max_examples=4 * settings().max_examples)
@given(rollouts(), steps(*GOES_WRONG))
def test_history_is_no_success_while_another_digest_or_deployment_runs(
    rollout: Rollout, history: list[Step]
) -> None:
    watched = Watched(rollout)
    if not watched.settles_within(history):
        watched.to_the_end()
    event(watched.track.status)
    if watched.track.status is ServiceStatus.SUCCEEDED:
        running = [task for task in rollout.tasks if task.runs and task.wanted]
        assert all(belongs_to_release(rollout, task) for task in running)
    if watched.track.status is ServiceStatus.NOTHING_RUNNING:
        assert watched.idle
    if watched.track.status is ServiceStatus.FAILED:
        wrong = any(task.of == OURS and task.digest not in rollout.digests for task in rollout.tasks)
        assert wrong or rollout.rolled_back
    if watched.track.status is ServiceStatus.SUPERSEDED:
        assert rollout.primary == LATER
        assert not rollout.rolled_back


@settings(max_examples=2 * settings().max_examples)
@given(rollouts(), steps(*GOES_WELL))
def test_history_with_a_later_deployment_ends_as_that_unless_its_digests_are_others(
    rollout: Rollout, history: list[Step]
) -> None:
    watched = Watched(rollout)
    for step in history:
        watched.step(step)
    before = watched.track.status
    watched.step(Step("supersede", 0, 0))
    watched.to_the_end()
    event(f"{before}, then {watched.track.status}")
    assert watched.track.status is (before if before in GOOD else later_verdict(rollout)), watched.track.state


def later_verdict(rollout: Rollout) -> ServiceStatus:
    """What a later deployment that has ended means for ours."""
    if not rollout.desired:
        return ServiceStatus.NOTHING_RUNNING
    right = all(task.digest in rollout.digests for task in rollout.of(LATER))
    return ServiceStatus.SUCCEEDED if right else ServiceStatus.SUPERSEDED


@settings(max_examples=4 * settings().max_examples)
@given(rollouts(ROLLING, breakers=(True,)), steps(*GOES_ON), st.integers(0, 9))
def test_history_that_ecs_rolls_back_after_our_deployment_was_listed_ends_failed(
    rollout: Rollout, history: list[Step], which: int
) -> None:
    watched = Watched(rollout)
    watched.poll()
    for step in history:
        watched.step(step)
    before = watched.track.status
    watched.step(Step("roll_back", which, 0))
    if before not in GOOD and rollout.of(OURS):
        assert watched.track.status is ServiceStatus.FAILED, (
            "ECS lists ours as failed as long as it has tasks"
        )
    watched.to_the_end(polls=POLLS_TO_CONFIRM_PREVIOUS)
    event(f"{before}, then {watched.track.status}")
    expected = before if before in GOOD else ServiceStatus.FAILED
    assert watched.track.status is expected, watched.track.state
