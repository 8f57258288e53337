from __future__ import annotations

import pytest

from weco_deploy.model.service import ServiceKey
from weco_deploy.report.console import console_links


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_lead_to_the_console_of_the_clusters_partition_and_region(
    partition: str, region: str, host: str
) -> None:
    links = console_links(ServiceKey(f"arn:{partition}:ecs:{region}:123456789012:cluster/shop", "api"))
    assert links is not None
    assert links.service == f"https://{host}/ecs/v2/clusters/shop/services/api/health?region={region}"
    assert links.logs == f"https://{host}/ecs/v2/clusters/shop/services/api/logs?region={region}"


@pytest.mark.parametrize(
    "cluster",
    ["shop", "", "arn:aws-iso:ecs:us-iso-east-1:123456789012:cluster/shop", "arn:aws:ecs::1:cluster/shop"],
)
def test_links_are_missing_if_the_console_is_unknown(cluster: str) -> None:
    assert console_links(ServiceKey(cluster, "api")) is None


def test_links_quote_names() -> None:
    links = console_links(ServiceKey("arn:aws:ecs:eu-west-1:123456789012:cluster/shop", "../x?y#z \x1b[31m"))
    assert links is not None
    assert "/services/..%2Fx%3Fy%23z%20%1B%5B31m/health" in links.service
