"""The number of AWS calls that a deployment makes, and how many of them wait for one another, counted by a proxy.

Ten images with two services each, in an account with many other clusters and services. The proxy delays every
call by 30 ms.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from tests.local_aws import LocalAws
from tests.proxy.calls import Call, longest_chain
from tests.proxy.rounds import Rounds
from tests.proxy.server import Proxy
from tests.proxy.tool import start, upstreams, write_project_file
from tests.sandboxes import Provisioned, place_of
from tests.world.projects import project
from weco_deploy.sandbox.running import Sandbox
from weco_deploy.sandbox.threads import side_by_side

IMAGES = {f"image-{n}": (f"service-{n}-a", f"service-{n}-b") for n in range(10)}
TEN = project(images=IMAGES, environments=("stage",), project_id="budget")
OTHER_CLUSTERS, SERVICES_IN_EACH = 12, 10

DELAY = 0.03
MOST_CALLS, LONGEST_CHAIN = 79, 12
"""On an idle machine the chain has 10 calls. On a busy machine up to two notes come between changes."""
ASSUMING_THE_ROLE = 1
LOOKING_AT_TAGS = 10
"""More calls for a project's first deployment: with nothing recorded, DescribeImages says what each image's tag points at."""
MAKING_THE_TABLE = 3
"""More calls for a project's first write: the table is created, described until it is ready, and written to."""


def crowd(sandbox: Sandbox) -> None:
    """Fill the account with clusters and services of other teams."""
    ecs = LocalAws.of(sandbox).ecs(place_of(sandbox))
    ecs.register_task_definition(
        family="other", containerDefinitions=[{"name": "other", "image": "other", "memory": 64}]
    )

    def fill(number: int) -> None:
        cluster = f"other-{number}"
        ecs.create_cluster(clusterName=cluster)
        for service in range(SERVICES_IN_EACH):
            tags = [
                {"key": "deployment:service", "value": f"other-{number}-{service}"},
                {"key": "deployment:env", "value": "stage"},
            ]
            ecs.create_service(
                cluster=cluster,
                serviceName=f"other-{service}",
                taskDefinition="other",
                desiredCount=0,
                tags=tags,  # type: ignore[arg-type]  # list is invariant
            )

    side_by_side(partial(fill, number) for number in range(OTHER_CLUSTERS))


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a deployment up to the end of its last UpdateService. Times are in seconds."""

    calls: tuple[Call, ...]
    chain: tuple[Call, ...]
    took: float
    redeploying: float

    def summary(self, title: str) -> str:
        names = Counter(call.name for call in self.calls)
        return (
            f"{title}: {len(self.calls)} calls, {len(self.chain)} one after another, {self.took:.2f} s, of which "
            f"{self.redeploying:.2f} s from the first to the last UpdateService\n"
            f"  one after another: {' → '.join(call.name for call in self.chain)}\n"
            f"  all: {', '.join(f'{number} {name}' for name, number in names.items())}"
        )


def cost_of(calls: Sequence[Call]) -> Cost:
    updates = [call for call in calls if call.name == "ecs:UpdateService"]
    assert len(updates) == 20
    last = max(updates, key=lambda call: call.arrived)
    until = [call for call in calls if call.arrived <= last.arrived]
    waited_for = [call for call in until if call is last or _ended(call) <= last.arrived]
    return Cost(
        calls=tuple(until),
        chain=tuple(longest_chain(waited_for)),
        took=max(map(_ended, updates)) - calls[0].arrived,
        redeploying=max(map(_ended, updates)) - updates[0].arrived,
    )


def _ended(call: Call) -> float:
    assert call.ended is not None
    return call.ended


def deployed(sandbox: Sandbox, directory: Path, rounds: Rounds | None = None) -> Cost:
    """Run `release-deploy` with a new version of each image, and return its cost."""
    for image_id in IMAGES:
        sandbox.push(image_id)

    async def scene() -> Cost:
        async with Proxy(upstreams(sandbox), DELAY, rounds) as proxy:
            arguments = ("release-deploy", "--environment-id", "stage", "--confirmation-interval", "1")
            running = await start(sandbox, proxy.endpoint, directory, *arguments)
            if rounds is not None:
                rounds.process = running.process.pid
            ran = await running.wait()
            assert ran.status == "succeeded", ran.log
            return cost_of(proxy.calls)

    return asyncio.run(scene())


def test_a_deployment_keeps_to_its_budget(
    provisioned: Provisioned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = provisioned(TEN)
    crowd(sandbox)
    write_project_file(TEN, tmp_path)

    first = deployed(sandbox, tmp_path, Rounds())
    later = deployed(sandbox, tmp_path, Rounds())
    timed = deployed(sandbox, tmp_path)

    with capsys.disabled():
        print(  # noqa: T201 - the figures are the purpose of this test
            f"\n{first.summary('the first ever')}\n{later.summary('a later one')}\n{timed.summary('a later one, timed')}"
        )
    for cost, most, longest in (
        (first, MOST_CALLS + LOOKING_AT_TAGS, LONGEST_CHAIN + MAKING_THE_TABLE),
        (later, MOST_CALLS, LONGEST_CHAIN),
    ):
        assert len(cost.calls) <= most, cost.summary("too many")
        assert len(cost.chain) <= longest, cost.summary("too many one after another")
    assert timed.redeploying <= 5.0, (
        "this takes half a second on an idle machine, and may take longer on a busy machine"
    )


def test_role_costs_one_call_more_in_the_chain_while_aws_is_asked_who_calls(
    provisioned: Provisioned, account: str, tmp_path: Path
) -> None:
    in_a_role = replace(TEN, role_arn=f"arn:aws:iam::4{account[1:]}:role/deployer")
    sandbox = provisioned(in_a_role)
    write_project_file(in_a_role, tmp_path)

    cost = deployed(sandbox, tmp_path, Rounds())

    made = Counter(call.name for call in cost.calls)
    assert (made["sts:AssumeRole"], made["sts:GetCallerIdentity"]) == (1, 1)
    assert len(cost.calls) <= MOST_CALLS + LOOKING_AT_TAGS + ASSUMING_THE_ROLE
    assert len(cost.chain) <= LONGEST_CHAIN + MAKING_THE_TABLE + ASSUMING_THE_ROLE, cost.summary("too many")
    assert not {"sts:AssumeRole", "sts:GetCallerIdentity"} <= {call.name for call in cost.chain}
