"""Whatever becomes of the images and of the services meanwhile: each verdict is true, and no healthy release is rolled back.

The worlds have everything mixed in that `random_*.py` lists. The figures say in how many of them each thing occurred.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.faults.judged import Judged, judged
from tests.figures import Count

WORLDS = 500
SHARES = 4
FEW = 12
"""How many of them `make test` has, too."""


def counted(worlds: Iterable[Judged], count: Count) -> list[Judged]:
    """The worlds, with their figures counted: how often each situation occurred, and how the deployments ended."""
    found = list(worlds)
    for one in found:
        count("in process: deployments with random fates, judged rightly", 1)
        count("in process: verdicts on their services, each right", len(one.judge.verdicts))
        for situation in one.world.situations:
            count(f"random deployments with {situation}", 1)
        for verdict in one.judge.verdicts:
            count(f"random deployments, verdicts on services: {verdict}", 1)
        for ending in one.judge.endings:
            count(f"random deployments that ended {ending}", 1)
    return found


def findings(worlds: Iterable[Judged]) -> list[str]:
    return [f"seed {one.seed}: {finding}" for one in worlds for finding in one.judge.findings]


@pytest.mark.exhaustive
@pytest.mark.parametrize("share", range(SHARES))
def test_verdict_is_what_truly_runs_at_its_time(share: int, count: Count) -> None:
    worlds = counted((judged(seed) for seed in range(share, WORLDS, SHARES)), count)

    assert not findings(worlds), "\n".join(findings(worlds))
    verdicts = {verdict for one in worlds for verdict in one.judge.verdicts}
    assert verdicts >= {"succeeded", "failed", "superseded", "nothing_running"}
    endings = {ending for one in worlds for ending in one.judge.endings}
    assert endings >= {"succeeded", "failed", "timed_out", "rolled back", "refused"}


def test_verdicts_of_a_few_random_deployments_are_true() -> None:
    few = [judged(seed) for seed in range(FEW)]

    assert not findings(few), "\n".join(findings(few))
