"""Worlds for tests of faults: a project in its own account of the worker's sandbox, behind its own proxy."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from tests import preloaded
from tests.faults_real.truth import Truth
from tests.proxy.server import Proxy
from tests.proxy.tool import PYTHON_M, CompletedRun, RunningTool, start, upstreams, write_project_file
from tests.sandboxes import Host
from weco_deploy.model.project import Project
from weco_deploy.sandbox.images import GOOD
from weco_deploy.sandbox.running import Sandbox, fill, new_state

SHORT_LEASE = ("--lock-lease", "8")
"""For runs that are killed: their lock expires after 8 seconds and the grace of 15."""
LONG_WAIT = ("--wait-for-lock", "90", "--lock-lease", "60")
"""For runs that must succeed, and perhaps wait for the lock of a killed run."""
FAST_POLLS = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "60")

_numbers = itertools.count(1)
Point = TypeVar("Point")


class World:
    """A project in an account of its own. `digests` has the newest digest of each image."""

    def __init__(self, sandbox: Sandbox, project: Project, proxy: Proxy, directory: Path) -> None:
        self.sandbox = sandbox
        self.project = project
        self.proxy = proxy
        self.truth = Truth(sandbox, project)
        self.digests: dict[str, str] = {}
        self._directory = directory
        self._runs: list[RunningTool] = []

    async def push(self, *image_ids: str, behaviour: str = GOOD) -> None:
        """Push new versions of these images, tagged `latest`."""
        for image_id in image_ids:
            pushed = await asyncio.to_thread(self.sandbox.push, image_id, behaviour)
            self.digests[image_id] = pushed.digest

    async def start(
        self, *arguments: str, proxy: Proxy | None = None, program: Sequence[str] | None = None
    ) -> RunningTool:
        """Start the tool, by default as a process whose imports were made before."""
        running = await start(
            self.sandbox,
            (proxy or self.proxy).endpoint,
            self._directory,
            *arguments,
            program=program or preloaded.program("weco_deploy"),
        )
        self._runs.append(running)
        return running

    async def run(self, *arguments: str) -> CompletedRun:
        """Run the tool to its end."""
        return await (await self.start(*arguments)).wait()

    async def run_with_process(
        self, process: asyncio.Future[asyncio.subprocess.Process], *arguments: str
    ) -> CompletedRun:
        """Run the tool, and set `process` so that handlers can kill it.

        A preloaded process would make calls until its parent hears that its client was killed.
        """
        running = await self.start(*arguments, program=PYTHON_M)
        process.set_result(running.process)
        return await running.wait()

    async def end(self) -> None:
        """Kill the runs that have not ended."""
        for running in self._runs:
            if running.process.returncode is None:
                running.process.kill()
                await running.process.wait()


@asynccontextmanager
async def worlds(
    host: Host, project: Project, directory: Path, number: int = 1
) -> AsyncIterator[list[World]]:
    """`number` worlds of the project, each steady. Kills their processes afterwards."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_world(host, project, directory)) for _ in range(number)]


@asynccontextmanager
async def _world(host: Host, project: Project, directory: Path) -> AsyncIterator[World]:
    account = _account()
    sandbox = Sandbox(directory=host.directory, state=new_state([project], host.ports, account))
    await asyncio.to_thread(fill, sandbox)
    working_directory = directory / account
    working_directory.mkdir()
    write_project_file(project, working_directory)
    async with Proxy(upstreams(sandbox)) as proxy:
        world = World(sandbox, project, proxy, working_directory)
        for image in project.images:
            digest = await world.truth.digest(image.id, "latest")
            assert digest is not None
            world.digests[image.id] = digest
        try:
            yield world
        finally:
            await world.end()


async def attempt_all(
    all_worlds: Sequence[World], points: Iterable[Point], attempt: Callable[[World, Point], Awaitable[None]]
) -> None:
    """Attempt every point. Each world makes an attempt at a time, while others wait for an expired lock."""
    remaining = deque(points)

    async def work(world: World) -> None:
        while remaining:
            await attempt(world, remaining.popleft())

    async with asyncio.TaskGroup() as group:
        for world in all_worlds:
            group.create_task(work(world))


def share(points: Iterable[Point], number: int, shares: int) -> list[Point]:
    """Every `shares`th point, from index `number` on."""
    return list(itertools.islice(points, number, None, shares))


def expected(world: World, digests: Mapping[str, str]) -> dict[str, set[str]]:
    """Service id → the digests that it must run with these images."""
    return {
        service_id: {digests[image_id] for image_id in image_ids}
        for service_id, image_ids in world.project.services.items()
    }


def _account() -> str:
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    return f"7{int(worker):03d}{next(_numbers):08d}"
