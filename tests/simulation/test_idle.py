"""What a simulation costs: nothing by itself, and no request costs more because other services stand still."""

from __future__ import annotations

import pytest

from tests.simulation.cloud import CLUSTER, SERVICE, Cloud, Json
from weco_deploy.sandbox.ecs import lag, scheduler, views
from weco_deploy.sandbox.ecs.service_state import Service


def estate(services: int) -> Cloud:
    cloud = Cloud()
    cloud.registry.push()
    cloud.define()
    for number in range(services):
        cloud.create(serviceName=f"{SERVICE}-{number}")
    cloud.pass_time(600)
    return cloud


def test_services_that_were_made_in_the_past_are_up_at_the_next_request() -> None:
    cloud = estate(0)
    for number in range(5):
        cloud.create(serviceName=f"{SERVICE}-{number}")
    cloud.now = cloud.now.replace(hour=20)

    answer = cloud.ecs.describe_services(cluster=CLUSTER, services=[f"{SERVICE}-{n}" for n in range(5)])

    assert [service["runningCount"] for service in answer["services"]] == [1] * 5
    assert {service["deployments"][0]["rolloutState"] for service in answer["services"]} == {"COMPLETED"}


def test_nothing_is_due_where_all_services_stand_still() -> None:
    assert estate(30).simulation.next_due() is None


def test_a_request_looks_only_at_the_services_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = estate(30)
    looked: list[str] = []

    def view(service: Service) -> Json:
        looked.append(service.name)
        return views.service_view(service)

    monkeypatch.setattr(lag, "service_view", view)
    monkeypatch.setattr(scheduler, "limits_of", lambda service: looked.append(service.name))
    cloud.pass_time(60)
    cloud.ecs.describe_services(cluster=CLUSTER, services=[f"{SERVICE}-7"])

    assert looked == [f"{SERVICE}-7"]
