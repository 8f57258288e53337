"""CodeDeploy in one account and region, for ECS services that it deploys. Every method may raise AwsError."""

from __future__ import annotations

from typing import Protocol

from weco_deploy.model.code_deploy import ActiveDeployment, DeploymentGroup, GroupSettings, Revision
from weco_deploy.model.service import ServiceDeployment, ServiceKey


class CodeDeploy(Protocol):
    """Deployments of ECS services by CodeDeploy."""

    def settings(self, group: DeploymentGroup) -> GroupSettings:
        """How the group deploys."""

    def create(self, revision: Revision, description: str) -> str | None:
        """Begin a deployment, and return its id; None if the group's last deployment has not ended.

        NOT idempotent, and never retried: after a lost answer it raises Unreachable, and `active` has ours, by its description.
        """

    def active(self, group: DeploymentGroup) -> tuple[ActiveDeployment, ...]:
        """The group's deployments that have not ended: CodeDeploy allows one, and then one that rolls it back."""

    def deployment(self, deployment_id: str, service: ServiceKey) -> ServiceDeployment:
        """CodeDeploy's verdict on a deployment of the service, in ECS's words for service deployments."""

    def stop(self, deployment_id: str) -> None:
        """Stop a deployment, and let CodeDeploy roll it back. Idempotent: a deployment that has ended stays as it is."""
