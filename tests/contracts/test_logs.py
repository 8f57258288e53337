"""What holds of a reader of containers' logs, wherever it is."""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.setting import Setting
from weco_deploy.model.service import DefinedContainer

APP = DefinedContainer(
    name="app",
    image="app:1",
    log_driver="awslogs",
    log_group="/ecs/search",
    log_region="eu-west-1",
    log_stream_prefix="ecs",
)


def test_the_last_lines_of_a_tasks_container_come_in_their_order(setting: Setting) -> None:
    setting.log("/ecs/search", "ecs/app/1234", "one", "two", "three")
    setting.log("/ecs/search", "ecs/app/5678", "of another task")

    assert setting.logs.tail(APP, "1234", 2) == ("two", "three")
    assert setting.logs.tail(APP, "1234", 10) == ("one", "two", "three")


def test_a_container_that_never_logged_has_no_lines(setting: Setting) -> None:
    assert setting.logs.tail(APP, "1234", 10) == ()
    setting.log("/ecs/search", "ecs/app/5678", "of another task")
    assert setting.logs.tail(APP, "1234", 10) == ()


def test_the_log_of_another_region_is_read_there(setting: Setting) -> None:
    setting.log("/ecs/search", "ecs/app/1234", "one")

    assert setting.logs.tail(replace(APP, log_region="eu-central-1"), "1234", 10) == ()
    assert setting.logs.tail(replace(APP, log_region=None), "1234", 10) == ("one",)


def test_other_log_drivers_and_nameless_streams_have_no_lines(setting: Setting) -> None:
    setting.log("/ecs/search", "ecs/app/1234", "one")

    assert setting.logs.tail(replace(APP, log_driver="splunk"), "1234", 10) == ()
    assert setting.logs.tail(replace(APP, log_stream_prefix=None), "1234", 10) == ()
    assert setting.logs.tail(replace(APP, log_group=None), "1234", 10) == ()
