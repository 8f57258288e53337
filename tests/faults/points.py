"""At which of a run's calls it is killed or fails: at those where something comes of it that comes of no other."""

from __future__ import annotations

from collections.abc import Sequence

from tests.world import Call

READS = frozenset(
    {
        "caller",
        "check_account",
        "clock.wait",
        "history.ancestry",
        "logs.read",
        "logs.tail",
        "registry.find",
        "registry.manifest_and_tag",
        "registry.repositories",
        "registry.statuses",
        "runtime.clusters",
        "runtime.defined",
        "runtime.describe",
        "runtime.protections",
        "runtime.resolved",
        "runtime.service_deployments",
        "runtime.services_in",
        "runtime.tagged",
        "runtime.targets",
        "runtime.tasks",
        "runtime.tasks_listed",
        "store.deployment",
        "store.deployments",
        "store.environment",
        "store.latest",
        "store.release",
        "store.step_runs",
        "tasks.begun",
        "tasks.definition",
        "tasks.task",
    }
)
"""The calls that change nothing. All others count as changes."""

FOR_EACH_IMAGE = frozenset({"registry.find", "registry.manifest_and_tag", "registry.statuses"})
"""Reads that are made for every image of the project, side by side, by the same code."""


def kills(calls: Sequence[Call]) -> list[tuple[str, int]]:
    """The kills of a run that makes these calls: how it is cut, and at which call, from 1.

    A run that is killed leaves nothing but what it has changed, and when. So it is killed before and after each change, and
    before the first call of each moment. Between two reads of the same moment it would leave what it left before the first.
    """
    points: list[tuple[str, int]] = []
    moment = None
    for nth, call in enumerate(calls, 1):
        changes = call.name not in READS
        if changes or call.at != moment:
            points.append(("cut_before", nth))
        if changes:
            points.append(("cut_after", nth))
        moment = call.at
    return points


def each_call(calls: Sequence[str], images: int) -> list[tuple[str, int]]:
    """These calls, by name and number among those of that name, from 1; of reads for each of the `images`, one."""
    return [
        (name, nth)
        for name in dict.fromkeys(calls)
        for nth in range(1, calls.count(name) + 1, images if name in FOR_EACH_IMAGE else 1)
    ]


def each_change(calls: Sequence[str]) -> list[tuple[str, int]]:
    """Those of the calls that change something, in the same way."""
    return each_call([name for name in calls if name not in READS], 1)
