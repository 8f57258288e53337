"""Why ECS ends a deployment, in its words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a deployment fails, in the words of each place that tells it."""

    rollout: str
    event: str
    rolling_back: str
    deployment: str


BREAKER = Cause(
    rollout="ECS deployment circuit breaker: tasks failed to start.",
    event="tasks failed to start.",
    rolling_back="ECS deployment circuit breaker: rolling back to deploymentId",
    deployment="because the circuit breaker threshold was exceeded.",
)
ALARM = Cause(
    rollout="ECS deployment failed: alarm(s) detected.",
    event="alarm detected.",
    rolling_back="ECS deployment failed: alarm(s) detected. Rolling back to deploymentId",
    deployment="because one or more CloudWatch alarms were in the ALARM state.",
)
BY_REQUEST = Cause(
    rollout="ECS deployment was stopped.",
    event="stopped by a user.",
    rolling_back="ECS deployment was stopped: rolling back to deploymentId",
    deployment="because it was stopped by a user.",
)
HOOK = Cause(
    rollout="ECS deployment failed: hook execution failure(s) detected.",
    event="hook execution failure(s) detected.",
    rolling_back="ECS deployment failed: hook execution failure(s) detected. Rolling back to deploymentId",
    deployment="because a lifecycle hook failed.",
)
HOOK_TIMEOUT = Cause(
    rollout="ECS deployment failed: hook timeout(s) detected.",
    event="hook timeout(s) detected.",
    rolling_back="ECS deployment failed: hook timeout(s) detected. Rolling back to deploymentId",
    deployment="because a lifecycle hook timed out.",
)
REFUSED_AT_PAUSE = Cause(
    rollout="ECS deployment was rolled back at a paused lifecycle hook.",
    event="rolled back at a paused lifecycle hook by a user.",
    rolling_back="ECS deployment was rolled back at a paused lifecycle hook: rolling back to deploymentId",
    deployment="because a user rolled it back at a paused lifecycle hook.",
)
START_TIMEOUT = Cause(
    rollout="CodeDeploy timed out while waiting for the replacement task set to become healthy.",
    event="the replacement task set did not become healthy in time.",
    rolling_back="CodeDeploy deployment failed: rolling back to deploymentId",
    deployment="because the replacement task set did not become healthy in time.",
)
ALWAYS_ROLLED_BACK = (HOOK, HOOK_TIMEOUT, REFUSED_AT_PAUSE, START_TIMEOUT)
NO_CANDIDATE = "No rollback candidate was found to run the rollback."
