"""Answers that don't come from AWS, such as a proxy's, are never taken for AWS's."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import pytest
from botocore import xform_name
from botocore.validate import ValidationErrors

from tests.aws.scripted import Answer, ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws import answers, api
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.records.table import Table
from weco_deploy.aws.records.writes import Put
from weco_deploy.aws.session import Account, Login
from weco_deploy.errors import Unreachable
from weco_deploy.model.image import Manifest

MANIFEST = Manifest(digest="sha256:1", media_type="application/vnd.oci.image.manifest.v1+json", body="{}")
PORTAL = Answer(200, "<html>please sign in to the wireless network</html>")


@pytest.fixture
def account() -> Account:
    return Login(StillClock(), Rates()).account("eu-west-1")


def table(account: Account) -> Table:
    return Table(account.client("dynamodb"), "releases", StillClock())


CALLS: dict[str, Callable[[Account], object]] = {
    "TransactWriteItems": lambda account: table(account).write([Put({"release_id": "one"})]),
    "GetItem": lambda account: table(account).get("one"),
    "Query": lambda account: list(table(account).newest("project_gsi", "one", 1)),
    "PutImage": lambda account: EcrRegistry(account).point("search", "env.stage", MANIFEST),
}
"""Calls whose answer may be an empty object."""


@pytest.mark.parametrize("body", [PORTAL.body, "", '["JSON of another kind"]', '{"cut": "o'])
@pytest.mark.parametrize("operation", CALLS)
def test_body_that_is_not_a_json_object_is_unreachable(
    aws: ScriptedAws, account: Account, operation: str, body: str
) -> None:
    aws.says(operation, Answer(200, body))

    with pytest.raises(Unreachable, match="can't be read"):
        CALLS[operation](account)


@pytest.mark.parametrize("operation", CALLS)
def test_empty_json_object_is_accepted(aws: ScriptedAws, account: Account, operation: str) -> None:
    aws.says(operation, json_answer())

    CALLS[operation](account)


REQUIRED = {"string": "x" * 40, "blob": b"x", "integer": 1, "long": 1, "structure": {}, "map": {}, "list": []}
"""Values for the required parameters of a call, by their type. Nothing reads them."""


@pytest.mark.parametrize("call", api.CALLS, ids=lambda call: call.name)
def test_page_of_a_proxy_is_no_answer_of_any_call_that_the_tool_makes(
    aws: ScriptedAws, account: Account, call: api.ApiCall
) -> None:
    client = getattr(account, "client")(call.client)  # noqa: B009 - a name that is no literal
    shape = client.meta.service_model.operation_model(call.operation).input_shape
    parameters = {
        name: REQUIRED[shape.members[name].type_name] for name in (shape.required_members if shape else ())
    }
    aws.says(call.operation, PORTAL)

    with (
        mock.patch("botocore.validate.ParamValidator.validate", return_value=ValidationErrors()),
        pytest.raises(Unreachable, match="can't be read"),
        translate_errors(call),
    ):
        getattr(client, xform_name(call.operation))(**parameters)


def test_json_is_required_by_the_protocol_that_botocore_chose_whatever_else_the_model_lists(
    aws: ScriptedAws, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = account.client("dynamodb")
    client.meta.events.unregister("before-parse.dynamodb", answers._check_json)
    monkeypatch.setitem(client.meta.service_model.metadata, "protocol", "smithy-rpc-v2-cbor")
    answers.check_bodies(client)
    aws.says("TransactWriteItems", PORTAL)

    with pytest.raises(Unreachable, match="can't be read"):
        table(account).write([Put({"release_id": "one"})])
