"""Rejects answers that don't come from AWS, such as the page of a proxy or of a network's sign-in.

botocore treats a body that isn't JSON as an empty answer. A call whose successful answer is empty, such as
TransactWriteItems, would then count as done, and an item that could not be read would count as missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel


JSON_PROTOCOLS = frozenset({"json", "rest-json"})


def require_json(client: BaseClient) -> None:
    """Make the client raise ResponseParserError for a body that isn't a JSON object, if its service answers in JSON.

    A service's model may list several protocols. The one that counts is the one that botocore chose for the client.
    """
    model = client.meta.service_model
    if model.resolved_protocol in JSON_PROTOCOLS:
        client.meta.events.register(f"before-parse.{model.service_id.hyphenize()}", _check)


def _check(operation_model: OperationModel, response_dict: Mapping[str, object], **_: object) -> None:
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(status, int) or status >= 300 or not isinstance(body, bytes):
        return  # for an error, botocore uses the status
    if operation_model.output_shape is None and not body:
        return
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ResponseParserError("the body is no JSON object")
