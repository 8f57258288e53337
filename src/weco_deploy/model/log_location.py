"""The place of a container's log in CloudWatch, as one text that people can read and the record keeps."""

from __future__ import annotations

import re

from weco_deploy.model.arn import Arn, resource_name
from weco_deploy.model.service import DefinedContainer

UNREADABLE = " (can't be read: "
_UNKNOWN_STREAM = "unknown stream"
# Log group names have no spaces. A stream is named `<awslogs-stream-prefix>/<container>/<task id>`; the prefix may have slashes.
_LOCATION = re.compile(
    r"(?P<group>\S+) (?P<prefix>\S+)/(?P<container>[^/\s]+)/(?P<task>[^/\s]+)(?: in (?P<region>[a-z0-9-]+))?"
)


def log_location(container: DefinedContainer, task: str) -> str:
    """The log group and stream of a container that logs with `awslogs`; also the region, if it is not the task's.

    Args:
        container: its `log_group` is known.
        task: the task's ARN, or only its id.

    """
    if not container.log_stream_prefix:
        return f"{container.log_group} {_UNKNOWN_STREAM}"
    stream = f"{container.log_stream_prefix}/{container.name}/{resource_name(task)}"
    arn = Arn.parse(task)
    elsewhere = arn is not None and container.log_region not in (None, arn.region)
    return f"{container.log_group} {stream}" + (f" in {container.log_region}" if elsewhere else "")


def container_logging_to(location: str) -> tuple[DefinedContainer, str] | None:
    """The container, and the id of its task, of a text that `log_location` made; None if it names no stream."""
    found = _LOCATION.fullmatch(location.partition(UNREADABLE)[0])
    if found is None:
        return None
    container = DefinedContainer(
        name=found["container"],
        image="",
        log_driver="awslogs",
        log_group=found["group"],
        log_region=found["region"],
        log_stream_prefix=found["prefix"],
    )
    return container, found["task"]
