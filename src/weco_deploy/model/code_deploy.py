"""CodeDeploy: what shifts the traffic of services whose deployment controller is CODE_DEPLOY."""

from __future__ import annotations

import json
from dataclasses import dataclass

from weco_deploy.model.lifecycle import TrafficShift

CODE_DEPLOY = "CODE_DEPLOY"
"""The deployment controller of such a service."""


@dataclass(frozen=True, slots=True)
class DeploymentGroup:
    """A deployment group: the name of its application, and its own. In a project these are templates."""

    application: str
    name: str

    def __str__(self) -> str:
        return f"{self.application}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How a deployment group deploys. `services` are the ECS services that it is for, as `<cluster>/<service>`."""

    services: tuple[str, ...]
    shift: TrafficShift


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a deployment group deploys: a task definition, and the container and port that get the traffic."""

    group: DeploymentGroup
    task_definition: str
    container: str
    port: int

    @property
    def app_spec(self) -> str:
        """The AppSpec file."""
        balancer = {"ContainerName": self.container, "ContainerPort": self.port}
        properties = {"TaskDefinition": self.task_definition, "LoadBalancerInfo": balancer}
        target = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
        return json.dumps({"version": 0.0, "Resources": [target]})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveDeployment:
    """A deployment of a group that has not ended. `rolls_back`: CodeDeploy made it, to roll another one back."""

    id: str
    description: str
    rolls_back: bool
