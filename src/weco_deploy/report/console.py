"""Links to an ECS service in the AWS console."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from weco_deploy.model.arn import Arn
from weco_deploy.model.service import ServiceKey

# The console's host name without the region, by the partition of the cluster's ARN.
_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@dataclass(frozen=True, slots=True)
class ConsoleLinks:
    """The URLs of two pages: the service's health, and the logs of its tasks."""

    service: str
    logs: str


def console_links(key: ServiceKey) -> ConsoleLinks | None:
    """The links to a service.

    None if the cluster is not an ARN (`arn:<partition>:ecs:<region>:<account>:cluster/<name>`), or if it is in a
    partition whose console is unknown.
    """
    arn = Arn.parse(key.cluster)
    host = _HOSTS.get(arn.partition) if arn else None
    if arn is None or host is None or not arn.region:
        return None
    region = quote(arn.region, safe="")
    cluster, service = quote(key.cluster_name, safe=""), quote(key.name, safe="")
    page = f"https://{region}.{host}/ecs/v2/clusters/{cluster}/services/{service}"
    return ConsoleLinks(service=f"{page}/health?region={region}", logs=f"{page}/logs?region={region}")
