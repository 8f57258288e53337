"""An answer that is no answer: what a proxy, or a network to sign in to, says in AWS's place.

botocore takes a body that is no JSON for an empty answer. A call whose success says nothing more, as that of
TransactWriteItems or PutImage, would then count as done, and an item that was not read as one that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel


def require_json(client: BaseClient) -> None:
    """Make calls of a client whose service speaks JSON raise ResponseParserError for a body that is none."""
    model = client.meta.service_model
    if model.metadata.get("protocol") == "json":
        client.meta.events.register(f"before-parse.{model.service_id.hyphenize()}", _check)


def _check(operation_model: OperationModel, response_dict: Mapping[str, object], **_: object) -> None:
    status, body = response_dict["status_code"], response_dict["body"]
    if not isinstance(status, int) or status >= 300 or not isinstance(body, bytes):
        return  # of errors, the status is enough
    if operation_model.output_shape is None and not body:
        return
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ResponseParserError("the body is no JSON object")
