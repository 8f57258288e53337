"""A crashing image is reported as soon as its failure is certain, with exit code and last log lines."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults_real.worlds import World, worlds
from tests.figures import Count
from tests.proxy.tool import CompletedRun
from tests.sandboxes import Host
from tests.world.projects import project

pytestmark = pytest.mark.faults

SHOP = project({"search": ("search-api",)}, environments=("stage",))
INTERVAL = 5.0
COMMAND = ("release-deploy", "--environment-id", "stage", "--confirmation-interval", f"{INTERVAL:g}")
FAILED = re.compile(r"search-api \(.*?\) failed")
CRASH = "crash=7,lines=connecting|no database"


async def time_of(condition: Callable[[], Awaitable[bool]]) -> float:
    """When the condition first held, in seconds since the epoch; checks ten times a second."""
    while not await condition():
        await asyncio.sleep(0.1)
    return time.time()


async def breaker_tripped(world: World) -> bool:
    return bool((await world.truth.services("stage"))["search-api"].failed)


async def three_stopped(world: World) -> bool:
    tasks = (await world.truth.services("stage"))["search-api"].tasks
    crashed = [task for task in tasks if task.stop_code == "EssentialContainerExited"]
    return len(crashed) >= 3


async def seconds_to_report(world: World, certain: Callable[[World], Awaitable[bool]]) -> float:
    """Deploy the crashing image; returns the seconds from certainty to the report of the failure."""
    await world.push("search", behaviour=CRASH)
    running = await world.start(*COMMAND)
    watching = asyncio.create_task(time_of(lambda: certain(world)))
    run = await running.wait()
    # The tool may have noticed just before this test did; then the condition holds now.
    assert watching.done() or await certain(world), f"reported before it was certain\n{run.log}"
    reported = next(line.at for line in run.progress if FAILED.search(line.text))
    assert_explained(run)
    return reported - await watching


def assert_explained(run: CompletedRun) -> None:
    assert (run.code, run.status) == (1, "failed"), run.log
    (service,) = run.document["deployment"]["services"]
    tasks = [failure for failure in service["failures"] if failure["kind"] == "task"]
    assert tasks, run.log
    assert all(failure["exit_code"] == 7 for failure in tasks), run.log
    assert any("no database" in failure["log_lines"] for failure in tasks), run.log


@pytest.mark.parametrize("breaker", [True, False], ids=["with a breaker", "without a breaker"])
def test_crashing_image_is_reported_within_two_intervals_of_certainty(
    breaker: bool, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def main() -> float:
        async with worlds(sandbox_host, SHOP, tmp_path) as (world,):
            if breaker:
                return await seconds_to_report(world, breaker_tripped)
            await world.truth.disable_breaker("stage", "search-api")
            return await seconds_to_report(world, three_stopped)

    delay = asyncio.run(main())

    assert delay <= 2 * INTERVAL
    count("crashing images reported in time", 1)
