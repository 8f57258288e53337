"""Checks the names of CodeDeploy's applications and deployment groups."""

from __future__ import annotations

from collections.abc import Iterator

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Problem
from weco_deploy.config.outline import ProjectOutline, Template
from weco_deploy.config.templates import missing_variables

SERVICE = "service"


def code_deploy_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Variables that an environment lacks, and the deployment groups of a service that something else deploys."""
    for image in project.node.items("image_repositories"):
        for service in image.items("services"):
            given = service.at("code_deploy")
            if given is None:
                continue
            if service.at("deployed_by"):
                yield given.problem(
                    "found code_deploy of a service with deployed_by, expected only one of the two"
                )
            for key in ("application", "deployment_group"):
                node = given.at(key)
                if node and node.text and patterns.DEPLOYMENT_GROUP_TEMPLATE.matches(node.text):
                    yield from missing_variables(Template(node.text, node), project.environments, {SERVICE})
