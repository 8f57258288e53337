"""What ECS answers about deployments that shift traffic, in our types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from weco_deploy.aws.lifecycle_answers import parse_lifecycle, parse_traffic_shift
from weco_deploy.model.lifecycle import ALL_AT_ONCE, NO_LIFECYCLE, Lifecycle, LifecycleHook, TrafficShift

EXPIRES = datetime(2026, 5, 6, 15, 10, tzinfo=UTC)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({}, ALL_AT_ONCE),
        ({"strategy": "ROLLING", "bakeTimeInMinutes": 0}, ALL_AT_ONCE),
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 60}, TrafficShift(bake=minutes(60))),
        ({"strategy": "CANARY"}, TrafficShift(steps=2, step_bake=minutes(10))),
        (
            {
                "strategy": "CANARY",
                "canaryConfiguration": {"canaryPercent": 100.0, "canaryBakeTimeInMinutes": 3},
            },
            TrafficShift(step_bake=minutes(3)),
        ),
        ({"strategy": "LINEAR"}, TrafficShift(steps=10, step_bake=minutes(6))),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 33.3, "stepBakeTimeInMinutes": 2}},
            TrafficShift(steps=4, step_bake=minutes(2)),
        ),
    ],
)
def test_configuration_tells_in_which_steps_traffic_shifts(
    configuration: dict[str, Any], expected: TrafficShift
) -> None:
    assert parse_traffic_shift(configuration) == expected


def test_pause_before_each_step_counts_once_for_each() -> None:
    hooks = [
        {
            "targetType": "PAUSE",
            "lifecycleStages": ["POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT"],
            "timeoutConfiguration": {"timeoutInMinutes": 5},
        },
        {"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]},
        {"hookTargetArn": "arn", "lifecycleStages": ["PRE_SCALE_UP"]},
    ]

    canary = parse_traffic_shift({"strategy": "CANARY", "lifecycleHooks": hooks})
    rolling = parse_traffic_shift({"strategy": "ROLLING", "lifecycleHooks": hooks})

    assert canary.pauses == (minutes(5), minutes(5), minutes(5), minutes(1440))
    assert rolling.pauses == ()


def test_service_deployment_tells_its_stage_its_traffic_and_its_hooks() -> None:
    answer = {
        "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT",
        "targetServiceRevision": {
            "requestedTestTrafficWeight": 100.0,
            "requestedProductionTrafficWeight": 10.0,
        },
        "lifecycleHookDetails": [
            {
                "hookId": "ecs-pause-1",
                "targetType": "PAUSE",
                "status": "AWAITING_ACTION",
                "expiresAt": EXPIRES,
                "timeoutAction": "ROLLBACK",
            },
            {
                "targetType": "AWS_LAMBDA",
                "targetArn": "arn:aws:lambda:eu-west-1:111122223333:function:check",
                "status": "SUCCEEDED",
            },
        ],
    }

    found = parse_lifecycle(answer)

    assert found == Lifecycle(
        stage="PRODUCTION_TRAFFIC_SHIFT",
        test=100.0,
        production=10.0,
        hooks=(
            LifecycleHook(
                id="ecs-pause-1",
                kind="PAUSE",
                status="AWAITING_ACTION",
                expires_at=EXPIRES,
                at_timeout="ROLLBACK",
            ),
            LifecycleHook(
                kind="AWS_LAMBDA",
                status="SUCCEEDED",
                target="arn:aws:lambda:eu-west-1:111122223333:function:check",
            ),
        ),
    )
    assert [hook.name for hook in found.hooks] == ["", "check"]
    assert [hook.pauses for hook in found.hooks] == [True, False]


def test_rolling_service_deployment_has_no_lifecycle() -> None:
    assert parse_lifecycle({"targetServiceRevision": {"arn": "revision"}}) == NO_LIFECYCLE
