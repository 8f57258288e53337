"""CloudWatch Logs: what containers logged, and what is written by hand."""

from __future__ import annotations

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Json

MOST_EVENTS = 10_000
FORWARD = "f/"
"""How tokens begin that read on towards newer events. The rest is the number of events before."""


def create_log_group(region: Region, request: Json) -> Json:
    if request["logGroupName"] in region.logs:
        raise _exists("group")
    region.logs[request["logGroupName"]] = {}
    return {}


def create_log_stream(region: Region, request: Json) -> Json:
    streams = _group(region, request)
    if request["logStreamName"] in streams:
        raise _exists("stream")
    streams[request["logStreamName"]] = []
    return {}


def put_log_events(region: Region, request: Json) -> Json:
    """Takes the events whatever their time: CloudWatch drops those that are too old or lie ahead."""
    at = round(region.now.timestamp() * 1000)
    _stream(region, request).extend(event | {"ingestionTime": at} for event in request["logEvents"])
    return {}


def get_log_events(region: Region, request: Json) -> Json:
    """The last events of a stream, the first with `startFromHead`, or those from the `nextToken` of an earlier answer on."""
    events = _stream(region, request)
    limit = request.get("limit", MOST_EVENTS)
    begin = 0 if request.get("startFromHead") else max(0, len(events) - limit)
    if (token := request.get("nextToken", "")).startswith(FORWARD):
        begin = int(token.removeprefix(FORWARD))
    chosen = events[begin : begin + limit]
    return {
        "events": list(chosen),
        "nextForwardToken": f"{FORWARD}{begin + len(chosen)}",
        "nextBackwardToken": f"b/{begin}",
    }


def _exists(what: str) -> ApiError:
    return ApiError("ResourceAlreadyExistsException", f"The specified log {what} already exists")


def _group(region: Region, request: Json) -> dict[str, list[Json]]:
    found = region.logs.get(request["logGroupName"])
    if found is None:
        raise ApiError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def _stream(region: Region, request: Json) -> list[Json]:
    found = _group(region, request).get(request["logStreamName"])
    if found is None:
        raise ApiError("ResourceNotFoundException", "The specified log stream does not exist.")
    return found
