"""The number of calls that `status` makes one after another, for fifty images in three environments.

A proxy counts AWS calls of the whole command. The in-memory world counts calls of ports, and tells what they are for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.operations.runs import release_deploy
from tests.proxy.calls import Call, longest_chain
from tests.proxy.rounds import Rounds
from tests.proxy.server import Proxy
from tests.proxy.tool import start, upstreams, write_project_file
from tests.sandboxes import Provisioned
from tests.world import World
from tests.world.projects import project
from weco_deploy.operations.status import status
from weco_deploy.sandbox.running import Sandbox

LONGEST_CHAIN = 9
DELAY = 0.03
"""Seconds by which the proxy delays each call."""
FIFTY = project(
    {f"image-{number}": [f"service-{number}"] for number in range(50)}, environments=("stage", "test", "prod")
)


@pytest.fixture(scope="module")
def fifty() -> World:
    """The project after a deployment to each environment."""
    world = World.of(FIFTY)
    for image in FIFTY.images:
        world.push(image.id)
    for environment in FIFTY.environments:
        release_deploy(world, environment.id)
    return world


def test_status_of_many_images_keeps_to_its_budget(fifty: World) -> None:
    ports = fifty.ports()
    before = len(fifty.calls)
    fifty.measure_rounds()

    found = status(ports, None)

    assert found.healthy
    assert len(fifty.rounds) <= LONGEST_CHAIN, fifty.rounds
    made = [call.name for call in fifty.calls[before:]]
    assert made.count("registry.tagged") == 50  # one for each repository, whatever the number of environments
    assert made.count("registry.find") == 0  # the records know all commits
    assert made.count("runtime.resolved") == 0  # the tasks tell what runs


def test_status_with_drift_everywhere_keeps_to_its_budget(fifty: World) -> None:
    for image in FIFTY.images:
        fifty.push(image.id)
        fifty.point(image.id, "env.prod", fifty.tag(image.id, "latest") or "")
    ports = fifty.ports()
    before = len(fifty.calls)
    fifty.measure_rounds()

    found = status(ports, None)

    assert len(found.readable["prod"].drifts) == 50
    # The tasks still run what was deployed.
    assert not any(call.name == "runtime.resolved" for call in fifty.calls[before:])
    # ECR is asked for the commits of fifty unknown digests, sixteen at once. Other reads share the workers, so that may
    # take a round or two more.
    assert len(fifty.rounds) <= LONGEST_CHAIN + 2, fifty.rounds


def run(sandbox: Sandbox, directory: Path, *arguments: str) -> tuple[Sequence[Call], Mapping[str, Any]]:
    """Run a command behind the proxy; its calls and its document."""

    async def scene() -> tuple[Sequence[Call], Mapping[str, Any]]:
        rounds = Rounds()
        async with Proxy(upstreams(sandbox), DELAY, rounds) as proxy:
            running = await start(sandbox, proxy.endpoint, directory, *arguments)
            rounds.process = running.process.pid
            ran = await running.wait()
            assert ran.code == 0, ran.log
            return proxy.calls, ran.document

    return asyncio.run(scene())


def test_status_command_keeps_to_its_budget_before_and_after_the_first_deployment(
    provisioned: Provisioned, tmp_path: Path
) -> None:
    sandbox = provisioned(FIFTY)
    write_project_file(FIFTY, tmp_path)

    for deployed in (False, True):
        if deployed:
            run(sandbox, tmp_path, "release-deploy", "--environment-id", "stage")
        calls, document = run(sandbox, tmp_path, "status")
        chain = [call.name for call in longest_chain(calls)]
        assert len(chain) <= LONGEST_CHAIN, (chain, Counter(call.name for call in calls))
        images = document["environments"]["stage"]["images"].values()
        assert all(image["tagged"]["commit"] and image["running"] for image in images)
        # Until a record knows the commits, ECR is asked for them.
        assert sum(call.name == "ecr:DescribeImages" for call in calls) == (0 if deployed else 50)
