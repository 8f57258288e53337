"""The stages of ECS's native strategies BLUE_GREEN, LINEAR and CANARY: a pure list of steps from a configuration.

A new revision (green) is scaled up beside the old one (blue), gets test traffic, then production traffic: all at once
(BLUE_GREEN), in equal steps (LINEAR), or a small part first (CANARY). Both run until the bake time is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from weco_deploy.sandbox.ecs.state import Json

NATIVE = frozenset({"BLUE_GREEN", "LINEAR", "CANARY"})
RECONCILE, SCALE_UP, CLEAN_UP = "RECONCILE_SERVICE", "SCALE_UP", "CLEAN_UP"
TEST_SHIFT, PRODUCTION_SHIFT = "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"
NO_PAUSE = frozenset({TEST_SHIFT, PRODUCTION_SHIFT})
"""Stages at which a hook can't pause."""
ALL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a deployment.

    Attributes:
        stage: the lifecycle stage that DescribeServiceDeployments answers.
        hooks: the stage whose hooks run in this step; empty if none can.
        test: the weight of test traffic that green gets as the step begins; None: as before.
        production: the same of production traffic.
        minutes: how long the step lasts once its hooks are done, besides what each step takes.

    """

    stage: str
    hooks: str = ""
    test: float | None = None
    production: float | None = None
    minutes: int = 0


def steps(configuration: Json, *, reconciles: bool) -> tuple[Step, ...]:
    """The steps of a deployment with this `deploymentConfiguration`; none if it is ROLLING.

    `reconciles`: several revisions run as it begins, because a deployment before it did not end.
    """
    if configuration.get("strategy") not in NATIVE:
        return ()
    return tuple(_steps(configuration, reconciles=reconciles))


def _steps(configuration: Json, *, reconciles: bool) -> Iterator[Step]:
    if reconciles:
        yield _with_hooks(RECONCILE)
    yield _with_hooks("PRE_SCALE_UP")
    yield Step(stage=SCALE_UP)
    yield _with_hooks("POST_SCALE_UP")
    yield Step(stage=TEST_SHIFT, hooks=TEST_SHIFT, test=ALL)
    yield _with_hooks("POST_TEST_TRAFFIC_SHIFT")
    for weight, minutes in shifts(configuration):
        # `lifecycleStage` has no word for the stage before a shift, which hooks have.
        yield Step(stage=PRODUCTION_SHIFT, hooks="PRE_PRODUCTION_TRAFFIC_SHIFT")
        yield Step(stage=PRODUCTION_SHIFT, hooks=PRODUCTION_SHIFT, production=weight, minutes=minutes)
    yield _with_hooks("POST_PRODUCTION_TRAFFIC_SHIFT")
    yield Step(stage="BAKE_TIME", minutes=configuration.get("bakeTimeInMinutes", 0))
    yield Step(stage=CLEAN_UP)


def shifts(configuration: Json) -> Iterator[tuple[float, int]]:
    """The weights of production traffic, one after the other, each with the minutes that pass before the next."""
    match configuration["strategy"]:
        case "CANARY":
            canary = configuration.get("canaryConfiguration", {})
            first, minutes = canary.get("canaryPercent", 5.0), canary.get("canaryBakeTimeInMinutes", 10)
            if first < ALL:
                yield first, minutes
        case "LINEAR":
            linear = configuration.get("linearConfiguration", {})
            percent, minutes = linear.get("stepPercent", 10.0), linear.get("stepBakeTimeInMinutes", 6)
            # Counted in tenths of a percent: the sum of floats may miss 100.
            tenths = round(percent * 10)
            for weight in range(tenths, 1000, tenths):
                yield weight / 10, minutes
    yield ALL, 0


def _with_hooks(stage: str) -> Step:
    return Step(stage=stage, hooks=stage)
