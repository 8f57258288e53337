"""The strategies BLUE_GREEN, LINEAR and CANARY: new tasks (green) start beside the old ones, then traffic shifts to them.

| ECS's stage                    | what is said                                             |
|--------------------------------|----------------------------------------------------------|
| a hook is not done             | paused by a hook until 15:10, then rolls back            |
|                                | waiting for the Lambda function NAME of a hook           |
| before green runs              | preparing green                                          |
| SCALE_UP                       | as in a rolling update                                   |
| POST_SCALE_UP                  | green runs, without traffic                              |
| TEST_TRAFFIC_SHIFT and after   | test traffic on green                                    |
| PRODUCTION_TRAFFIC_SHIFT       | 10% of production traffic, next step in 9 min            |
| POST_PRODUCTION_TRAFFIC_SHIFT  | 100% of production traffic                               |
| BAKE_TIME                      | baking, 4 min left                                       |
| CLEAN_UP                       | 100% of production traffic, old tasks stop               |

ECS does not say when a step ends. The time left is counted from the poll that first showed the step, by AWS's clock.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from weco_deploy.model.lifecycle import AWAITING_ACTION, PAUSE, Lifecycle, LifecycleHook, TrafficShift
from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.ecs_verdict import has_succeeded, went_back
from weco_deploy.rules.rollout.track import Track

ALL = 100.0
BEFORE_GREEN = frozenset({"RECONCILE_SERVICE", "PRE_SCALE_UP"})


class TrafficShifting:
    """BLUE_GREEN, LINEAR and CANARY. Only ECS's verdict tells where such a deployment is, and that it is over."""

    old_tasks_may_stay = False
    begins_beside = False

    def state(self, track: Track, view: ServiceView) -> str:
        verdict = track.verdict
        if verdict is None or not verdict.lifecycle.stage or has_succeeded(track):
            return ""
        lifecycle = verdict.lifecycle
        for hook in lifecycle.hooks:
            if hook.status in {AWAITING_ACTION, "IN_PROGRESS"}:
                return _waits_for_hook(hook)
        passed = _passed(track.phase_since, view.service.as_of)
        return _in_stage(lifecycle, view.service.traffic_shift, passed)

    def waits_for(self, track: Track, view: ServiceView) -> str:
        if track.verdict is None:
            if went_back(view):
                return ""
            return "waiting for ECS's own verdict on its deployment, which can't be read"
        return "" if has_succeeded(track) else "waiting for ECS to call its deployment successful"

    def own_wait(self, service: Service) -> timedelta:
        shift = service.traffic_shift
        return shift.bake + (shift.steps - 1) * shift.step_bake


def _waits_for_hook(hook: LifecycleHook) -> str:
    if hook.kind != PAUSE:
        return f"waiting for the Lambda function {hook.name} of a hook" if hook.name else "waiting for a hook"
    if hook.expires_at is None:
        return "paused by a hook"
    then = "continues" if hook.at_timeout == "CONTINUE" else "rolls back"
    return f"paused by a hook until {hook.expires_at:%H:%M}Z, then {then}"


def _in_stage(lifecycle: Lifecycle, shift: TrafficShift, passed: timedelta) -> str:
    stage, share = lifecycle.stage, f"{lifecycle.production:g}% of production traffic"
    if stage in BEFORE_GREEN:
        return "preparing green"
    match stage:
        case "SCALE_UP":
            return ""
        case "POST_SCALE_UP":
            return "green runs, without traffic"
        case "TEST_TRAFFIC_SHIFT" | "POST_TEST_TRAFFIC_SHIFT":
            return "test traffic on green"
        case "PRODUCTION_TRAFFIC_SHIFT":
            if 0 < lifecycle.production < ALL:
                return f"{share}, next step{_left(shift.step_bake, passed, 'in ')}"
            return share
        case "BAKE_TIME":
            return f"baking,{_left(shift.bake, passed, '')} left"
        case "CLEAN_UP":
            return f"{share}, old tasks stop"
    return share if lifecycle.production else f"in the stage {stage}"


def _passed(since: datetime | None, now: datetime | None) -> timedelta:
    return now - since if since is not None and now is not None else timedelta(0)


def _left(whole: timedelta, passed: timedelta, before: str) -> str:
    seconds = (whole - passed).total_seconds()
    return f" {before}{math.ceil(seconds / 60)} min" if seconds > 60 else f" {before}less than a minute"
