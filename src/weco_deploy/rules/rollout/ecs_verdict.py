"""ECS's own verdict on our deployment: the service deployment, where the account has it and it may be read.

A failing status is final. SUCCESSFUL is needed for success, but it is not enough: with early success ECS completes below the
desired count. Without a verdict (no permission, or an emulator without the call) services and tasks alone decide.
"""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.model.lifecycle import Lifecycle
from weco_deploy.model.service import EcsDeployment, Service, ServiceDeployment, ServiceView
from weco_deploy.rules.rollout.ecs_rollback import verdict_on_rollback
from weco_deploy.rules.rollout.failure_cause import STOPPED, failure_cause
from weco_deploy.rules.rollout.identity import POLLS_TO_CONFIRM_PREVIOUS
from weco_deploy.rules.rollout.track import Track

UNDECIDED = frozenset({"PENDING", "IN_PROGRESS"})
ROLLED_BACK = frozenset(
    {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
)
"""Statuses of a service deployment that ECS takes back. ROLLBACK_SUCCESSFUL is a failure of our deployment, too."""
NO_REASON = {
    "ROLLBACK_REQUESTED": "somebody requested that (ROLLBACK_REQUESTED), perhaps with StopServiceDeployment"
}
"""What a status says by itself. ECS gives a reason only once the rollback has begun."""
FAILED = "FAILED"
"""CodeDeploy ended a deployment, and does not roll it back."""


def with_verdict(track: Track, view: ServiceView) -> Track:
    """The track with ECS's verdict on our deployment; without one if it can't be read, or can't be read any more."""
    found = view.service_deployment
    if found is None:
        return replace(track, verdict=None)
    if rollback := verdict_on_rollback(track, found):
        return replace(track, verdict=rollback)
    if not found.deploys(track.deployment_id):
        return track
    stopped = track.polls_stopped + 1 if found.status in STOPPED else 0
    before = track.verdict.lifecycle if track.verdict is not None else None
    same = before is not None and _phase(before) == _phase(found.lifecycle)
    since = track.phase_since if same else view.service.as_of
    return replace(track, verdict=found, polls_stopped=stopped, phase_since=since)


def _phase(lifecycle: Lifecycle) -> tuple[str, float]:
    return lifecycle.stage, lifecycle.production


def failure(track: Track) -> str:
    """Why our deployment failed according to ECS; empty if ECS doesn't say that it failed.

    A service deployment is stopped also when somebody deploys later. Then another deployment is PRIMARY, but DescribeServices
    may show that a little later, so a stop counts only after several polls.
    """
    verdict = track.verdict
    if verdict is None:
        return ""
    if verdict.status in ROLLED_BACK:
        return f"{verdict.by} rolls it back: {explanation(verdict)}"
    if verdict.status == FAILED:
        return f"{verdict.by} ended it: {explanation(verdict)}"
    if verdict.status in STOPPED and track.polls_stopped >= POLLS_TO_CONFIRM_PREVIOUS:
        return f"{verdict.by} stopped it: {explanation(verdict)}"
    return ""


def with_details(reason: str, track: Track) -> str:
    """A reason from DescribeServices, with what the service deployment adds to it."""
    added = failure_cause(track.verdict) if track.verdict else ""
    return f"{reason} ({added})" if added else reason


def explanation(verdict: ServiceDeployment) -> str:
    """ECS's reason for its verdict, with the cause that its details tell."""
    if not verdict.reason and verdict.status in NO_REASON:
        return NO_REASON[verdict.status]
    reason, added = verdict.reason or "it gives no reason", failure_cause(verdict)
    return f"{reason} ({added})" if added else reason


def has_succeeded(track: Track) -> bool:
    """Whether our deployment is called successful."""
    return track.verdict is not None and track.verdict.status == "SUCCESSFUL"


def waits_for_ecs(track: Track) -> bool:
    """Whether ECS has yet to decide about our deployment."""
    return track.verdict is not None and track.verdict.status in UNDECIDED


def rolls_back_to(track: Track, view: ServiceView) -> bool:
    """Whether ECS is still rolling back a deployment that failed, to the one that is watched."""
    found = view.service_deployment
    going_on = found is not None and found.status in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
    return going_on and track.verdict is None


def went_back(view: ServiceView) -> bool:
    """Whether ECS has rolled back a deployment that failed. The one from before, which is PRIMARY again, has no verdict of its own."""
    found, primary = view.service_deployment, view.service.primary
    if found is None or primary is None:
        return False
    return found.status == "ROLLBACK_SUCCESSFUL" and not found.deploys(primary.id)


def watches_alarms(track: Track) -> bool:
    """Whether alarms may still end our deployment. If ECS's verdict can't be read, they may."""
    return track.verdict is None or track.verdict.alarms in ("", "MONITORING")


def breaker_monitors(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether a circuit breaker counts failed starts and health checks now.

    It stops when the first task is healthy. If ECS's verdict can't be read, it is taken to count until the rollout is complete.
    """
    if not service.breaker:
        return False
    if track.verdict is not None:
        return track.verdict.breaker == "MONITORING"
    return ours.rollout_state != "COMPLETED"


def breaker_count(track: Track) -> str:
    """What the circuit breaker has counted so far, for people; empty if it has counted nothing or is not known."""
    verdict = track.verdict
    if verdict is None or verdict.breaker != "MONITORING" or not verdict.failures:
        return ""
    return f"{verdict.failures} of the {verdict.threshold} failures at which its circuit breaker gives up"
