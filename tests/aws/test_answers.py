"""Answers that don't come from AWS, such as a proxy's, are never taken for AWS's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecr import EcrRegistry
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
