"""AWS's answers about deployments that shift traffic, in our types. The oldest stubs that we support lack these keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from weco_deploy.aws.times import utc
from weco_deploy.model.lifecycle import PAUSE, Lifecycle, LifecycleHook, TrafficShift

USUAL_CANARY = (5.0, 10)
USUAL_LINEAR = (10.0, 6)
"""Percent and minutes of a step, where the configuration names none."""
USUAL_PAUSE = 1440
"""Minutes."""
BEFORE_EACH_STEP = "PRE_PRODUCTION_TRAFFIC_SHIFT"
"""The only stage at which a PAUSE is repeated: before each step."""
ALL = 100.0
SHIFTING = frozenset({"BLUE_GREEN", "LINEAR", "CANARY"})


def parse_traffic_shift(configuration: Mapping[str, Any]) -> TrafficShift:
    """How deployments with this `deploymentConfiguration` shift traffic."""
    strategy = configuration.get("strategy", "")
    minutes, steps = 0, 1
    if strategy == "CANARY":
        canary = configuration.get("canaryConfiguration", {})
        percent = canary.get("canaryPercent", USUAL_CANARY[0])
        minutes = canary.get("canaryBakeTimeInMinutes", USUAL_CANARY[1])
        steps = 2 if percent < ALL else 1
    elif strategy == "LINEAR":
        linear = configuration.get("linearConfiguration", {})
        percent = linear.get("stepPercent", USUAL_LINEAR[0])
        minutes = linear.get("stepBakeTimeInMinutes", USUAL_LINEAR[1])
        steps = -(-1000 // max(1, round(percent * 10)))
    return TrafficShift(
        steps=steps,
        step_bake=timedelta(minutes=minutes),
        bake=timedelta(minutes=configuration.get("bakeTimeInMinutes", 0)),
        pauses=tuple(_pauses(configuration, steps)) if strategy in SHIFTING else (),
    )


def parse_lifecycle(answer: Mapping[str, Any]) -> Lifecycle:
    """Where a service deployment is, as DescribeServiceDeployments returns it."""
    target = answer.get("targetServiceRevision", {})
    return Lifecycle(
        stage=answer.get("lifecycleStage", ""),
        test=target.get("requestedTestTrafficWeight", 0.0),
        production=target.get("requestedProductionTrafficWeight", 0.0),
        hooks=tuple(_hook(hook) for hook in answer.get("lifecycleHookDetails", ())),
    )


def _pauses(configuration: Mapping[str, Any], steps: int) -> Iterator[timedelta]:
    for hook in configuration.get("lifecycleHooks", ()):
        if hook.get("targetType") != PAUSE:
            continue
        minutes = hook.get("timeoutConfiguration", {}).get("timeoutInMinutes", USUAL_PAUSE)
        for stage in hook.get("lifecycleStages", ()):
            for _ in range(steps if stage == BEFORE_EACH_STEP else 1):
                yield timedelta(minutes=minutes)


def _hook(answer: Mapping[str, Any]) -> LifecycleHook:
    return LifecycleHook(
        kind=answer.get("targetType", ""),
        status=answer.get("status", ""),
        id=answer.get("hookId", ""),
        target=answer.get("targetArn", ""),
        expires_at=utc(answer.get("expiresAt")),
        at_timeout=answer.get("timeoutAction", ""),
    )
