"""What `doctor` says of permissions: by the policy simulator and, without it, by harmless reads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AccessDenied, NotFound, Unreachable
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.setup import DeniedAction
from weco_deploy.operations.doctor import doctor

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]})
NO_SIMULATION = AccessDenied(
    "iam:SimulatePrincipalPolicy", "not allowed: iam:SimulatePrincipalPolicy is missing"
)


@pytest.fixture
def world() -> World:
    world = World.of(SHOP, balanced=True)
    release_deploy(world, "stage")
    return world


def permissions(world: World) -> Sequence[Check]:
    return [check for check in doctor(world.ports(), None) if check.id == "permissions"]


def test_policies_that_allow_everything_are_ok_and_nothing_is_tried(world: World) -> None:
    before = world.count("runtime.resolved")

    (check,) = permissions(world)

    assert check.result is Result.OK
    assert world.count("runtime.resolved") == before


@pytest.mark.parametrize(
    ("denied", "result", "words"),
    [
        (
            DeniedAction(action="ecs:UpdateService", resource="service/a"),
            Result.FAIL,
            "stage: ecs:UpdateService is not allowed on service/a",
        ),
        (
            DeniedAction(action="ecr:PutImage", resource="repository/a", explicit=True),
            Result.FAIL,
            "images and records: ecr:PutImage is denied by a statement on repository/a",
        ),
        (
            DeniedAction(action="logs:GetLogEvents", resource="log/a"),
            Result.WARN,
            "stage: logs:GetLogEvents is not allowed on log/a",
        ),
        (
            DeniedAction(action="ecr:PutImage", resource="repository/a", unsure=True),
            Result.WARN,
            "unless a condition holds that can't be simulated",
        ),
    ],
)
def test_denied_action_is_named_with_its_resource(
    world: World, denied: DeniedAction, result: Result, words: str
) -> None:
    world.setup.denied.append(denied)

    found = permissions(world)

    assert {check.result for check in found} == {result}
    assert words in found[0].found
    assert found[0].command == ("weco-deploy", "iam-policy")


def test_action_that_is_denied_on_several_resources_has_one_line(world: World) -> None:
    world.setup.denied += [DeniedAction(action="ecr:PutImage", resource=f"r{number}") for number in range(3)]

    (check,) = permissions(world)

    assert check.found.endswith("is not allowed on r0 and 2 more")


def test_reads_are_tried_where_nothing_can_be_simulated(world: World) -> None:
    world.fail("setup.denied", NO_SIMULATION, times=10)

    (check,) = permissions(world)

    assert check.result is Result.SKIP
    assert "iam:SimulatePrincipalPolicy is missing" in check.found
    assert "ecs:UpdateService" in check.found
    assert check.command == ("weco-deploy", "iam-policy")


@pytest.mark.parametrize(
    ("call", "permission", "result"),
    [
        ("registry.existing_tags", "ecr:BatchGetImage", Result.FAIL),
        ("runtime.resolved", "ecs:ListServiceDeployments", Result.WARN),
        ("runtime.service_deployments", "ecs:DescribeServiceDeployments", Result.WARN),
        ("runtime.targets", "elasticloadbalancing:DescribeTargetHealth", Result.WARN),
    ],
)
def test_read_that_was_tried_in_vain_names_the_permission(
    world: World, call: str, permission: str, result: Result
) -> None:
    world.fail("setup.denied", NO_SIMULATION, times=10)
    world.fail(
        call, AccessDenied(permission, f"not allowed: the IAM permission {permission} is missing"), times=10
    )

    *denied, skipped = permissions(world)

    assert {check.result for check in denied} == {result}
    assert all(permission in check.found for check in denied)
    assert skipped.result is Result.SKIP


def test_emulator_without_iam_is_a_check_that_was_not_made(world: World) -> None:
    world.fail(
        "setup.denied", NotFound("the sandbox, or other emulator, at http://127.0.0.1 has no IAM"), times=10
    )
    before = world.count("runtime.resolved")

    (check,) = permissions(world)

    assert check.result is Result.SKIP
    assert check.found == "not checked: the sandbox, or other emulator, at http://127.0.0.1 has no IAM"
    assert check.command == ()
    assert world.count("runtime.resolved") == before


def test_read_that_gets_no_answer_says_nothing_of_permissions(world: World) -> None:
    world.fail("setup.denied", NO_SIMULATION, times=10)
    world.fail("registry.existing_tags", Unreachable("ecr:BatchGetImage", "no answer"), times=10)

    assert [check.result for check in permissions(world)] == [Result.SKIP]
