"""Checks whether this machine has the programs of the checks after a rollout."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from weco_deploy.model.checks import Check, Result
from weco_deploy.model.project import Environment
from weco_deploy.model.rollout_check import Program
from weco_deploy.rules.doctor.findings import problems_or_ok

ID = "rollout_checks"


def programs(environments: Sequence[Environment]) -> frozenset[str]:
    """The programs that the checks of these environments run."""
    return frozenset(
        check.probe.arguments[0]
        for environment in environments
        for check in environment.checks
        if isinstance(check.probe, Program)
    )


def rollout_checks(environments: Sequence[Environment], missing: Collection[str]) -> Iterator[Check]:
    """The checks of these environments, with the programs that this machine lacks; nothing if there are none."""
    if names := ", ".join(environment.id for environment in environments if environment.checks):
        yield from problems_or_ok(
            ID, _problems(environments, missing), f"{names}: every check after a rollout can run"
        )


def _problems(environments: Sequence[Environment], missing: Collection[str]) -> Iterator[Check]:
    for environment in environments:
        for check in environment.checks:
            if isinstance(check.probe, Program) and check.probe.arguments[0] in missing:
                # The machine that deploys may be another one.
                yield Check(
                    ID,
                    Result.WARN,
                    f"{environment.id}: {check.id}: this machine has no program {check.probe.arguments[0]}",
                    "install it where deployments run, or correct the path, which begins in the directory of the run",
                )
