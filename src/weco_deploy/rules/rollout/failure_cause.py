"""Tells the causes apart for which ECS ends a deployment: its breaker, an alarm, a lifecycle hook, or a person.

| ECS's verdict has                                   | cause                                                       |
|-----------------------------------------------------|-------------------------------------------------------------|
| a circuit breaker that was triggered                | 3 of 3 failures                                             |
| alarms that were triggered                          | in alarm: search-5xx                                        |
| a Lambda hook that failed                           | the Lambda function check of a lifecycle hook failed        |
| a Lambda hook that timed out                        | the same function did not answer in time                    |
| a PAUSE that timed out                              | nobody continued its pause before it expired                |
| a PAUSE that failed                                 | somebody rolled it back at a pause                          |
| none of these, and it tells of breaker and alarms   | somebody rolled it back, or stopped it                      |

ECS gives a reason of its own, too, but its wording is no contract.
"""

from __future__ import annotations

from weco_deploy.model.lifecycle import PAUSE, LifecycleHook
from weco_deploy.model.service import ServiceDeployment

STOPPED = frozenset({"STOP_REQUESTED", "STOPPED"})
"""Statuses of a service deployment that failed without a rollback, or that a later one replaced."""
TRIGGERED = "TRIGGERED"


def failure_cause(verdict: ServiceDeployment) -> str:
    """Why ECS ended the deployment; empty if nothing tells. Call it only for a deployment that has failed."""
    if verdict.triggered_alarms:
        return f"in alarm: {', '.join(verdict.triggered_alarms)}"
    if verdict.breaker == TRIGGERED:
        return f"{verdict.failures} of {verdict.threshold} failures"
    for hook in verdict.lifecycle.hooks:
        if cause := _of_hook(hook):
            return cause
    if not verdict.breaker or not verdict.alarms or verdict.alarms == TRIGGERED:
        return ""
    if verdict.status in STOPPED:
        return "somebody stopped it"
    # Before that, the verdict does not tell the cause yet.
    return "somebody rolled it back" if verdict.status.startswith("ROLLBACK_") else ""


def _of_hook(hook: LifecycleHook) -> str:
    function = f"the Lambda function {hook.name} of a lifecycle hook" if hook.name else "a lifecycle hook"
    timed_out = hook.status == "TIMED_OUT" and hook.at_timeout != "CONTINUE"
    if hook.kind == PAUSE:
        if timed_out:
            return "nobody continued its pause before it expired"
        return "somebody rolled it back at a pause" if hook.status == "FAILED" else ""
    if timed_out:
        return f"{function} did not answer in time"
    return f"{function} failed" if hook.status == "FAILED" else ""
