from __future__ import annotations

import pytest

from weco_deploy.model.log_location import UNREADABLE, container_logging_to, log_location
from weco_deploy.model.service import DefinedContainer

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/shop/0a1b2c"


def container(prefix: str | None = "app", region: str | None = "eu-west-1") -> DefinedContainer:
    return DefinedContainer(
        name="web",
        image="",
        log_driver="awslogs",
        log_group="/ecs/shop",
        log_region=region,
        log_stream_prefix=prefix,
    )


def test_location_has_the_group_and_the_stream() -> None:
    assert log_location(container(), TASK) == "/ecs/shop app/web/0a1b2c"


def test_location_has_the_region_if_it_is_not_the_tasks() -> None:
    assert log_location(container(region="us-east-1"), TASK) == "/ecs/shop app/web/0a1b2c in us-east-1"


def test_location_without_a_prefix_names_no_stream() -> None:
    location = log_location(container(prefix=None), TASK)

    assert location == "/ecs/shop unknown stream"
    assert container_logging_to(location) is None


@pytest.mark.parametrize("prefix", ["app", "team/app"])
@pytest.mark.parametrize("region", [None, "us-east-1"])
@pytest.mark.parametrize("remark", ["", f"{UNREADABLE}logs:GetLogEvents: not allowed)"])
def test_container_of_a_location_is_the_container_that_logs_there(
    prefix: str, region: str | None, remark: str
) -> None:
    logging = container(prefix, region)

    assert container_logging_to(log_location(logging, TASK) + remark) == (logging, "0a1b2c")


@pytest.mark.parametrize(
    "text", ["", "log driver splunk: not readable from here", "one two three", "/ecs/shop app"]
)
def test_other_text_names_no_container(text: str) -> None:
    assert container_logging_to(text) is None
