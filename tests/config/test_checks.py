"""Checks that run when all services have settled, in `checks` of an environment."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.model.before_task import On
from weco_deploy.model.rollout_check import HttpRequest, Program, RolloutCheck

SHOP = """
shop:
  environments:
    - id: stage
      variables: {account: test}
      checks:
        - id: smoke
          run: [./smoke-test]
    - id: prod
  image_repositories:
    - id: web
      services: [web-api]
    - id: search
"""


def checks(loaded: Load, text: str) -> tuple[RolloutCheck, ...]:
    return loaded(text).project(None).environment("stage").checks


def with_keys(*lines: str) -> str:
    return SHOP.replace("          run: [./smoke-test]\n", "".join(f"          {line}\n" for line in lines))


def test_check_has_defaults(loaded: Load) -> None:
    assert checks(loaded, SHOP) == (RolloutCheck(id="smoke", probe=Program(arguments=("./smoke-test",))),)
    assert loaded(SHOP).project(None).environment("prod").checks == ()


def test_command_has_all_its_keys(loaded: Load) -> None:
    text = with_keys(
        'run: [./smoke-test, ""]',
        "credentials: true",
        "timeout: 60",
        "retries: 3",
        "advisory: true",
        "record_output: true",
        "on: [deploy, rollback]",
    )
    assert checks(loaded, text) == (
        RolloutCheck(
            id="smoke",
            probe=Program(arguments=("./smoke-test", ""), credentials=True),
            timeout=60.0,
            retries=3,
            advisory=True,
            record_output=True,
            on=frozenset({On.DEPLOY, On.ROLLBACK}),
        ),
    )


def test_request_has_all_its_keys(loaded: Load) -> None:
    text = with_keys(
        "http: https://{account}.example.org/health",
        "expect: {status: 203, image: web, fields: {build.commit: '{commit}', ready: true}}",
    )
    (check,) = checks(loaded, text)
    assert check.probe == HttpRequest(
        url="https://{account}.example.org/health",
        status=203,
        fields=(("build.commit", "{commit}"), ("ready", "true")),
        image="web",
    )


def test_gate_can_ask_for_passed_checks(loaded: Load) -> None:
    text = SHOP.replace("id: prod", "id: prod\n      requires: {environment: stage, verified: true}")
    prod = loaded(text).project(None).environment("prod")
    assert (prod.requires, prod.requires_verified) == (("stage",), ("stage",))
    prod = loaded(text.replace(", verified: true", "")).project(None).environment("prod")
    assert (prod.requires, prod.requires_verified) == (("stage",), ())


def test_unknown_keys_of_steps_are_warned_about(loaded: Load) -> None:
    text = with_keys("http: https://example.org", "retrys: 3", "expect: {statsu: 203}").replace(
        "      checks:",
        "      before: [{id: a, task_definition: a, like: web-api, comand: [b]}]\n      checks:",
    )
    warnings = " ".join(map(str, loaded(text).warnings))
    for key, meant in (("comand", "command"), ("retrys", "retries"), ("statsu", "status")):
        assert f"{key}: unknown key, ignored (did you mean '{meant}'?)" in warnings


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            SHOP.replace("id: prod", "id: prod\n      requires: {environment: stagee, verified: true}"),
            "line 10, shop.environments[1].requires.environment: found 'stagee', expected an environment of this project "
            "(did you mean 'stage'?)",
        ),
        (
            SHOP.replace("id: prod", "id: prod\n    - id: live\n      requires: {environment: prod, verified: true}"),
            "line 11, shop.environments[2].requires.verified: found verified although 'prod' has no checks, expected checks there",
        ),
        (
            with_keys("timeout: 60"),
            "line 7, shop.environments[0].checks[0]: found neither run nor http, expected what the check does",
        ),
        (
            with_keys("run: [a]", "http: https://example.org"),
            "line 9, shop.environments[0].checks[0].http: found http although run is on line 8, expected one of the two",
        ),
        (
            with_keys("http: https://example.org", "credentials: true"),
            "line 9, shop.environments[0].checks[0].credentials: found credentials, expected it only with run",
        ),
        (
            with_keys("run: [a]", "expect: {status: 200}"),
            "line 9, shop.environments[0].checks[0].expect: found expect, expected it only with http",
        ),
        (
            with_keys("run: []"),
            "line 8, shop.environments[0].checks[0].run: found an empty list, expected at least one argument",
        ),
        (
            with_keys("http: https://ada:secret@example.org"),
            "line 8, shop.environments[0].checks[0].http: found 'https://ada:secret@example.org', expected a URL that begins "
            "with https:// or http://, without a user name, or a template of it",
        ),
        (
            with_keys("http: https://{accoun}.example.org"),
            "line 8, shop.environments[0].checks[0].http: found {accoun}, which the variables of the environment 'stage' "
            "(line 4) lack, expected {environment} or a variable of every environment (did you mean 'account'?)",
        ),
        (
            with_keys("http: https://example.org", "expect: {image: serch}"),
            "line 9, shop.environments[0].checks[0].expect.image: found 'serch', expected an image of this project "
            "(did you mean 'search'?)",
        ),
        (
            with_keys("http: https://example.org", "expect: {fields: {commit: '{commit}'}}"),
            "line 9, shop.environments[0].checks[0].expect.fields.commit: found {commit} without image, expected image: the one "
            "of 2 that it is about",
        ),
        (
            with_keys("http: https://example.org", "expect: {fields: {commit: '{comit}'}}"),
            "line 9, shop.environments[0].checks[0].expect.fields.commit: found {comit}, which the variables of the environment "
            "'stage' (line 4) lack, expected {environment} or a variable of every environment",
        ),
        (
            with_keys("http: https://example.org", "expect: 200"),
            "line 9, shop.environments[0].checks[0].expect: found '200', expected a mapping with status, fields or image",
        ),
        (
            with_keys("http: https://example.org", "expect: {status: 99}"),
            "line 9, shop.environments[0].checks[0].expect.status: found '99', expected a status of HTTP from 200 to 599",
        ),
        (
            with_keys("run: [a]", "retries: -1"),
            "line 9, shop.environments[0].checks[0].retries: found '-1', expected a number from 0 to 1000",
        ),
        (
            SHOP.replace("      checks:\n", "      before: [{id: smoke, task_definition: m, like: web-api}]\n      checks:\n"),
            "line 8, shop.environments[0].checks[0].id: found the step 'smoke' twice, first on line 6, expected another id",
        ),
        (
            SHOP.replace("        - id: smoke\n", "        - smoke\n        - id: smoke\n"),
            "line 7, shop.environments[0].checks[0]: found 'smoke', expected a check: a mapping with the key id, and run or http",
        ),
    ],
)  # fmt: skip
def test_problem_has_its_line(problems: Problems, text: str, problem: str) -> None:
    assert problems(text) == (problem,)
