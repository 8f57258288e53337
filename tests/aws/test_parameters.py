"""Parameters of the Systems Manager, by scripted answers."""

from __future__ import annotations

import json

import pytest

from tests.aws.scripted import ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.parameters import parameter
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Account, Login
from weco_deploy.errors import AccessDenied, NotFound


@pytest.fixture
def account(aws: ScriptedAws) -> Account:  # noqa: ARG001 - sets the endpoint
    return Login(StillClock(), Rates()).account("eu-west-1")


def test_parameter_is_decrypted(aws: ScriptedAws, account: Account) -> None:
    aws.says("GetParameter", json_answer(Parameter={"Name": "/shop/slack", "Value": "slack://x"}))

    assert parameter(account, "/shop/slack") == "slack://x"
    assert json.loads(aws.bodies[0]) == {"Name": "/shop/slack", "WithDecryption": True}


def test_missing_parameter_is_not_found(aws: ScriptedAws, account: Account) -> None:
    aws.says("GetParameter", refusal("ParameterNotFound"))

    with pytest.raises(NotFound, match="there is no parameter /shop/slack in eu-west-1"):
        parameter(account, "/shop/slack")


def test_denied_parameter_names_the_permission(aws: ScriptedAws, account: Account) -> None:
    aws.says("GetParameter", refusal("AccessDeniedException"))

    with pytest.raises(AccessDenied, match="ssm:GetParameter is missing"):
        parameter(account, "/shop/slack")
