"""Decides which of a step's runs are kept in its record."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.steps import StepRun

MOST_RUNS = 200
"""How many runs of a step are kept, about 400 bytes each: an item holds 400 KB."""


def with_run(runs: Sequence[StepRun], run: StepRun) -> tuple[StepRun, ...]:
    """The runs with `run` as the newest, in place of what was known of it. It is identified by its token."""
    others = [known for known in runs if known.token != run.token]
    return (*others, run)[-MOST_RUNS:]


def newest_with(runs: Sequence[StepRun], key: str) -> StepRun | None:
    """The newest run with this key."""
    return next((run for run in reversed(runs) if run.key == key), None)
