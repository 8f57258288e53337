"""Every history of the simulated ECS is one that the generator of adversarial histories allows.

The generator (`tests/rules/histories.py`) lets the events of a rollout happen in any order, and the rules of judging are tested
on its histories. So what it could not produce would be judged untested. Here a service of the simulated ECS is polled second
by second, and a search looks for events of the generator that lead from each poll to the next one.
"""

from __future__ import annotations

import copy
import itertools
import random
from collections.abc import Sequence
from enum import Enum

import pytest

from tests.rules.simulated_rollout import DESIRED_COUNTS, Rollout, SimulatedTask
from tests.rules.states import BEFORE, LATER, OLD, OURS
from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.projects import ONE_AND_ONE
from weco_deploy.model.service import EcsDeployment, Service

SEARCH = ("search-api", "stage")
SECONDS = 90
Counts = tuple[int, int]
Shown = tuple[str, str | None, int, tuple[tuple[str, Counts], ...]]
"""What a poll shows: the primary deployment, its rollout state, the desired count, and (running, pending) of each deployment."""


def shown(service: Service, roles: dict[str, str]) -> Shown:
    """What a poll shows, with the deployments named by their roles."""
    primary = service.primary
    assert primary is not None
    counts: dict[str, Counts] = {}
    for deployment in service.deployments:
        role = roles[deployment.id]
        running, pending = counts.get(role, (0, 0))
        counts[role] = (running + deployment.running, pending + deployment.pending)
    filled = {role: both for role, both in counts.items() if both != (0, 0)}
    return roles[primary.id], primary.rollout_state, service.desired, tuple(sorted(filled.items()))


IN_ROLES = {BEFORE: BEFORE, OURS: OURS, LATER: LATER}


class Roles:
    """Names the deployments of a service: ours, those before it, and those after it."""

    def __init__(self, ours: EcsDeployment) -> None:
        self._ours = ours

    def of(self, service: Service) -> dict[str, str]:
        return {deployment.id: self._role(deployment) for deployment in service.deployments}

    def several_later(self, service: Service) -> bool:
        return list(self.of(service).values()).count(LATER) > 1

    def _role(self, deployment: EcsDeployment) -> str:
        if deployment.id == self._ours.id:
            return OURS
        return LATER if deployment.created_at > self._ours.created_at else BEFORE


def explained(rollout: Rollout, wanted: Shown) -> Rollout | None:
    """A rollout of the generator that looks like the next poll, some events after this one; None if there is none."""
    rollout.crashes = 0  # how many crashes the generator makes is up to the verdict that a test expects of it
    if shown(rollout.described(), IN_ROLES) == wanted:
        return rollout
    for order, *ended in itertools.product(Order, range(5), range(5)):
        after = copy.deepcopy(rollout)
        _go_on(after, wanted, order, ended)
        if shown(after.described(), IN_ROLES) == wanted:
            return after
    return None


class Order(Enum):
    """When, within a second, a deployment completes or is replaced by another, and when its desired count changes."""

    AT_THE_BEGINNING = "first"
    COMPLETE_FIRST = "complete first"
    AT_THE_END = "last"


def _go_on(rollout: Rollout, wanted: Shown, order: Order, ended: Sequence[int]) -> None:
    """Let events happen that may lead to what the next poll shows. Of the primary's tasks so many end, of each kind."""
    primary, state, desired, shown_counts = wanted
    counts = {OURS: (0, 0), BEFORE: (0, 0), LATER: (0, 0), **dict(shown_counts)}
    rollout.count(0)
    if order is Order.COMPLETE_FIRST:
        rollout.complete(0)
    if order is not Order.AT_THE_END:
        _declare(rollout, primary, desired)
    for role, (running, pending) in counts.items():
        ends = ended if role == rollout.primary else (0, 0)
        _start(rollout, role, running)
        _end(rollout, role, running=running - ends[0], pending=pending - ends[1])
        if role == rollout.primary:
            _place(rollout, running + pending)
        _start(rollout, role, running)
    if order is Order.AT_THE_END:
        _declare(rollout, primary, desired)
    if state == "COMPLETED":
        rollout.complete(0)


