"""Kills the tool before and after its calls to AWS, and then runs it again, which must succeed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_deployed
from tests.faults_real.worlds import FAST_POLLS, LONG_WAIT, SHORT_LEASE, World, attempt_all, share, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.handlers import killed_after, killed_before
from tests.sandboxes import Host
from tests.world.projects import FIVE_AND_EIGHT, project
from weco_deploy.model.project import Project

pytestmark = pytest.mark.faults

SHARES, WORLDS = 6, 4
MAX_MISSED = 2
"""How many fewer calls a run may make than the counted run: the number of notes in the record depends on time."""
EVERY_NTH_READ = 4
NEW_IMAGES = ("search", "transformer", "merger")
STAGE_ONLY = project({image.id: image.services for image in FIVE_AND_EIGHT.images}, environments=("stage",))


@dataclass(frozen=True, slots=True)
class Goal:
    """A command, and the environment's images after it."""

    command: tuple[str, ...]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A command to run in a world in which `prepare` gave it something to do.

    The command can be run again and then does the same.
    """

    name: str
    project: Project
    environment: str
    prepare: Callable[[World], Awaitable[Goal]]


async def new_images(world: World) -> Goal:
    await world.push(*NEW_IMAGES)
    return Goal(("release-deploy", "--environment-id", "stage"), dict(world.digests))


async def new_images_in_stage(world: World) -> Goal:
    goal = await new_images(world)
    await deploy(world, goal)
    return Goal(("promote", "--from", "stage", "--to", "prod"), goal.digests)


async def two_deployments(world: World) -> Goal:
    previous = await new_images(world)
    release_id = await deploy(world, previous)
    await deploy(world, await new_images(world))
    return Goal(("rollback", "--environment-id", "stage", "--to-release", release_id), previous.digests)


async def deploy(world: World, goal: Goal) -> str:
    """Run the command undisturbed; returns the release id."""
    run = await world.run(*goal.command, *LONG_WAIT, *FAST_POLLS)
    assert run.status == "succeeded", run.log
    return str(run.document["deployment"]["release_id"])


TO_STAGE = Scenario("a release to stage", STAGE_ONLY, "stage", new_images)
TO_PROD = Scenario("from stage to prod", FIVE_AND_EIGHT, "prod", new_images_in_stage)
BACK = Scenario("back to what run before", STAGE_ONLY, "stage", two_deployments)


@dataclass(frozen=True, slots=True)
class Point:
    """Kill at the `nth` change (or read), before or after AWS acts."""

    nth: int
    after: bool
    changes: bool = True

    def matches(self, call: Call) -> bool:
        return call.changes == self.changes


async def calls_of(world: World, scenario: Scenario) -> Sequence[Call]:
    """The calls of an undisturbed run."""
    goal = await scenario.prepare(world)
    world.proxy.reset()
    run = await world.run(*goal.command, *LONG_WAIT, *FAST_POLLS)
    await assert_deployed(world, scenario.environment, goal.digests, run, "undisturbed")
    return world.proxy.calls


async def kill_and_run_again(world: World, scenario: Scenario, point: Point, count: Count) -> bool:
    """Kill a run and run again; False if the first run made too few calls to be killed."""
    goal = await scenario.prepare(world)
    world.proxy.reset()
    process: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    handler = killed_after(process) if point.after else killed_before(process)
    world.proxy.on(point.matches, handler, nth=point.nth)
    first = await world.run_with_process(process, *goal.command, *SHORT_LEASE, *FAST_POLLS)
    killed = first.code == -9
    if not killed:
        await assert_deployed(world, scenario.environment, goal.digests, first, point)
    world.proxy.reset()

    last = await world.run(*goal.command, *LONG_WAIT, *FAST_POLLS)

    await assert_deployed(world, scenario.environment, goal.digests, last, point)
    if killed:
        kind = "calls that change something" if point.changes else "reads"
        count(f"crash points {'after' if point.after else 'before'} {kind}", 1)
        count(f"crash points at {kind}", 1)
        count("runs that made a crash good", 1)
    return killed


def points(calls: Sequence[Call]) -> list[Point]:
    """Before and after every change, and before or after a sample of the reads.

    The order before, after, after, before, … tries both before and after reads.
    """
    changes = sum(call.changes for call in calls)
    reads = len(calls) - changes
    chosen = [(nth, True) for nth in range(1, changes + 1) for _ in range(2)]
    chosen += [(nth, False) for nth in range(1, reads + 1, EVERY_NTH_READ)]
    after_or_before = itertools.cycle((False, True, True, False))
    return [
        Point(nth, after, changes) for (nth, changes), after in zip(chosen, after_or_before, strict=False)
    ]


@pytest.mark.parametrize("number", range(SHARES))
@pytest.mark.parametrize("scenario", [TO_STAGE, TO_PROD, BACK], ids=lambda scenario: scenario.name)
def test_killed_run_is_completed_by_a_second_run(
    scenario: Scenario, number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    killed: list[bool] = []

    async def attempt(world: World, point: Point) -> None:
        killed.append(await kill_and_run_again(world, scenario, point, count))

    async def main() -> None:
        async with worlds(sandbox_host, scenario.project, tmp_path, WORLDS) as all_worlds:
            all_points = points(await calls_of(all_worlds[0], scenario))
            await attempt_all(all_worlds, share(all_points, number, SHARES), attempt)

    asyncio.run(main())

    assert killed
    assert killed.count(False) <= MAX_MISSED


def test_first_deployment_killed_while_creating_its_table_is_completed_by_a_second_run(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    killed: list[bool] = []

    async def attempt_first(world: World, point: Point) -> None:
        await world.truth.delete_table()
        killed.append(await kill_and_run_again(world, TO_STAGE, point, count))

    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, WORLDS) as all_worlds:
            early = [Point(nth, after) for nth in (1, 2, 3, 4) for after in (False, True)]
            await attempt_all(all_worlds, early, attempt_first)

    asyncio.run(main())

    assert all(killed)
