"""Every call fails in every way that AWS, or the way to it, fails; then the tool is run again, and all is right."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_right
from tests.faults_real.test_kills import NEW, STAGE_ONLY
from tests.faults_real.worlds import DEAD_SOON, PATIENT, WATCHED, World, in_lanes, share, worlds
from tests.figures import Count
from tests.proxy import deeds
from tests.proxy.deeds import Deed
from tests.proxy.tool import Ran
from tests.sandboxes import Host
from weco_deploy.sandbox.behaviour import GOOD, Behaviour

pytestmark = pytest.mark.faults

SHARES, LANES = 12, 4
RELEASE_DEPLOY = ("release-deploy", "--environment-id", "stage")
DEPLOY_LATEST = ("deploy", "--release-id", "latest", "--environment-id", "stage")
NOT_LONG = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "15")

ONCE, LASTING = 1, 12
"""How many calls in a row fail: one that botocore tries again by itself, or more than it tries."""

PLANNING = (
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "dynamodb:GetItem",
    "dynamodb:TransactGetItems",
    "dynamodb:Query",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:BatchGetImage",
    "ecs:DescribeServices",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
)
WATCHING = ("ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks")
CHANGES = ("dynamodb:TransactWriteItems", "ecr:PutImage", "ecs:UpdateService")
MAKES_TABLE, RENEWS = "dynamodb:CreateTable", "dynamodb:UpdateItem"
SLOW = Behaviour(starts_after=5.0)
"""So slow that a short lease has to be renewed meanwhile."""
SOME_POLLS = Behaviour(starts_after=1.5)
"""So slow that no single poll finds all of it done."""

REFUSALS: dict[str, Deed] = {
    "throttled": deeds.throttled(),
    "503": deeds.refused(503, "ServiceUnavailable", "try later"),
    "denied": deeds.denied(),
    "expired": deeds.expired(),
    "malformed": deeds.malformed,
    "reset": deeds.reset,
}
"""AWS does not act."""
TRANSIENT: dict[str, Deed] = {
    "throttled": deeds.throttled(),
    "500": deeds.refused(500, "InternalFailure", "internal error"),
    "503": deeds.refused(503, "ServiceUnavailable", "try later"),
    "reset": deeds.reset,
    "lost": deeds.lost,
    "slow": deeds.slow(2.0),
}
"""What a deployment that is met by it once must get over by itself."""
PASSING = {way: TRANSIENT[way] for way in ("503", "reset", "slow")}
"""Those of them that reads are met by."""
ACTED: dict[str, Deed] = {"lost": deeds.lost, "garbled": deeds.garbled}
"""AWS acts, and does not get to say so."""


@dataclass(frozen=True, slots=True)
class Fault:
    """From the `nth` call of that name on, `times` calls go that way."""

    call: str
    way: str
    deed: Deed
    nth: int
    times: int

    @property
    def command(self) -> tuple[str, ...]:
        """A command that makes the call: what is latest is asked of an index."""
        return DEPLOY_LATEST if self.call == "dynamodb:Query" else RELEASE_DEPLOY

    @property
    def lease(self) -> tuple[str, ...]:
        return PATIENT if self.harmless and self.call != RENEWS else DEAD_SOON

    @property
    def images(self) -> Behaviour:
        """Images that keep the deployment going for long enough to make the call so often."""
        if self.call == RENEWS:
            return SLOW
        return SOME_POLLS if self.call in WATCHING and self.nth > 1 else GOOD

    @property
    def harmless(self) -> bool:
        """Whether the deployment must succeed in spite of it."""
        return self.times == ONCE and self.way in TRANSIENT

    @property
    def denies_what_is_needed(self) -> bool:
        """Whether the plan can't be made for lack of a permission (services can be found without the index)."""
        return (
            self.way == "denied"
            and self.call in PLANNING
            and self.nth == 1
            and self.call != "tag:GetResources"
        )


def every_fault() -> list[Fault]:
    return [
        *(Fault(call, "stalled", deeds.stalled, 1, ONCE) for call in ("ecr:BatchGetImage", *CHANGES)),
        *(Fault(call, way, deed, 1, LASTING) for call in PLANNING for way, deed in REFUSALS.items()),
        *(Fault(call, way, deed, 3, LASTING) for call in WATCHING for way, deed in REFUSALS.items()),
        *(
            Fault(call, way, deed, nth, LASTING)
            for call in CHANGES
            for way, deed in REFUSALS.items()
            for nth in (1, 2)
        ),
        *(Fault(call, way, deed, 1, ONCE) for call in PLANNING for way, deed in PASSING.items()),
        *(Fault(call, way, deed, 2, ONCE) for call in CHANGES for way, deed in TRANSIENT.items()),
        *(
            Fault(call, way, deed, nth, ONCE)
            for call in CHANGES
            for way, deed in ACTED.items()
            for nth in (1, 3)
        ),
        *(Fault(call, way, deed, 1, LASTING) for call in CHANGES for way, deed in ACTED.items()),
        *(
            Fault(call, way, deed, 1, LASTING)
            for call in (MAKES_TABLE, RENEWS)
            for way, deed in REFUSALS.items()
        ),
        *(
            Fault(call, way, deed, 1, ONCE)
            for call in (MAKES_TABLE, RENEWS)
            for way, deed in TRANSIENT.items()
        ),
    ]


async def attempt(world: World, fault: Fault, count: Count) -> None:
    await world.push(*NEW, behaviour=fault.images)
    if fault.call == MAKES_TABLE:
        await world.truth.forget_table()
    if fault.command == DEPLOY_LATEST:
        assert (await world.run("prepare")).code == 0
    world.proxy.forget()
    world.proxy.on(fault.call, fault.deed, nth=fault.nth, times=fault.times)
    first = await world.run(*fault.command, *fault.lease, *(WATCHED if fault.harmless else NOT_LONG))
    met = [call for call in world.proxy.calls if call.name == fault.call]
    assert len(met) >= fault.nth, f"{fault}: there was no such call\n{first.told}"
    await assert_told_truly(world, fault, first)
    count(f"faults: {fault.way}", 1)
    count("faults tried", 1)
    if first.code == 0:
        return
    world.proxy.forget()

    last = await world.run(*fault.command, *PATIENT, *WATCHED)

    await assert_right(world, "stage", world.digests, last, fault)


async def assert_told_truly(world: World, fault: Fault, first: Ran) -> None:
    """Success is claimed only if all is right; a failure says what failed."""
    said = f"{fault}\n{first.told}"
    if fault.harmless:
        assert first.status == "succeeded", said
    if first.code == 0 or first.status == "succeeded":
        await assert_right(world, "stage", world.digests, first, fault)
    if fault.denies_what_is_needed:
        assert (first.code, first.status) == (1, "access_denied"), said
        assert fault.call in first.document["error"]["message"], said
    if fault.way == "expired" and fault.nth == 1 and fault.call in PLANNING:
        assert (first.code, first.status) == (1, "no_credentials"), said
    assert "Traceback" not in first.told, said
    assert "internal error:" not in first.told, said


@pytest.mark.parametrize("number", range(SHARES))
def test_a_call_that_failed_is_told_and_made_good_by_running_it_again(
    number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, LANES) as lanes:
            mine = share(every_fault(), number, SHARES)
            await in_lanes(lanes, mine, lambda world, fault: attempt(world, fault, count))

    asyncio.run(scene())
