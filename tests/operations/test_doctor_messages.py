"""What `doctor` says of the destinations of messages, in the in-memory world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AccessDenied
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.notification import Destination
from weco_deploy.operations.doctor import doctor

SLACK = Destination(url_from="ssm:/shop/slack", environments=("prod",))
MAIL = Destination(url_from="env:MAIL", environments=("stage", "prod"))
SHOP = replace(project(images={"search": ["search-api"]}), notify=(SLACK, MAIL))


@pytest.fixture
def world() -> World:
    world = World.of(SHOP)
    world.mail.secrets |= {SLACK.url_from: "slack://s3cret", MAIL.url_from: "mailto://s3cret"}
    return world


def checks(world: World, environment_id: str | None = None) -> Sequence[Check]:
    return [check for check in doctor(world.ports(), environment_id) if check.id == "messages"]


def test_destinations_with_urls_are_ok_and_get_nothing(world: World) -> None:
    (check,) = checks(world)

    assert (check.result, check.found) == (Result.OK, "can be sent to ssm:/shop/slack, env:MAIL")
    assert world.mail.sent == []


def test_each_problem_is_a_warning_with_the_test_as_remedy(world: World) -> None:
    world.mail.secrets[SLACK.url_from] = AccessDenied("ssm:GetParameter", "denied")
    world.mail.secrets[MAIL.url_from] = "s3cret"

    found = checks(world)

    assert [(check.result, check.found) for check in found] == [
        (Result.WARN, "ssm:/shop/slack: ssm:GetParameter: denied"),
        (Result.WARN, "env:MAIL: it holds no URL of a service that apprise knows"),
    ]
    assert {check.command_line() for check in found} == {"weco-deploy notify --test"}


def test_missing_extra_is_named(world: World) -> None:
    world.mail.installed = False

    assert all("pip install 'weco-deploy[notify]'" in check.found for check in checks(world))


def test_only_the_destinations_of_the_environment_are_checked(world: World) -> None:
    (check,) = checks(world, "stage")

    assert check.found == "can be sent to env:MAIL"


def test_without_destinations_there_is_no_check(world: World) -> None:
    found = doctor(world.ports(replace(SHOP, notify=())), None)

    assert "messages" not in {check.id for check in found}


def test_without_access_to_the_account_nothing_is_read(world: World) -> None:
    found = doctor(world.ports(replace(SHOP, account_id="999999999999")), None)

    assert "messages" not in {check.id for check in found}
