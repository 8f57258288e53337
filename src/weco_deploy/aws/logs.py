"""Reads what a container logged with the `awslogs` driver, from CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.log_page import LogPage
from weco_deploy.model.service import DefinedContainer

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetLogEventsRequestTypeDef


class CloudWatchLogs:
    """`ports.LogReader` for one account. A container's `awslogs-region` names the region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, container: DefinedContainer, task_id: str, token: str | None) -> LogPage:
        stream = _stream(container, task_id)
        if stream is None:
            return LogPage()
        request: GetLogEventsRequestTypeDef = {**stream, "startFromHead": True}
        if token is not None:
            request["nextToken"] = token
        try:
            with translate_errors(api.GET_LOG_EVENTS):
                answer = self._client(container).get_log_events(**request)
                next_token = answer["nextForwardToken"]
                lines = [line for event in answer["events"] for line in event["message"].splitlines()]
        except AwsError as error:
            if code_behind(error) == "ResourceNotFoundException":  # nothing was logged yet
                return LogPage()
            raise
        # At the end of a stream CloudWatch returns the token that it was given (API reference, GetLogEvents).
        return LogPage(tuple(lines), next_token, complete=next_token == token)

    def tail(self, container: DefinedContainer, task_id: str, lines: int) -> tuple[str, ...]:
        stream = _stream(container, task_id)
        if stream is None:
            return ()
        try:
            with translate_errors(api.GET_LOG_EVENTS):
                request: GetLogEventsRequestTypeDef = {**stream, "limit": lines, "startFromHead": False}
                answer = self._client(container).get_log_events(**request)
                logged = [line for event in answer["events"] for line in event["message"].splitlines()]
                return tuple(logged[-lines:])
        except AwsError as error:
            if code_behind(error) == "ResourceNotFoundException":
                return ()
            raise

    def _client(self, container: DefinedContainer) -> CloudWatchLogsClient:
        return self._account.in_region(container.log_region or self._account.region).client("logs")


def _stream(container: DefinedContainer, task_id: str) -> GetLogEventsRequestTypeDef | None:
    """The stream that a container of a task logs to; None if that is not known."""
    group, prefix = container.log_group, container.log_stream_prefix
    # Without a prefix the stream is named after Docker's container id, which ECS doesn't report.
    if container.log_driver != "awslogs" or group is None or prefix is None:
        return None
    return {"logGroupName": group, "logStreamName": f"{prefix}/{container.name}/{task_id}"}
