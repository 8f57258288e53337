"""Tasks that run before the restart, in `before` of an environment."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.model.before_task import BeforeTask, On, Once

SHOP = """
shop:
  environments:
    - id: stage
      variables: {account: test}
      before:
        - id: migrate
          task_definition: migrate-{environment}
          like: web-api
    - id: prod
  image_repositories:
    - id: web
      services: [web-api]
"""


def tasks(loaded: Load, text: str) -> tuple[BeforeTask, ...]:
    return loaded(text).project(None).environment("stage").before


def with_keys(*lines: str) -> str:
    return SHOP.replace("          like: web-api\n", "".join(f"          {line}\n" for line in lines))


def test_task_has_defaults(loaded: Load) -> None:
    assert tasks(loaded, SHOP) == (
        BeforeTask(id="migrate", task_definition="migrate-{environment}", like="web-api"),
    )
    assert loaded(SHOP).project(None).environment("prod").before == ()


def test_task_has_all_its_keys(loaded: Load) -> None:
    text = with_keys(
        "container: app",
        "command: [manage, migrate]",
        "cluster: shop-{account}",
        "launch_type: FARGATE",
        "subnets: [subnet-1a]",
        "security_groups: [sg-2b]",
        "assign_public_ip: true",
        "timeout: 60",
        "once: always",
        "on: [deploy, rollback]",
    )
    assert tasks(loaded, text) == (
        BeforeTask(
            id="migrate",
            task_definition="migrate-{environment}",
            container="app",
            command=("manage", "migrate"),
            cluster="shop-{account}",
            launch_type="FARGATE",
            subnets=("subnet-1a",),
            security_groups=("sg-2b",),
            assign_public_ip=True,
            timeout=60.0,
            once=Once.ALWAYS,
            on=frozenset({On.DEPLOY, On.ROLLBACK}),
        ),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            with_keys("like: web-ap"),
            "line 9, shop.environments[0].before[0].like: found 'web-ap', expected a service of this project "
            "(did you mean 'web-api'?)",
        ),
        (
            with_keys("timeout: 60"),
            "line 7, shop.environments[0].before[0]: found neither like nor cluster, expected like: <service id>, or "
            "cluster and what else the task needs",
        ),
        (
            with_keys("like: web-api", "subnets: [subnet-1]"),
            "line 10, shop.environments[0].before[0].subnets: found subnets although like is on line 9, expected one of "
            "the two: like stands for the cluster, the network and the launch settings of a service",
        ),
        (
            with_keys("cluster: shop", "launch_type: EC2", "capacity_provider: spot"),
            "line 11, shop.environments[0].before[0].capacity_provider: found a capacity provider although launch_type is "
            "on line 10, expected one of the two",
        ),
        (
            SHOP.replace("migrate-{environment}", "migrate-{accoun}"),
            "line 8, shop.environments[0].before[0].task_definition: found {accoun}, which the variables of the "
            "environment 'stage' (line 4) lack, expected {environment} or a variable of every environment "
            "(did you mean 'account'?)",
        ),
        (
            with_keys("like: web-api", "command: []"),
            "line 10, shop.environments[0].before[0].command: found an empty list, expected at least one argument",
        ),
        (
            with_keys("like: web-api", "on: [delpoy]"),
            "line 10, shop.environments[0].before[0].on[0]: found 'delpoy', expected 'deploy' or 'rollback'",
        ),
        (
            with_keys("like: web-api", "timeout: 0"),
            "line 10, shop.environments[0].before[0].timeout: found '0', expected a number of seconds between 1 and a week",
        ),
        (
            SHOP.replace("- id: migrate\n          ", "- "),
            "line 7, shop.environments[0].before[0].id: missing; expected its id in this environment",
        ),
        (
            SHOP.replace("      before:\n", "      before:\n        - {id: migrate, task_definition: m, like: web-api}\n"),
            "line 8, shop.environments[0].before[1].id: found the task 'migrate' twice, first on line 7, expected another id",
        ),
        (
            SHOP.replace("        - id: migrate\n", "        - migrate\n        - id: migrate\n"),
            "line 7, shop.environments[0].before[0]: found 'migrate', expected a task: a mapping with the keys id and "
            "task_definition",
        ),
    ],
)  # fmt: skip
def test_problem_has_its_line(problems: Problems, text: str, problem: str) -> None:
    assert problems(text) == (problem,)


def test_unknown_key_of_a_task_is_a_warning(loaded: Load) -> None:
    (warning,) = loaded(with_keys("like: web-api", "time_out: 5")).warnings

    assert (
        "shop.environments[0].before[0].time_out: unknown key, ignored (did you mean 'timeout'?)" in warning
    )
