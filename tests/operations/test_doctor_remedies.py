"""The remedies of `doctor` fit the service, and change nothing that is right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.ecs import ServiceOptions
from tests.world.projects import project
from weco_deploy.model.checks import Check, Result
from weco_deploy.operations.doctor import doctor

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]}, environments=("stage",))
STUCK = {"maximumPercent": 100, "minimumHealthyPercent": 100}


def checks(world: World, check_id: str) -> Sequence[Check]:
    return [check for check in doctor(world.ports(), None) if check.id == check_id]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"breaker": True},
            "deploymentCircuitBreaker={enable=true,rollback=true},maximumPercent=200,minimumHealthyPercent=100",
        ),
        ({"breaker": False, "alarm": "errors"}, "maximumPercent=200,minimumHealthyPercent=100"),
        (
            {"scheduling": "DAEMON", "breaker": False, "alarm": "errors"},
            "maximumPercent=100,minimumHealthyPercent=0",
        ),
    ],
)
def test_percentages_to_set_fit_the_service_and_keep_its_circuit_breaker(
    options: ServiceOptions, expected: str
) -> None:
    world = World.of(SHOP, **options, configuration=STUCK)  # type: ignore[misc]  # mypy can't tell that the keys differ

    assert {check.command[-1] for check in checks(world, "percentages")} == {expected}


def test_circuit_breaker_is_asked_for_only_where_ecs_deploys() -> None:
    world = World.of(SHOP, breaker=False)
    for service_id in SHOP.services:
        world.hand_over(service_id, "stage", "CODE_DEPLOY")

    assert [check.result for check in checks(world, "circuit_breaker")] == [Result.OK]


def test_rules_of_a_repository_concern_its_own_images_only() -> None:
    world = World.of(SHOP)
    release_deploy(world, "stage")

    def policy(**selection: Any) -> str:
        chosen = {"countType": "sinceImagePushed", "countNumber": 1, **selection}
        return json.dumps({"rules": [{"rulePriority": 1, "selection": chosen, "action": {"type": "expire"}}]})

    world.setup.policies[SHOP.images[0].repository] = policy(tagStatus="any")
    world.setup.policies[SHOP.images[1].repository] = policy(tagStatus="untagged")

    (check,) = checks(world, "lifecycle")

    assert "of search, deployed to stage" in check.found


@pytest.mark.parametrize(("seconds", "words"), [(60, "60 s ahead of AWS's"), (-60, "60 s behind AWS's")])
def test_clock_that_is_wrong_is_ahead_or_behind(seconds: int, words: str) -> None:
    world = World.of(SHOP)
    world.setup.ahead = timedelta(seconds=seconds)

    (check,) = checks(world, "clock")

    assert words in check.found


def test_command_about_a_service_is_for_the_region_of_its_environment() -> None:
    (stage,) = SHOP.environments
    abroad = replace(SHOP, environments=(replace(stage, region_name="eu-west-2"),))
    world = World.of(abroad, breaker=False)

    found = checks(world, "circuit_breaker")

    assert {check.command[3:5] for check in found} == {("--region", "eu-west-2")}
