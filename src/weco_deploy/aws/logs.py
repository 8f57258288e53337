"""Reads the last lines that a container logged with the `awslogs` driver, from CloudWatch Logs."""

from __future__ import annotations

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.service import DefinedContainer


class CloudWatchLogs:
    """`ports.LogReader` for one account. A container's `awslogs-region` names the region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def tail(self, container: DefinedContainer, task_id: str, lines: int) -> tuple[str, ...]:
        group, prefix = container.log_group, container.log_stream_prefix
        # Without a prefix the stream is named after Docker's container id, which ECS doesn't report.
        if container.log_driver != "awslogs" or group is None or prefix is None:
            return ()
        client = self._account.in_region(container.log_region or self._account.region).client("logs")
        try:
            with translate_errors(api.GET_LOG_EVENTS):
                answer = client.get_log_events(
                    logGroupName=group,
                    logStreamName=f"{prefix}/{container.name}/{task_id}",
                    limit=lines,
                    startFromHead=False,
                )
                logged = [line for event in answer["events"] for line in event["message"].splitlines()]
                return tuple(logged[-lines:])
        except AwsError as error:
            if code_behind(error) == "ResourceNotFoundException":
                return ()
            raise
