"""The type of boto3's CodeDeploy client, as far as the tool uses it: for seven methods, a package of types would be too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

# ruff: noqa: N803 - boto3's names of arguments


class CodeDeployClient(Protocol):
    """boto3's CodeDeploy client."""

    @property
    def meta(self) -> Any: ...

    def get_deployment_group(self, *, applicationName: str, deploymentGroupName: str) -> Any: ...

    def get_deployment_config(self, *, deploymentConfigName: str) -> Any: ...

    def create_deployment(
        self,
        *,
        applicationName: str,
        deploymentGroupName: str,
        revision: Mapping[str, object],
        description: str,
    ) -> Any: ...

    def list_deployments(
        self, *, applicationName: str, deploymentGroupName: str, includeOnlyStatuses: Sequence[str]
    ) -> Any: ...

    def get_deployment(self, *, deploymentId: str) -> Any: ...

    def batch_get_deployment_targets(self, *, deploymentId: str, targetIds: Sequence[str]) -> Any: ...

    def stop_deployment(self, *, deploymentId: str, autoRollbackEnabled: bool) -> Any: ...
