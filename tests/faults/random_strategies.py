"""The deployment strategies of services in random worlds: steps and bake times of minutes, and lifecycle hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.faults.chance import Chance

STAGES = ("PRE_SCALE_UP", "POST_SCALE_UP", "POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT")
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:check"


def add_strategy(options: dict[str, Any], chance: Chance) -> None:
    """Let ECS deploy a service with these options blue/green, linearly or as a canary."""
    strategy = chance.noted("service: strategy", ["BLUE_GREEN", "LINEAR", "CANARY"])
    options["strategy"] = strategy
    # Only rolling deployments have early success, and percentages that bind.
    configuration = options.setdefault("configuration", {})
    for rolling in ("earlySuccessCriteria", "minimumHealthyPercent", "maximumPercent"):
        configuration.pop(rolling, None)
    configuration["bakeTimeInMinutes"] = chance.choice([0, 1, 2])
    step = chance.choice([1, 2])
    if strategy == "LINEAR":
        percent = chance.choice([33.3, 50.0])
        configuration["linearConfiguration"] = {"stepPercent": percent, "stepBakeTimeInMinutes": step}
    if strategy == "CANARY":
        configuration["canaryConfiguration"] = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": step}
    configuration["lifecycleHooks"] = [
        *([_hook(chance, "AWS_LAMBDA")] if chance.happens(0.2, "service: Lambda hook") else ()),
        *([_hook(chance, "PAUSE")] if chance.happens(0.2, "service: PAUSE hook") else ()),
    ]


def _hook(chance: Chance, kind: str) -> Mapping[str, Any]:
    minutes, action = chance.choice([1, 3, 30]), chance.choice(["ROLLBACK", "CONTINUE"])
    timeout = {"timeoutInMinutes": minutes, "action": action}
    target = {"hookTargetArn": FUNCTION} if kind == "AWS_LAMBDA" else {}
    stages = [chance.choice(STAGES)]
    return {"targetType": kind, "lifecycleStages": stages, "timeoutConfiguration": timeout, **target}


def merge(options: dict[str, Any], added: Mapping[str, Any]) -> None:
    """Add options to those that were chosen before; of nested ones, the later value counts."""
    for name, value in added.items():
        if isinstance(value, Mapping):
            merge(options.setdefault(name, {}), value)
        else:
            options[name] = value
