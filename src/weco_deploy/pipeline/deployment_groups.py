"""Reads the deployment groups of the services that CodeDeploy deploys."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial

from weco_deploy.errors import AwsError, NoCredentials, Throttled, Unreachable
from weco_deploy.model.code_deploy import CODE_DEPLOY, DeploymentGroup, GroupSettings
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceView
from weco_deploy.ports import CodeDeploy, Ports


def begin_groups(
    services: Mapping[str, tuple[ServiceView, ...]], environment: Environment, ports: Ports
) -> dict[str, Future[GroupSettings | str]]:
    """Begin to read the groups' settings, by service id; the answer is a text where a group can't be used.

    Services that ECS deploys need none.
    """
    named = ports.project.deployment_groups(environment)
    code_deploy = ports.code_deploy(environment) if named else None
    return {
        service_id: ports.calls.begin(partial(_settings, code_deploy, named[service_id]))
        for service_id, views in services.items()
        if code_deploy is not None
        and service_id in named
        and any(view.service.controller == CODE_DEPLOY for view in views)
    }


def _settings(code_deploy: CodeDeploy, group: DeploymentGroup) -> GroupSettings | str:
    try:
        return code_deploy.settings(group)
    except (NoCredentials, Throttled, Unreachable):
        raise
    except AwsError as error:
        return error.message
