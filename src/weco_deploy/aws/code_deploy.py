"""CodeDeploy, for ECS services whose deployment controller it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weco_deploy.aws import api
from weco_deploy.aws.code_deploy_answers import (
    IN_PROGRESS,
    NOT_ENDED,
    parse_active,
    parse_deployment,
    parse_settings,
)
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.code_deploy import ActiveDeployment, DeploymentGroup, GroupSettings, Revision
from weco_deploy.model.service import ServiceDeployment, ServiceKey


class AwsCodeDeploy:
    """`ports.CodeDeploy` for one account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def settings(self, group: DeploymentGroup) -> GroupSettings:
        client = self._account.client("codedeploy")
        with translate_errors(api.GET_DEPLOYMENT_GROUP):
            info = client.get_deployment_group(
                applicationName=group.application, deploymentGroupName=group.name
            )["deploymentGroupInfo"]
            configuration = info["deploymentConfigName"]
        with translate_errors(api.GET_DEPLOYMENT_CONFIG):
            config = client.get_deployment_config(deploymentConfigName=configuration)["deploymentConfigInfo"]
            return parse_settings(info, config)

    def create(self, revision: Revision, description: str) -> str | None:
        content = {"revisionType": "AppSpecContent", "appSpecContent": {"content": revision.app_spec}}
        try:
            with translate_errors(api.CREATE_DEPLOYMENT):
                answer = self._account.code_deploy_without_retries().create_deployment(
                    applicationName=revision.group.application,
                    deploymentGroupName=revision.group.name,
                    revision=content,
                    description=description,
                )
                return str(answer["deploymentId"])
        except AwsError as error:
            if code_behind(error) == "DeploymentLimitExceededException":
                return None
            raise

    def active(self, group: DeploymentGroup) -> tuple[ActiveDeployment, ...]:
        client = self._account.client("codedeploy")
        with translate_errors(api.LIST_DEPLOYMENTS):
            # Few of a group's deployments have not ended, so they are on the first page.
            ids = client.list_deployments(
                applicationName=group.application,
                deploymentGroupName=group.name,
                includeOnlyStatuses=sorted(NOT_ENDED),
            )["deployments"]
        with translate_errors(api.GET_DEPLOYMENT):
            found = [
                client.get_deployment(deploymentId=deployment_id)["deploymentInfo"] for deployment_id in ids
            ]
            return tuple(parse_active(info) for info in found)

    def deployment(self, deployment_id: str, service: ServiceKey) -> ServiceDeployment:
        client = self._account.client("codedeploy")
        with translate_errors(api.GET_DEPLOYMENT):
            info = client.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
            status = info["status"]
        target: Mapping[str, Any] = {}
        if status in IN_PROGRESS:
            with translate_errors(api.BATCH_GET_DEPLOYMENT_TARGETS):
                targets = client.batch_get_deployment_targets(
                    deploymentId=deployment_id, targetIds=[f"{service.cluster_name}:{service.name}"]
                )["deploymentTargets"]
                target = targets[0]["ecsTarget"] if targets else {}
        with translate_errors(api.GET_DEPLOYMENT):
            return parse_deployment(deployment_id, info, target)

    def stop(self, deployment_id: str) -> None:
        try:
            with translate_errors(api.STOP_DEPLOYMENT):
                self._account.client("codedeploy").stop_deployment(
                    deploymentId=deployment_id, autoRollbackEnabled=True
                )
        except AwsError as error:
            if code_behind(error) != "DeploymentAlreadyCompletedException":
                raise
