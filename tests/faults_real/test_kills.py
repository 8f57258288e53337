"""The tool is killed before and after its calls to AWS; then it is run again, and everything is right."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_right
from tests.faults_real.worlds import DEAD_SOON, PATIENT, WATCHED, World, in_lanes, share, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.deeds import killed_after, killed_before
from tests.sandboxes import Host
from tests.world.projects import FIVE_AND_EIGHT, project
from weco_deploy.model.project import Project

pytestmark = pytest.mark.faults

SHARES, LANES = 6, 4
UNCERTAIN = 2
"""So many calls fewer a run may make than the one that was counted: notes of the record come as there is time."""
EVERY_NTH_READ = 4
NEW = ("search", "transformer", "merger")
STAGE_ONLY = project({image.id: image.services for image in FIVE_AND_EIGHT.images}, environments=("stage",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command, and what the environment's images must be once it is done."""

    command: tuple[str, ...]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` brings a world to where the command has something to do.

    The command means the same if it is run again.
    """

    name: str
    project: Project
    environment: str
    prepare: Callable[[World], Awaitable[Wanted]]


async def new_images(world: World) -> Wanted:
    await world.push(*NEW)
    return Wanted(("release-deploy", "--environment-id", "stage"), dict(world.digests))


async def new_in_stage(world: World) -> Wanted:
    staged = await new_images(world)
    await deployed(world, staged)
    return Wanted(("promote", "--from", "stage", "--to", "prod"), staged.digests)


async def newer_than_before(world: World) -> Wanted:
    before = await new_images(world)
    release_id = await deployed(world, before)
    await deployed(world, await new_images(world))
    return Wanted(("rollback", "--environment-id", "stage", "--to-release", release_id), before.digests)


async def deployed(world: World, wanted: Wanted) -> str:
    """Run the command undisturbed; answers the release."""
    ran = await world.run(*wanted.command, *PATIENT, *WATCHED)
    assert ran.status == "succeeded", ran.told
    return str(ran.document["deployment"]["release_id"])


TO_STAGE = Scenario("a release to stage", STAGE_ONLY, "stage", new_images)
TO_PROD = Scenario("from stage to prod", FIVE_AND_EIGHT, "prod", new_in_stage)
BACK = Scenario("back to what ran before", STAGE_ONLY, "stage", newer_than_before)


@dataclass(frozen=True, slots=True)
class Point:
    """Kill at the `nth` call that changes something (or is a read), before or after AWS acts."""

    nth: int
    after: bool
    changes: bool = True

    def which(self, call: Call) -> bool:
        return call.changes == self.changes


async def calls_of(world: World, scenario: Scenario) -> Sequence[Call]:
    """The calls that it makes when nothing goes wrong."""
    wanted = await scenario.prepare(world)
    world.proxy.forget()
    ran = await world.run(*wanted.command, *PATIENT, *WATCHED)
    await assert_right(world, scenario.environment, wanted.digests, ran, "undisturbed")
    return world.proxy.calls


async def killed_and_made_good(world: World, scenario: Scenario, point: Point, count: Count) -> bool:
    """Whether it was killed: where the machine is slow it may have made a call less, and got to its end."""
    wanted = await scenario.prepare(world)
    world.proxy.forget()
    victim: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    deed = killed_after(victim) if point.after else killed_before(victim)
    world.proxy.on(point.which, deed, nth=point.nth)
    first = await world.run_with_victim(victim, *wanted.command, *DEAD_SOON, *WATCHED)
    killed = first.code == -9
    if not killed:
        await assert_right(world, scenario.environment, wanted.digests, first, point)
    world.proxy.forget()

    last = await world.run(*wanted.command, *PATIENT, *WATCHED)

    await assert_right(world, scenario.environment, wanted.digests, last, point)
    if killed:
        kind = "calls that change something" if point.changes else "reads"
        count(f"crash points {'after' if point.after else 'before'} {kind}", 1)
        count(f"crash points at {kind}", 1)
        count("runs that made a crash good", 1)
    return killed


def points(calls: Sequence[Call]) -> list[Point]:
    """Before and after every call that changes something; before or after a sample of the others.

    Before, after, after, before, and so on: reads are killed at in both ways.
    """
    changes = sum(call.changes for call in calls)
    reads = len(calls) - changes
    places = [(nth, True) for nth in range(1, changes + 1) for _ in range(2)]
    places += [(nth, False) for nth in range(1, reads + 1, EVERY_NTH_READ)]
    turns = itertools.cycle((False, True, True, False))
    return [Point(nth, after, changes) for (nth, changes), after in zip(places, turns, strict=False)]


@pytest.mark.parametrize("number", range(SHARES))
@pytest.mark.parametrize("scenario", [TO_STAGE, TO_PROD, BACK], ids=lambda scenario: scenario.name)
def test_a_run_that_was_killed_is_made_good_by_running_it_again(
    scenario: Scenario, number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    killed: list[bool] = []

    async def attempt(world: World, point: Point) -> None:
        killed.append(await killed_and_made_good(world, scenario, point, count))

    async def scene() -> None:
        async with worlds(sandbox_host, scenario.project, tmp_path, LANES) as lanes:
            every = points(await calls_of(lanes[0], scenario))
            await in_lanes(lanes, share(every, number, SHARES), attempt)

    asyncio.run(scene())

    assert killed
    assert killed.count(False) <= UNCERTAIN


def test_the_first_deployment_ever_survives_being_killed_while_its_table_is_made(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    killed: list[bool] = []

    async def attempt_first(world: World, point: Point) -> None:
        await world.truth.forget_table()
        killed.append(await killed_and_made_good(world, TO_STAGE, point, count))

    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, LANES) as lanes:
            early = [Point(nth, after) for nth in (1, 2, 3, 4) for after in (False, True)]
            await in_lanes(lanes, early, attempt_first)

    asyncio.run(scene())

    assert all(killed)
