"""Names of ECS services and their clusters."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.model.service import ServiceKey

CATALOGUE = """
catalogue:
  cluster: catalogue-{account}
  service_name: "{environment}-{service}"
  environments:
    - {id: stage, variables: {account: test}}
    - {id: prod, variables: {account: live}}
  image_repositories:
    - id: search
      services:
        - search-api
        - {id: search-worker, name: "worker-{environment}", cluster: workers}
    - id: items
      services:
        - {id: items-api, name: }
        - id: search-worker
"""


def named(loaded: Load, text: str, environment_id: str = "stage") -> dict[str, str]:
    project = loaded(text).project(None)
    keys = project.named_services(project.environment(environment_id))
    return {service_id: str(key) for service_id, key in keys.items()}


def test_services_have_their_own_names_or_the_projects_and_without_a_name_are_found_by_tags(
    loaded: Load,
) -> None:
    assert named(loaded, CATALOGUE) == {
        "search-api": "catalogue-test/stage-search-api",
        "search-worker": "workers/worker-stage",
    }
    assert named(loaded, CATALOGUE, "prod") == {
        "search-api": "catalogue-live/prod-search-api",
        "search-worker": "workers/worker-prod",
    }


def test_all_services_are_found_by_tags_without_names(loaded: Load) -> None:
    text = CATALOGUE.replace('  service_name: "{environment}-{service}"\n', "").replace(
        ', name: "worker-{environment}", cluster: workers', ""
    )
    assert named(loaded, text) == {}


@pytest.mark.parametrize("empty", ["", "null", "~"])
def test_empty_name_means_tags(loaded: Load, empty: str) -> None:
    assert "items-api" not in named(loaded, CATALOGUE.replace("name: }", f"name: {empty}}}"))


def test_cluster_may_be_an_arn(loaded: Load) -> None:
    arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/catalogue-{account}"
    project = loaded(CATALOGUE.replace("cluster: catalogue-{account}", f'cluster: "{arn}"')).project(None)
    keys = project.named_services(project.environment("prod"))
    assert keys["search-api"] == ServiceKey(arn.replace("{account}", "live"), "prod-search-api")


INVALID = {
    "a name without a cluster": (
        ("  cluster: catalogue-{account}\n", ""),
        "line 10, catalogue.image_repositories[0].services[0]: found a name of the service 'search-api' "
        "('{environment}-{service}') without a cluster, expected cluster too, here or of the project",
    ),
    "a cluster without a name": (
        ("name: }", "name: , cluster: items}"),
        "line 15, catalogue.image_repositories[1].services[0].cluster: found a cluster of the service 'items-api', which has no "
        "name, expected name too, or service_name of the project",
    ),
    "an unknown variable of the project's cluster": (
        ("cluster: catalogue-{account}", "cluster: catalogue-{acount}"),
        "line 3, catalogue.cluster: found {acount}, which the variables of the environment 'stage' (line 6) and 1 more lack, "
        "expected {environment} or a variable of every environment (did you mean 'account'?)",
    ),
    "the service in a cluster": (
        ("cluster: catalogue-{account}", "cluster: catalogue-{service}"),
        "line 3, catalogue.cluster: found {service}, which the variables of the environment 'stage' (line 6) and 1 more lack, "
        "expected {environment} or a variable of every environment",
    ),
    "an unknown variable of a service's name": (
        ("worker-{environment}", "worker-{where}"),
        "line 12, catalogue.image_repositories[0].services[1].name: found {where}, which the variables of the environment "
        "'stage' (line 6) and 1 more lack, expected {environment} or a variable of every environment",
    ),
    "two services with one name": (
        ('"worker-{environment}", cluster: workers', '"{environment}-search-api"'),
        "line 12, catalogue.image_repositories[0].services[1].name: in the environment 'stage' (line 6) the service "
        "'search-worker' is catalogue-test/stage-search-api, expected another name: that is 'search-api' (line 11) in 'stage'",
    ),
    "one service for two environments": (
        ("worker-{environment}", "worker"),
        "line 12, catalogue.image_repositories[0].services[1].name: in the environment 'prod' (line 7) the service "
        "'search-worker' is workers/worker, expected another name: that is 'search-worker' (line 12) in 'stage'",
    ),
    "another name of the same service": (
        ("        - id: search-worker\n", "        - {id: search-worker, name: other}\n"),
        "line 16, catalogue.image_repositories[1].services[1].name: found another name of the service 'search-worker' than on "
        "line 12, expected the same",
    ),
    "an id that makes an invalid name": (
        ("- search-api", "- search.api"),
        "line 11, catalogue.image_repositories[0].services[0]: in the environment 'stage' (line 6) the name is "
        "'stage-search.api', expected the name of an ECS service: at most 255 letters, digits and _ -",
    ),
    "a name that ECS refuses": (
        ('"worker-{environment}"', '"worker.{environment}"'),
        "line 12, catalogue.image_repositories[0].services[1].name: found 'worker.{environment}', expected a name or template "
        "of ECS services, like {environment}-{service}: letters, digits, _ - and {variables}",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_addresses_are_problems_with_their_lines(problems: Problems, case: str) -> None:
    (old, new), expected = INVALID[case]
    assert old in CATALOGUE
    assert expected in problems(CATALOGUE.replace(old, new))


def test_two_services_with_one_name_in_every_environment_are_one_problem(problems: Problems) -> None:
    text = CATALOGUE.replace('"worker-{environment}", cluster: workers', '"{environment}-search-api"')

    (problem,) = problems(text)
    assert "in the environment 'stage' (line 6) the service 'search-worker' is" in problem


def test_environments_in_other_accounts_may_have_services_of_the_same_name(loaded: Load) -> None:
    text = CATALOGUE.replace("worker-{environment}", "worker").replace(
        "{id: prod, ", "{id: prod, role_arn: 'arn:aws:iam::111122223333:role/ci', "
    )
    assert named(loaded, text, "prod")["search-worker"] == named(loaded, text)["search-worker"]
