"""CodeDeploy's answers in our types. Statuses become those of ECS's service deployments, which the rules judge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from weco_deploy.model.code_deploy import ActiveDeployment, GroupSettings
from weco_deploy.model.lifecycle import Lifecycle, TrafficShift
from weco_deploy.model.service import ServiceDeployment

IN_PROGRESS = frozenset({"InProgress", "Baking", "Ready"})
NOT_ENDED = frozenset({"Created", "Queued", *IN_PROGRESS})
ENDED_BADLY = frozenset({"Failed", "Stopped"})
BY_CODE_DEPLOY = "CodeDeploy"
READY = "Ready"
TERMINATION_WAIT = "TerminationWait"
"""Our word for the time after the last lifecycle event, in which CodeDeploy waits before it stops the old tasks."""
ALL = 100


def parse_settings(group: Mapping[str, Any], config: Mapping[str, Any]) -> GroupSettings:
    """A deployment group, and the deployment configuration that it names."""
    waits = group.get("blueGreenDeploymentConfiguration", {})
    ready = waits.get("deploymentReadyOption", {}).get("waitTimeInMinutes", 0)
    ends = waits.get("terminateBlueInstancesOnDeploymentSuccess", {}).get("terminationWaitTimeInMinutes", 0)
    steps, minutes = _steps(config.get("trafficRoutingConfig", {}))
    return GroupSettings(
        services=tuple(
            f"{service.get('clusterName', '')}/{service.get('serviceName', '')}"
            for service in group.get("ecsServices", ())
        ),
        shift=TrafficShift(
            steps=steps,
            step_bake=timedelta(minutes=minutes),
            bake=timedelta(minutes=ends),
            pauses=(timedelta(minutes=ready),) if ready else (),
        ),
    )


def _steps(routing: Mapping[str, Any]) -> tuple[int, int]:
    """How many steps the traffic shifts in, and the minutes between two of them."""
    match routing.get("type"):
        case "TimeBasedCanary":
            canary = routing.get("timeBasedCanary", {})
            return 2, canary.get("canaryInterval", 0)
        case "TimeBasedLinear":
            linear = routing.get("timeBasedLinear", {})
            return -(-ALL // max(1, linear.get("linearPercentage", ALL))), linear.get("linearInterval", 0)
    return 1, 0


def parse_active(info: Mapping[str, Any]) -> ActiveDeployment:
    return ActiveDeployment(
        id=info["deploymentId"],
        description=info.get("description", ""),
        rolls_back=info.get("creator") == "codeDeployRollback",
    )


def parse_deployment(
    deployment_id: str, info: Mapping[str, Any], target: Mapping[str, Any]
) -> ServiceDeployment:
    """A deployment, with its target, the ECS service, which is empty unless the deployment is in progress."""
    return ServiceDeployment(
        arn=deployment_id,
        status=_status(info),
        target_revision=deployment_id,
        reason=_reason(info),
        lifecycle=Lifecycle(stage=_stage(info, target), production=_green_share(target)),
        by=BY_CODE_DEPLOY,
    )


def _status(info: Mapping[str, Any]) -> str:
    status = info["status"]
    if status == "Succeeded":
        return "SUCCESSFUL"
    if status in ENDED_BADLY:
        rolled_back = info.get("rollbackInfo", {}).get("rollbackDeploymentId")
        return "ROLLBACK_IN_PROGRESS" if rolled_back else "FAILED"
    return "IN_PROGRESS" if status in IN_PROGRESS else "PENDING"


def _reason(info: Mapping[str, Any]) -> str:
    error = info.get("errorInformation", {})
    found = [error.get("code", ""), error.get("message", "")]
    return ": ".join(text for text in found if text)


def _stage(info: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    if info["status"] == READY:
        return READY
    events = target.get("lifecycleEvents", ())
    for event in events:
        if event.get("status") == "InProgress":
            return str(event.get("lifecycleEventName", ""))
    if info.get("instanceTerminationWaitTimeStarted"):
        return TERMINATION_WAIT
    return ""


def _green_share(target: Mapping[str, Any]) -> float:
    shares = (
        found.get("trafficWeight", 0.0)
        for found in target.get("taskSetsInfo", ())
        if str(found.get("taskSetLabel", "")).lower() == "green"
    )
    return float(next(shares, 0.0))
