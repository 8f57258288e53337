"""The tool is killed before and after every call that it makes; then it is run again."""

from __future__ import annotations

import pytest

from tests.faults.scenarios import SCENARIOS, Scenario, assert_right, calls_of, declared
from tests.figures import Count
from tests.world import Killed

SHARES = 4
"""Each scenario's points are spread over so many tests, which run side by side."""


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_run_that_was_killed_anywhere_is_made_good_by_running_it_again(
    scenario: Scenario, share: int, count: Count
) -> None:
    tried = 0
    for nth in range(1 + share, len(calls_of(scenario)) + 1, SHARES):
        for cut in ("cut_before", "cut_after"):
            world, wanted = declared(scenario)
            getattr(world, cut)(nth)
            with pytest.raises(Killed):
                scenario.act(world)
            tried += 1
            world.pass_time(1)

            last = scenario.act(world)

            assert_right(world, scenario, wanted, last)
    assert tried > 0
    count(f"in process: kills at each call of {scenario.name}, made good", tried)
