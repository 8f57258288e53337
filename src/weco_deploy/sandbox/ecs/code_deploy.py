"""CodeDeploy for ECS services: deployment groups, and deployments that shift traffic from one task set to another.

A service with the controller CODE_DEPLOY is deployed by the same steps as one that ECS deploys blue/green (`native.py`); here
are CodeDeploy's own words for them. What shifts the traffic is the deployment group's, not the service's.

Sources: CodeDeploy's service model, and the guides on deployments on an ECS compute platform and on their lifecycle events.
Chosen: how long an event takes (`timings.py`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.stages import ALL, PRODUCTION_SHIFT
from weco_deploy.sandbox.ecs.state import Json

if TYPE_CHECKING:
    from weco_deploy.sandbox.ecs.service_state import Service, ServiceDeployment

INSTALL_MINUTES = 60
"""After so long without a healthy replacement task set, CodeDeploy gives up."""
EVENTS = (
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
)
_BY_STAGE = {
    "RECONCILE_SERVICE": "BeforeInstall",
    "PRE_SCALE_UP": "BeforeInstall",
    "SCALE_UP": "Install",
    "POST_SCALE_UP": "AfterInstall",
    "TEST_TRAFFIC_SHIFT": "AllowTestTraffic",
    "POST_TEST_TRAFFIC_SHIFT": "AfterAllowTestTraffic",
    "POST_PRODUCTION_TRAFFIC_SHIFT": "AfterAllowTraffic",
}
_CANARY = re.compile(r"CodeDeployDefault\.ECSCanary(\d+)Percent(\d+)Minutes")
_LINEAR = re.compile(r"CodeDeployDefault\.ECSLinear(\d+)PercentEvery(\d+)Minutes")
AT_ONCE = "CodeDeployDefault.ECSAllAtOnce"


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """A deployment group. `request` is what CreateDeploymentGroup had."""

    application: str
    name: str
    cluster: str
    service: str
    request: Json

    @property
    def configuration_name(self) -> str:
        return str(self.request.get("deploymentConfigName", AT_ONCE))

    @property
    def waits(self) -> Json:
        found: Json = self.request.get("blueGreenDeploymentConfiguration", {})
        return found

    @property
    def alarms(self) -> list[str]:
        given = self.request.get("alarmConfiguration", {})
        return [alarm["name"] for alarm in given.get("alarms", ())] if given.get("enabled") else []


@dataclass(slots=True, kw_only=True, eq=False)
class CodeDeployment:
    """A deployment of CodeDeploy; `record` is the same deployment by ECS. `rollback_id` is the id that its rollback gets."""

    id: str
    rollback_id: str
    group: Group
    service: Service
    record: ServiceDeployment
    created_at: datetime
    description: str = ""
    stopped_by_request: bool = False
    timed_out: bool = False


@dataclass(slots=True)
class CodeDeploy:
    """CodeDeploy in one account and region."""

    applications: set[str] = field(default_factory=set)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    deployments: dict[str, CodeDeployment] = field(default_factory=dict)

    def group(self, request: Json) -> Group:
        application, name = request["applicationName"], request["deploymentGroupName"]
        if application not in self.applications:
            raise ApiError(
                "ApplicationDoesNotExistException", f"No application found for name: {application}"
            )
        if (application, name) not in self.groups:
            raise ApiError(
                "DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}"
            )
        return self.groups[application, name]

    def find(self, deployment_id: str) -> tuple[CodeDeployment, bool]:
        """A deployment, and whether the id is that of its rollback."""
        for deployment in self.deployments.values():
            if deployment_id == deployment.id or (
                deployment_id == deployment.rollback_id and deployment.record.rollback
            ):
                return deployment, deployment_id != deployment.id
        raise ApiError(
            "DeploymentDoesNotExistException", f"The deployment {deployment_id} could not be found"
        )

    def active(self, group: Group) -> CodeDeployment | None:
        """The deployment of a group that has not ended, or whose rollback has not."""
        for deployment in self.deployments.values():
            if deployment.group is group and not is_over(deployment.record):
                return deployment
        return None


def is_over(record: ServiceDeployment) -> bool:
    return record.status in {"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}


def shifting(group: Group) -> Json:
    """The part of a `deploymentConfiguration` by which ECS would shift traffic as the group does."""
    name = group.configuration_name
    minutes = group.waits.get("terminateBlueInstancesOnDeploymentSuccess", {}).get(
        "terminationWaitTimeInMinutes", 0
    )
    configuration: Json = {
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": minutes,
        # ECS's circuit breaker is only for deployments by ECS.
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    }
    if found := _CANARY.fullmatch(name):
        configuration["strategy"] = "CANARY"
        configuration["canaryConfiguration"] = {
            "canaryPercent": float(found[1]),
            "canaryBakeTimeInMinutes": int(found[2]),
        }
    elif found := _LINEAR.fullmatch(name):
        configuration["strategy"] = "LINEAR"
        configuration["linearConfiguration"] = {
            "stepPercent": float(found[1]),
            "stepBakeTimeInMinutes": int(found[2]),
        }
    if group.alarms:
        configuration["alarms"] = {"enable": True, "rollback": True, "alarmNames": group.alarms}
    return configuration


def routing(name: str) -> Json:
    """The `trafficRoutingConfig` of one of CodeDeploy's own deployment configurations."""
    if found := _CANARY.fullmatch(name):
        share = {"canaryPercentage": int(found[1]), "canaryInterval": int(found[2])}
        return {"type": "TimeBasedCanary", "timeBasedCanary": share}
    if found := _LINEAR.fullmatch(name):
        share = {"linearPercentage": int(found[1]), "linearInterval": int(found[2])}
        return {"type": "TimeBasedLinear", "timeBasedLinear": share}
    if name == AT_ONCE:
        return {"type": "AllAtOnce"}
    raise ApiError(
        "DeploymentConfigDoesNotExistException", f"No deployment configuration found for name: {name}"
    )


def task_definition_in(content: str) -> str:
    """The task definition that an AppSpec names."""
    try:
        (resource,) = json.loads(content)["Resources"]
        properties = resource["TargetService"]["Properties"]
        balancer = properties["LoadBalancerInfo"]
        if balancer["ContainerName"] and balancer["ContainerPort"]:
            return str(properties["TaskDefinition"])
    except (KeyError, TypeError, ValueError):
        pass
    raise ApiError("InvalidRevisionException", "The AppSpec file of the revision is not valid.")


def current_event(record: ServiceDeployment) -> str:
    """The lifecycle event that is in progress; empty before the first, and once the last is over."""
    progress = record.progress
    if progress is None or progress.position < 0:
        return ""
    if progress.step.stage == PRODUCTION_SHIFT:
        return "AllowTraffic" if progress.production else "BeforeAllowTraffic"
    return _BY_STAGE.get(progress.step.stage, "")


def traffic_has_shifted(record: ServiceDeployment) -> bool:
    """Whether all production traffic goes to the new task set."""
    progress = record.progress
    return record.status == "SUCCESSFUL" or (
        record.status in {"PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED", "STOP_REQUESTED"}
        and progress is not None
        and progress.production == ALL
    )
