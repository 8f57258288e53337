"""The tool is killed before and after every change that it makes, and at every moment: the record says how far it got.

Then it is run again. `points.py` says why no other kill leaves anything else.
"""

from __future__ import annotations

import pytest

from tests.faults.points import kills
from tests.faults.progress import Before, assert_progress_recorded
from tests.faults.scenarios import SCENARIOS, UNCERTAIN, Scenario, assert_right, declared, made_by
from tests.figures import Count
from tests.world import Killed

SHARES = 2
"""Each scenario's points are spread over so many tests, which run side by side."""


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_run_that_was_killed_anywhere_is_recorded_as_far_as_it_got_and_made_good_by_running_it_again(
    scenario: Scenario, share: int, count: Count
) -> None:
    tried = missed = 0
    for cut, nth in kills(made_by(scenario))[share::SHARES]:
        world, wanted = declared(scenario)
        before = Before.of(world, scenario.environment)
        getattr(world, cut)(nth)
        try:
            done = scenario.act(world)
        except Killed:
            tried += 1
            assert_progress_recorded(world, scenario.environment, before, cut)
        else:
            missed += 1
            assert_right(world, scenario, wanted, done)
        world.pass_time(scenario.again_after)

        last = scenario.act(world)

        assert_right(world, scenario, wanted, last)
    assert tried > 0
    assert missed <= UNCERTAIN
    count(f"in process: kills at each change of {scenario.name}, made good", tried)
    count("in process: kills, made good", tried)
