"""Dry runs and `plan` change nothing: no tag, no service, no record, and no table."""

from __future__ import annotations

import pytest

from tests.commands.team import SOON, Team

LOOKING = [
    ("--dry-run", "prepare"),
    ("--dry-run", "release-deploy"),
    ("--dry-run", "release-deploy", "--environment-id", "prod", "--rollback-on-failure", "--force-redeploy"),
    ("show-releases",),
    ("show-deployments",),
    ("show-images",),
    ("--dry-run", "board", "--out", "site"),
]
OF_A_RELEASE = [
    ("--dry-run", "deploy"),
    ("--dry-run", "update", "--image-ids", "search"),
    ("--dry-run", "deploy", "--environment-id", "prod"),
    ("plan",),
    ("show-release",),
]


@pytest.mark.parametrize("output", ["text", "json"])
def test_dry_run_before_the_first_release_creates_no_table(shop: Team, output: str) -> None:
    shop.push("search")
    before = shop.aws.everything()

    for command in LOOKING:
        ran = shop.run("--output", output, "--confirm", *command)
        assert ran.code == 0, (command, ran.err)

    assert shop.aws.everything() == before
    assert shop.aws.tables() == []


def test_dry_run_with_a_history_changes_nothing(shop: Team) -> None:
    assert shop.release_deploy().code == 0
    shop.push("items")
    shop.push("search", "crash")
    shop.json("prepare")
    before = shop.aws.everything()

    for command in (*LOOKING, *OF_A_RELEASE):
        ran = shop.run("--confirm", *command)
        assert ran.code == 0, (command, ran.err)

    assert shop.aws.everything() == before
    assert shop.aws.items()


def test_dry_run_announces_the_changes_of_the_deployment(shop: Team) -> None:
    pushed = shop.push("items")

    dry = shop.json("--dry-run", "release-deploy", "--environment-id", "stage")
    real = shop.release_deploy()

    assert set(dry.json) == {"plan"}
    plan = dry.json["plan"]
    assert (plan["release_id"], plan["environment"], plan["changes"]) == (None, "stage", True)
    assert [image["image_id"] for image in plan["images"] if image["moves"]] == ["items"]
    assert {image["to_digest"] for image in plan["images"] if image["moves"]} == {pushed.digest}
    announced = {service["service_id"] for service in plan["services"] if service["redeploy"]}
    done = {
        service["service_id"]
        for service in real.json["deployment"]["services"]
        if service["status"] == "succeeded"
    }
    assert announced == done == {"items-api", "items-worker"}


def test_plan_with_detailed_exitcode_answers_by_exit_code(shop: Team) -> None:
    shop.push("search")
    shop.json("prepare")

    assert shop.json("plan").code == 0
    assert shop.json("plan", "--detailed-exitcode").code == 2
    assert shop.json("deploy", *SOON).code == 0
    assert shop.json("plan", "--detailed-exitcode").code == 0
    assert shop.json("plan", "--detailed-exitcode", "--environment-id", "moon").code == 5
