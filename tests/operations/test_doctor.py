"""`doctor` in the in-memory world: each check when all is well, and when it is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.projects import project
from weco_deploy.errors import AccessDenied
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.setup import TableSettings
from weco_deploy.operations.doctor import doctor

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]})
SEARCH = SHOP.images[0].repository
REGION = ("--region", "eu-west-1")
DENIED = AccessDenied("a:Read", "not allowed: the IAM permission a:Read is missing")


@pytest.fixture
def world() -> World:
    """A project after a deployment, with a table as the tool makes it."""
    world = World.of(SHOP, launch_type="FARGATE")
    release_deploy(world, "stage")
    world.setup.tables[SHOP.release_table] = TableSettings(
        on_demand=True, deletion_protection=True, indexes=frozenset({"project_gsi", "deployment_gsi"})
    )
    world.setup.recovering.add(SHOP.release_table)
    return world


def checks(world: World, check_id: str = "", environment_id: str | None = None) -> Sequence[Check]:
    found = doctor(world.ports(), environment_id)
    return [check for check in found if check_id in ("", check.id)]


def only(world: World, check_id: str) -> Check:
    (check,) = checks(world, check_id)
    return check


def rule(
    priority: int, count: int, count_type: str = "imageCountMoreThan", **selection: Any
) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "selection": {"tagStatus": "tagged", "countType": count_type, "countNumber": count, **selection},
        "action": {"type": "expire"},
    }


def policy(world: World, *rules: dict[str, Any]) -> None:
    world.setup.policies[SEARCH] = json.dumps({"rules": rules})


def test_project_as_it_should_be_has_nothing_but_ok(world: World) -> None:
    found = checks(world)

    assert {check.result for check in found} == {Result.OK}, found
    assert len({check.id for check in found}) == len(found)


def test_doctor_changes_nothing(world: World) -> None:
    ports = world.ports()
    before = len(world.calls)

    doctor(ports, None)

    changes = {
        "point",
        "redeploy",
        "save",
        "claim",
        "resume",
        "renew",
        "note",
        "settle",
        "lock",
        "unlock",
        "deepen",
    }
    assert changes.isdisjoint(call.name.partition(".")[2] for call in world.calls[before:])


def test_table_that_is_missing_is_made_by_the_first_release(world: World) -> None:
    world.setup.tables.clear()

    assert only(world, "table").result is Result.OK
    assert {
        only(world, check_id).result for check_id in ("table_billing", "table_protection", "table_recovery")
    } == {Result.SKIP}


@pytest.mark.parametrize(
    ("change", "check_id", "result", "command"),
    [
        ({"on_demand": False}, "table_billing", Result.WARN, ("--billing-mode", "PAY_PER_REQUEST")),
        ({"deletion_protection": False}, "table_protection", Result.WARN, ("--deletion-protection-enabled",)),
        ({"indexes": frozenset({"project_gsi"})}, "table", Result.FAIL, ()),
    ],
)
def test_setting_of_the_table_that_is_wrong_is_named_with_its_remedy(
    world: World, change: dict[str, Any], check_id: str, result: Result, command: tuple[str, ...]
) -> None:
    tables = world.setup.tables
    tables[SHOP.release_table] = replace(tables[SHOP.release_table], **change)

    check = only(world, check_id)

    assert check.result is result
    prefix = ("aws", "dynamodb", "update-table", *REGION, "--table-name", SHOP.release_table)
    assert check.command == ((*prefix, *command) if command else ())


def test_table_without_point_in_time_recovery_is_a_warning(world: World) -> None:
    world.setup.recovering.clear()

    check = only(world, "table_recovery")

    assert check.result is Result.WARN
    assert check.command[:3] == ("aws", "dynamodb", "update-continuous-backups")


@pytest.mark.parametrize(
    ("call", "check_id", "result"),
    [
        ("setup.table", "table", Result.SKIP),
        ("setup.recovers", "table_recovery", Result.SKIP),
        ("setup.lifecycle", "lifecycle", Result.SKIP),
        ("registry.repositories", "repository", Result.FAIL),
        ("registry.find", "image_label", Result.FAIL),
    ],
)
def test_read_that_is_denied_names_the_permission_and_hides_no_other_check(
    world: World, call: str, check_id: str, result: Result
) -> None:
    expected = {check.id for check in checks(world)}
    world.fail(call, DENIED, times=100)

    found = checks(world)

    assert {check.id for check in found} == expected
    (check,) = [check for check in found if check.id == check_id]  # one for all that failed alike
    assert check.result is result
    assert "a:Read" in check.found
    assert check.command == ("weco-deploy", "iam-policy")


def test_nothing_is_read_in_another_account_than_the_projects(world: World) -> None:
    elsewhere = replace(SHOP, account_id="999988887777")
    ports = world.ports(elsewhere)
    before = len(world.calls)

    found = {check.id: check.result for check in doctor(ports, None)}

    assert found["account"] is Result.FAIL
    assert found["table"] is found["repository"] is found["lifecycle"] is Result.SKIP
    assert not any(call.name.startswith(("registry", "store", "runtime")) for call in world.calls[before:])


def test_repository_that_is_missing_can_be_created(world: World) -> None:
    del world.repositories[SEARCH]

    check = only(world, "repository")

    assert check.result is Result.FAIL
    assert check.command == ("aws", "ecr", "create-repository", *REGION, "--repository-name", SEARCH)


@pytest.mark.parametrize(
    ("mutability", "exclusions", "setting"),
    [
        (
            "IMMUTABLE",
            (),
            (
                "IMMUTABLE_WITH_EXCLUSION",
                "filterType=WILDCARD,filter=env.stage",
                "filterType=WILDCARD,filter=env.prod",
            ),
        ),
        (
            "IMMUTABLE_WITH_EXCLUSION",
            ("env.s*",),
            (
                "IMMUTABLE_WITH_EXCLUSION",
                "filterType=WILDCARD,filter=env.s*",
                "filterType=WILDCARD,filter=env.prod",
            ),
        ),
        ("IMMUTABLE_WITH_EXCLUSION", ("a", "b", "c", "d"), ("MUTABLE",)),
        ("MUTABLE_WITH_EXCLUSION", ("env.*",), ("MUTABLE",)),
        (
            "MUTABLE_WITH_EXCLUSION",
            ("env.*", "v*"),
            ("MUTABLE_WITH_EXCLUSION", "filterType=WILDCARD,filter=v*"),
        ),
    ],
)
def test_tags_that_cannot_be_moved_come_with_the_setting_that_changes_least(
    world: World, mutability: str, exclusions: tuple[str, ...], setting: tuple[str, ...]
) -> None:
    world.repository(SEARCH, mutability, exclusions)

    check = only(world, "tag_mutability")

    assert check.result is Result.FAIL
    words = [word for word in check.command if word != "--image-tag-mutability-exclusion-filters"]
    assert tuple(words[words.index("--image-tag-mutability") + 1 :]) == setting


def test_tags_that_an_exclusion_allows_to_move_are_fine(world: World) -> None:
    world.repository(SEARCH, "IMMUTABLE_WITH_EXCLUSION", ("env.*",))

    assert only(world, "tag_mutability").result is Result.OK


def test_image_without_the_label_is_a_warning_unless_it_is_optional(world: World) -> None:
    del world.repositories[SEARCH].tags["latest"]

    check = only(world, "image_label")

    assert check.result is Result.WARN
    assert check.command == ("weco-deploy", "publish", "--image-id", "search")
    optional = replace(SHOP, images=(replace(SHOP.images[0], optional=True), SHOP.images[1]))
    (check,) = [check for check in doctor(world.ports(optional), None) if check.id == "image_label"]
    assert check.result is Result.OK


def test_image_that_names_no_version_is_a_failure_unless_its_label_does(world: World) -> None:
    repository = world.repositories[SEARCH]
    digest = repository.tags["latest"]
    for tag in repository.tags_of(digest):
        if tag.startswith("ref."):
            del repository.tags[tag]
    repository.tags["build-7"] = digest

    check = only(world, "image_ref")

    assert check.result is Result.FAIL
    assert "no tag like ref.<commit>" in check.found
    assert "build-7" in check.found
    repository.revisions[digest] = "a" * 40
    assert only(world, "image_ref").result is Result.OK


def test_lifecycle_rule_that_could_expire_a_deployed_image_is_named_with_the_image(world: World) -> None:
    policy(world, rule(1, 1, tagPrefixList=["v"]), rule(2, 100, tagStatus="any"))

    check = only(world, "lifecycle")

    assert check.result is Result.WARN
    assert "rule 2" in check.found
    assert "expire" in check.found
    assert "of search, deployed to stage and last known good in stage" in check.found
    assert check.command[:3] == ("aws", "ecr", "put-lifecycle-policy")
    policy_text = check.command[-1]
    assert [
        (found["rulePriority"], found["selection"].get("tagPatternList"))
        for found in json.loads(policy_text)["rules"]
    ] == [
        (1, ["env.prod"]),
        (2, ["env.stage"]),
        (3, None),
        (4, None),
    ]
    world.setup.policies[SEARCH] = policy_text  # the remedy puts it right
    assert only(world, "lifecycle").result is Result.OK


@pytest.mark.parametrize(
    ("rules", "result"),
    [
        ([rule(1, 14, "sinceImagePushed", tagStatus="untagged")], Result.OK),
        ([rule(1, 14, "sinceImagePushed", tagPatternList=["env.*"])], Result.WARN),
        ([rule(1, 2, tagPrefixList=["env."]), rule(2, 10, tagStatus="any")], Result.OK),
        ([rule(1, 1, tagPrefixList=["env."]), rule(2, 10, tagStatus="any")], Result.WARN),
        ([rule(1, 10, tagStatus="any"), rule(2, 2, tagPrefixList=["env."])], Result.WARN),
        ([rule(1, 30, tagPatternList=["ref.*", "nightly*"])], Result.OK),
        ([rule(1, 30, tagPatternList=["ref.*", "env.*"])], Result.WARN),
        ([rule(1, 30, "sinceImageTransitioned", tagStatus="any", storageClass="archive")], Result.OK),
        (
            [{**rule(1, 30, "sinceImagePulled", tagStatus="any"), "action": {"type": "transition"}}],
            Result.WARN,
        ),
    ],
)
def test_first_rule_that_selects_an_image_decides_whether_it_could_be_removed(
    world: World, rules: list[dict[str, Any]], result: Result
) -> None:
    policy(world, *rules)

    check = only(world, "lifecycle")

    assert check.result is result, check
    assert ("archive" in check.found) is (rules[0]["action"]["type"] == "transition")


def test_image_of_an_environment_is_watched_before_its_first_deployment() -> None:
    world = World.of(SHOP)
    policy(world, rule(1, 100, tagStatus="any"))

    (check,) = [check for check in doctor(world.ports(), "stage") if check.id == "lifecycle"]

    assert check.result is Result.WARN
    assert "of search, tagged env.stage" in check.found


def test_image_that_worked_last_and_has_lost_all_tags_is_watched_too(world: World) -> None:
    good = world.tag("search", "env.stage")
    world.push("search")
    release_deploy(world, "stage")
    world.fail("runtime.redeploy", DENIED, times=1)
    repository = world.repositories[SEARCH]
    record = world.tables[SHOP.release_table].environments["stage"]
    assert record.good is not None
    for tag in repository.tags_of(good or ""):
        del repository.tags[tag]
    policy(world, rule(1, 1, "sinceImagePushed", tagStatus="untagged"))
    # The newest release is deployed, but did not work.
    earlier = [
        one
        for one in world.tables[SHOP.release_table].deployments.values()
        if one.images["search"].to_digest == good
    ]
    world.tables[SHOP.release_table].environments["stage"] = replace(
        record, good=replace(record.good, deployment_id=earlier[0].deployment_id)
    )

    check = only(world, "lifecycle")

    assert check.result is Result.WARN
    assert "last known good in stage" in check.found
    assert check.command == ()
    assert check.advice
