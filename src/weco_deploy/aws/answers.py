"""Rejects answers that don't come from AWS, such as the page of a proxy or of a network's sign-in.

botocore treats a body that isn't JSON as an empty answer. A call whose successful answer is empty, such as
TransactWriteItems, would then count as done, and an item that could not be read would count as missing. S3 answers
PutObject with headers alone, so there any page would count as success.
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


def check_bodies(client: BaseClient) -> None:
    """Make the client raise ResponseParserError for a body that AWS would not send.

    If the service answers in JSON, a body must be a JSON object. Where an answer consists of headers alone, there must be
    no body. A service's model may list several protocols. The one that counts is the one that botocore chose for the client.
    """
    model = client.meta.service_model
    event = f"before-parse.{model.service_id.hyphenize()}"
    if model.resolved_protocol in JSON_PROTOCOLS:
        client.meta.events.register(event, _check_json)
    elif model.resolved_protocol == "rest-xml":
        client.meta.events.register(event, _check_empty)


def _check_json(operation_model: OperationModel, response_dict: Mapping[str, object], **_: object) -> None:
    body = _body_of_success(response_dict)
    if body is None or (operation_model.output_shape is None and not body):
        return
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ResponseParserError("the body is no JSON object")


def _check_empty(operation_model: OperationModel, response_dict: Mapping[str, object], **_: object) -> None:
    shape = operation_model.output_shape
    in_headers = shape is None or all(
        member.serialization.get("location") == "header" for member in shape.members.values()
    )
    if in_headers and _body_of_success(response_dict):
        raise ResponseParserError("there is a body, where AWS sends headers alone")


def _body_of_success(response_dict: Mapping[str, object]) -> bytes | None:
    """The body; None for an error, for which botocore uses the status."""
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(status, int) or status >= 300 or not isinstance(body, bytes):
        return None
    return body