def _declare(rollout: Rollout, primary: str, desired: int) -> None:
    """Let another deployment be primary, and so many tasks be desired. Surplus tasks need not stop within the second."""
    if primary != rollout.primary:
        if primary == LATER:
            rollout.supersede(0)
        else:
            rollout.roll_back(1)
    if desired != rollout.desired:
        rollout.scale(desired + DESIRED_COUNTS)


def _place(rollout: Rollout, tasks: int) -> None:
    """Place tasks of the primary deployment until there are so many, as far as there is room."""
    for _ in range(tasks):
        if len(rollout.of(rollout.primary)) < tasks:
            rollout.place(0)


def _start(rollout: Rollout, role: str, running: int) -> None:
    """Start tasks of a deployment until so many run, as far as there are any."""
    while len([task for task in rollout.of(role) if task.runs]) < running:
        starting = [task for task in rollout.tasks if not task.runs]
        if not any(task.of == role for task in starting):
            return
        rollout.start(next(number for number, task in enumerate(starting) if task.of == role))


def _end(rollout: Rollout, role: str, *, running: int, pending: int) -> None:
    """End tasks of a deployment until so many are left, running and pending."""
    for runs, left in ((True, running), (False, pending)):
        while len(there := [task for task in rollout.of(role) if task.runs is runs]) > max(0, left):
            rollout.reclaim(rollout.tasks.index(there[0]))


def beginning(service: Service) -> Rollout:
    """The generator's rollout that looks as the service does just after our deployment began."""
    old = sum(deployment.running for deployment in service.deployments if deployment is not service.primary)
    return Rollout(
        desired=service.desired,
        breaker=service.breaker,
        classic=False,
        daemon=service.scheduling == "DAEMON",
        tasks=[SimulatedTask(f"old{number}", BEFORE, OLD) for number in range(old)],
    )


def disturb(world: World, chance: random.Random, *, redeployed: bool) -> bool:
    """Let something happen to the service, now and then; say whether somebody has redeployed it.

    That happens at most once, as in the generator.
    """
    match chance.randrange(30):
        case 0:
            world.scale(*SEARCH, chance.randint(1, 3))
        case 1 if world.running(*SEARCH):
            world.stop_task(*SEARCH, chance.choice(["task-stopped", "spot-interruption"]))
        case 2 if not redeployed:
            world.somebody_redeploys(*SEARCH)
            return True
    return redeployed


def behaviour(chance: random.Random) -> Behaviour:
    return chance.choice([good(), good(), slow(40), crash(code=3), crash(at=5, code=3), unpullable()])


@pytest.mark.parametrize("seed", range(100))
def test_simulated_history_is_one_that_the_generator_allows(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's history, not a secret
    world = World.of(
        ONE_AND_ONE,
        desired=chance.randint(1, 3),
        breaker=chance.choice([True, False]),
        scheduling=chance.choice(["REPLICA", "REPLICA", "DAEMON"]),
    )
    world.point("search", "env.stage", world.push("search", behaviour(chance)))
    world.somebody_redeploys(*SEARCH)
    primary = world.look(*SEARCH).primary
    assert primary is not None
    roles = Roles(primary)
    redeployed = False
    rollout = beginning(world.look(*SEARCH))
    for second in range(SECONDS):
        service = world.look(*SEARCH)
        if roles.several_later(service):
            break  # ECS rolls somebody else's deployment back: the generator knows one later deployment
        wanted = shown(service, roles.of(service))
        following = explained(rollout, wanted)
        assert following is not None, (
            f"second {second}: {shown(rollout.described(), IN_ROLES)} does not lead to {wanted}"
        )
        rollout = following
        world.pass_time(1)
        redeployed = disturb(world, chance, redeployed=redeployed)


def test_history_that_ecs_never_makes_is_not_explained() -> None:
    rollout = Rollout(desired=2, breaker=True, classic=False, tasks=[SimulatedTask("old", BEFORE, OLD)])

    # Complete without a task, and more tasks than desired.
    assert explained(rollout, (OURS, "COMPLETED", 2, ((BEFORE, (1, 0)),))) is None
    assert explained(rollout, (OURS, "IN_PROGRESS", 2, ((BEFORE, (1, 0)), (OURS, (3, 0))))) is None
    assert explained(rollout, (OURS, "IN_PROGRESS", 2, ((BEFORE, (1, 0)), (OURS, (1, 0))))) is not None
