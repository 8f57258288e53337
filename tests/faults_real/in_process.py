"""How many points the in-process tests of faults try: `python -m tests.faults_real.in_process` prints it."""

from __future__ import annotations

from fnmatch import fnmatchcase

from tests.faults import test_random_fates, test_undo_cuts
from tests.faults.scenarios import SCENARIOS, calls_of
from tests.faults.test_failing_calls import DOORS, WAYS

CUTS = 2
"""Before and after the call acts."""


def main() -> None:
    for scenario in SCENARIOS:
        calls = calls_of(scenario)
        reaching_aws = sum(fnmatchcase(name, door) for name in calls for door in DOORS)
        _tell(scenario.name, f"{CUTS * len(calls)} crash points, {len(WAYS) * reaching_aws} faults")
    _tell("release-deploy --rollback-on-failure", f"{CUTS * test_undo_cuts.calls()} crash points")
    _tell("random fates", f"{test_random_fates.WORLDS} deployments")


def _tell(what: str, figures: str) -> None:
    print(f"{what:40}{figures}")  # noqa: T201 - the figures are what one runs it for


if __name__ == "__main__":
    main()
