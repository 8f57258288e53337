"""A crashing image is reported as soon as it is certain that it fails: with its exit code and last words."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults_real.worlds import World, worlds
from tests.figures import Count
from tests.proxy.tool import Ran
from tests.sandboxes import Host
from tests.world.projects import project
from weco_deploy.sandbox.behaviour import Behaviour

pytestmark = pytest.mark.faults

ONE = project({"search": ("search-api",)}, environments=("stage",))
INTERVAL = 5.0
COMMAND = ("release-deploy", "--environment-id", "stage", "--confirmation-interval", f"{INTERVAL:g}")
FAILED = re.compile(r"search-api \(.*?\) failed")
CRASH = Behaviour(exit_code=7, exits_after=0.3, lines=("connecting", "no database"))


async def first_time(condition: Callable[[], Awaitable[bool]]) -> float:
    """When it first held, in seconds since the epoch; looked for ten times a second."""
    while not await condition():
        await asyncio.sleep(0.1)
    return time.time()


async def breaker_tripped(world: World) -> bool:
    return bool((await world.truth.services("stage"))["search-api"].failed)


async def three_stopped(world: World) -> bool:
    tasks = (await world.truth.services("stage"))["search-api"].tasks
    crashed = [task for task in tasks if task.stop_code == "EssentialContainerExited"]
    return len(crashed) >= 3


async def reported(world: World, certain: Callable[[World], Awaitable[bool]]) -> float:
    """Deploy the crashing image; answers how many seconds after it was certain the failure was told."""
    await world.push("search", behaviour=CRASH)
    running = await world.begin(*COMMAND)
    watching = asyncio.create_task(first_time(lambda: certain(world)))
    ran = await running.ended()
    # The tool may have seen it just before this did; then it holds now.
    assert watching.done() or await certain(world), f"it was reported before it was certain\n{ran.told}"
    told = next(line.at for line in ran.progress if FAILED.search(line.text))
    assert_explained(ran)
    return told - await watching


def assert_explained(ran: Ran) -> None:
    assert (ran.code, ran.status) == (1, "failed"), ran.told
    (service,) = ran.document["deployment"]["services"]
    tasks = [failure for failure in service["failures"] if failure["kind"] == "task"]
    assert tasks, ran.told
    assert all(failure["exit_code"] == 7 for failure in tasks), ran.told
    assert any("no database" in failure["log_lines"] for failure in tasks), ran.told


@pytest.mark.parametrize("breaker", [True, False], ids=["with a breaker", "without a breaker"])
def test_a_crashing_image_is_reported_within_two_intervals_of_being_certain(
    breaker: bool, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def scene() -> float:
        async with worlds(sandbox_host, ONE, tmp_path) as (world,):
            if breaker:
                return await reported(world, breaker_tripped)
            await world.truth.without_breaker("stage", "search-api")
            return await reported(world, three_stopped)

    late = asyncio.run(scene())

    assert late <= 2 * INTERVAL
    count("crashing images reported in time", 1)
