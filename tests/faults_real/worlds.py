"""Worlds to disturb: a project in an account of its own on the worker's sandbox, behind a proxy of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.faults_real.truth import Truth
from tests.proxy.server import Proxy
from tests.proxy.tool import Ran, Running, begin, write_project_file
from tests.sandboxes import Host
from weco_deploy.model.project import Project
from weco_deploy.sandbox.behaviour import GOOD, Behaviour
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import CreatedServices
from weco_deploy.sandbox.running import Sandbox, fill, new_state
from weco_deploy.sandbox.threads import side_by_side

DEAD_SOON = ("--lock-lease", "8")
"""For runs that are killed: what they leave locked is free after so many seconds and the grace of 15."""
PATIENT = ("--wait-for-lock", "90", "--lock-lease", "60")
"""For runs that are to put things right."""
WATCHED = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "60")

_numbers = itertools.count(1)
Point = TypeVar("Point")


class World:
    """One project in one account. `digests` is what each image's newest version is."""

    def __init__(self, sandbox: Sandbox, project: Project, proxy: Proxy, directory: Path) -> None:
        self.sandbox = sandbox
        self.project = project
        self.proxy = proxy
        self.truth = Truth(sandbox, project)
        self.digests: dict[str, str] = {}
        self._directory = directory
        self._runs: list[Running] = []

    async def push(self, *image_ids: str, behaviour: Behaviour = GOOD) -> None:
        """New versions of these images, tagged `latest`."""
        for image_id in image_ids:
            pushed = await asyncio.to_thread(self.sandbox.push, image_id, behaviour)
            self.digests[image_id] = pushed.digest

    async def begin(self, *arguments: str, proxy: Proxy | None = None) -> Running:
        """Start the tool."""
        running = await begin(self.sandbox, (proxy or self.proxy).endpoint, self._directory, *arguments)
        self._runs.append(running)
        return running

    async def run(self, *arguments: str) -> Ran:
        """Run the tool to its end."""
        return await (await self.begin(*arguments)).ended()

    async def run_with_victim(
        self, victim: asyncio.Future[asyncio.subprocess.Process], *arguments: str
    ) -> Ran:
        """Run the tool and say which process it is, so that it can be killed."""
        running = await self.begin(*arguments)
        victim.set_result(running.process)
        return await running.ended()

    async def end(self) -> None:
        """Leave no process behind."""
        for running in self._runs:
            if running.process.returncode is None:
                running.process.kill()
                await running.process.wait()


@asynccontextmanager
async def worlds(
    host: Host, project: Project, directory: Path, number: int = 1
) -> AsyncIterator[list[World]]:
    """So many worlds of the project, each steady; their services are gone afterwards, and their processes."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_world(host, project, directory)) for _ in range(number)]


@asynccontextmanager
async def _world(host: Host, project: Project, directory: Path) -> AsyncIterator[World]:
    account = _account()
    sandbox = Sandbox(directory=host.directory, state=new_state([project], host.port, account, None))
    made = await asyncio.to_thread(fill, sandbox, [project], env_tags=True)
    place = directory / account
    place.mkdir()
    write_project_file(project, place)
    async with Proxy(sandbox.endpoint) as proxy:
        world = World(sandbox, project, proxy, place)
        for image in project.images:
            found = await world.truth.digest(image.id, "latest")
            assert found is not None
            world.digests[image.id] = found
        try:
            yield world
        finally:
            await world.end()
            await asyncio.to_thread(_discard, sandbox, made)


async def in_lanes(
    lanes: Sequence[World], points: Iterable[Point], attempt: Callable[[World, Point], Awaitable[None]]
) -> None:
    """Attempt every point, each world one at a time: while one waits for a dead lock, the others work."""
    left = deque(points)

    async def lane(world: World) -> None:
        while left:
            await attempt(world, left.popleft())

    async with asyncio.TaskGroup() as group:
        for world in lanes:
            group.create_task(lane(world))


def share(points: Iterable[Point], number: int, shares: int) -> list[Point]:
    """Each `shares`th of the points, from the given one on."""
    return list(itertools.islice(points, number, None, shares))


def expected(world: World, digests: Mapping[str, str]) -> dict[str, set[str]]:
    """What each service must run if the images are these."""
    return {
        service_id: {digests[image_id] for image_id in image_ids}
        for service_id, image_ids in world.project.services.items()
    }


def _account() -> str:
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    return f"7{int(worker):03d}{next(_numbers):08d}"


def _discard(sandbox: Sandbox, made: Sequence[CreatedServices]) -> None:
    """Tasks that run on cost the emulator time, which later tests would wait for."""
    aws = LocalAws(sandbox.endpoint)
    side_by_side(
        partial(aws.ecs(services.place).delete_service, cluster=services.cluster, service=name, force=True)
        for services in made
        for name in services.names
    )
