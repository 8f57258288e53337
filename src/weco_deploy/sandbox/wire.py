"""The two formats in which AWS's services talk: JSON, and the query protocol of STS and of load balancers.

A request is checked by AWS's own model of the service, as boto3 does before it sends one, so that the simulation gets
none that it does not expect, whoever sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, OperationNotFoundError, Shape, StructureShape
from botocore.utils import parse_timestamp

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.model import service_model
from weco_deploy.sandbox.ecs.state import Json

_BY_TARGET = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "Logs_20140328": "logs",
    "ResourceGroupsTaggingAPI_20170126": "resourcegroupstaggingapi",
}
"""The first half of X-Amz-Target → boto3's name of the service."""
_BY_VERSION = {"2011-06-15": "sts", "2015-12-01": "elbv2"}
"""The version of a query → boto3's name of the service."""
OWN_TARGET = "Sandbox"
"""The sandbox's own calls, which no model describes."""
JSON_TYPE, XML_TYPE = "application/x-amz-json-1.1", "text/xml"


@dataclass(frozen=True, slots=True)
class Request:
    """`operation` as the simulation calls it: `ecs:DescribeServices`."""

    operation: str
    content: Json


def read(target: str, body: bytes) -> Request:
    """The request of that X-Amz-Target and body. ApiError if it is none that AWS would take."""
    try:
        if not target:
            return _query(body.decode())
        content = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", f"The request can't be read: {error}") from error
    prefix, _, operation = target.partition(".")
    if prefix == OWN_TARGET:
        return Request(f"sandbox:{operation}", content)
    return _checked(_BY_TARGET.get(prefix, ""), operation, content)


def answer(target: str, operation: str, content: Json) -> bytes:
    """The body of an answer."""
    if target:
        return json.dumps(content, default=datetime.timestamp).encode()
    name = operation.partition(":")[2]
    return f"<{name}Response><{name}Result>{_xml(content)}</{name}Result></{name}Response>".encode()


def error_answer(target: str, error: ApiError) -> bytes:
    """The body of an error's answer."""
    if target:
        return json.dumps({"__type": error.code, "message": error.message}).encode()
    content = {"Type": "Sender", "Code": error.code, "Message": error.message}
    return f"<ErrorResponse><Error>{_xml(content)}</Error></ErrorResponse>".encode()


def _query(text: str) -> Request:
    fields = dict(parse_qsl(text, keep_blank_values=True))
    action, service = fields.pop("Action", ""), _BY_VERSION.get(fields.pop("Version", ""), "")
    return _checked(service, action, _nested(fields))


def _checked(service: str, operation: str, content: Json) -> Request:
    unknown = ApiError(
        "UnknownOperationException", f"the sandbox has no {service or 'such service'}:{operation}"
    )
    if not service:
        raise unknown
    model = service_model(service)
    try:
        shape = model.operation(operation).input_shape
    except OperationNotFoundError:
        raise unknown from None
    try:
        typed = {} if shape is None else _typed(content, shape)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ApiError("SerializationException", f"The request can't be read: {error}") from error
    faults = model.faults_of_request(operation, typed)
    if faults:
        raise ApiError("ValidationException", faults)
    return Request(f"{model.prefix}:{operation}", typed)


def _typed(value: Any, shape: Shape) -> Any:
    """The value as boto3 has it: JSON has no timestamps, and a query has strings alone, and no lists."""
    match shape:
        case StructureShape():
            return {name: _typed(member, shape.members[name]) for name, member in value.items()}
        case ListShape():
            items = value.values() if isinstance(value, dict) else value
            return [_typed(item, shape.member) for item in items]
    match shape.type_name:
        case "timestamp":
            return parse_timestamp(value)
        case "integer" | "long":
            return int(value)
    return value


def _nested(fields: Mapping[str, str]) -> Json:
    """`{"Targets.member.1.Id": "x"}` as `{"Targets": [{"Id": "x"}]}`."""
    found: Json = {}
    for name, value in fields.items():
        *path, last = name.replace(".member.", ".").split(".")
        here = found
        for part in path:
            here = here.setdefault(part, {})
        here[last] = value
    return found


def _xml(content: object) -> str:
    match content:
        case dict():
            return "".join(f"<{name}>{_xml(value)}</{name}>" for name, value in content.items())
        case list():
            return "".join(f"<member>{_xml(value)}</member>" for value in content)
        case datetime():
            return content.isoformat()
    return escape(str(content))
