"""The deployment group of a service that CodeDeploy deploys."""

from __future__ import annotations

from tests.config.conftest import Load, Problems
from weco_deploy.model.code_deploy import DeploymentGroup

FILE = """
shop:
  environments:
    - {id: stage, variables: {account: test}}
    - {id: prod}
  image_repositories:
    - id: web
      services:
        - id: web-api
          code_deploy: GROUP
"""


def with_group(group: str) -> str:
    return FILE.replace("GROUP", group)


def test_names_of_a_deployment_group_are_templates(loaded: Load) -> None:
    file = loaded(with_group("{application: 'shop-{environment}', deployment_group: '{service}'}"))
    (project,) = file.projects.values()

    assert not file.warnings
    assert project.deployment_groups(project.environment("prod")) == {
        "web-api": DeploymentGroup("shop-prod", "web-api")
    }


def test_service_without_the_key_has_no_deployment_group(loaded: Load) -> None:
    (project,) = loaded(with_group("")).projects.values()

    assert project.deployment_groups(project.environment("prod")) == {}


def test_problems_of_a_deployment_group_are_reported_at_once(problems: Problems) -> None:
    found = problems(with_group("{application: '{account}', deployment_group: 'a/b'}"))

    assert len(found) == 2
    assert any("the variables of the environment 'prod'" in problem for problem in found)
    assert any(
        "deployment_group" in problem and "a name or template of CodeDeploy" in problem for problem in found
    )


def test_both_names_are_needed(problems: Problems) -> None:
    (missing,) = problems(with_group("{application: shop}"))
    (text,) = problems(with_group("shop"))

    assert "missing; expected the name of its deployment group" in missing
    assert "expected a mapping with the keys application and deployment_group" in text


def test_service_that_something_else_deploys_has_no_deployment_group(problems: Problems) -> None:
    both = with_group("{application: shop, deployment_group: web}\n          deployed_by: other")

    (problem,) = problems(both)

    assert "found code_deploy of a service with deployed_by, expected only one of the two" in problem
