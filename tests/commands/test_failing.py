"""Deployments that fail, that take too long, that are cut off; and the same command again."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.commands.team import SOON, Team

INTERVAL = 5
"""Seconds. A shorter one would leave no room for the emulator's whole seconds and a busy machine."""


def test_a_crash_is_a_failure_within_two_looks_of_ecs_saying_so(shop: Team) -> None:
    pushed = shop.push("search", "crash=3,lines=connecting|connection refused")

    ran = shop.release_deploy("--confirmation-interval", f"{INTERVAL}")

    assert ran.code == 1
    deployment = ran.json["deployment"]
    assert deployment["status"] == "failed"
    failed = {each["service_id"]: each for each in deployment["services"] if each["status"] == "failed"}
    assert set(failed) == {"search-api"}
    assert failed["search-api"]["failures"][0]["exit_code"] == 3
    assert "connection refused" in failed["search-api"]["failures"][0]["log_lines"]
    assert "search-api" in ran.err
    ecs = next(
        each for each in shop.aws.deployments("stage", "search-api") if each["rolloutState"] == "FAILED"
    )
    told = datetime.fromisoformat(deployment["date_finished"])
    assert told - ecs["updatedAt"] <= timedelta(seconds=2 * INTERVAL)
    assert shop.aws.digests("env.stage")["search"] == pushed.digest, "nobody asked for a rollback"


def test_an_image_that_can_not_be_pulled_fails_each_service_that_runs_it(shop: Team) -> None:
    shop.push("items", "unpullable")

    ran = shop.release_deploy()

    assert ran.code == 1
    deployment = ran.json["deployment"]
    failed = {each["service_id"]: each for each in deployment["services"] if each["status"] == "failed"}
    assert set(failed) == {"items-api", "items-worker"}
    assert all(each["reason"] and each["failures"] for each in failed.values())
    assert "items" in deployment["reason"], "its tag is left on the image that can't be pulled"
    assert "thumbnails" not in deployment["reason"], "it runs in items-worker, too, but is as it was"


def test_after_a_failure_the_next_good_image_is_deployed(shop: Team) -> None:
    shop.push("search", "crash")
    assert shop.release_deploy().code == 1
    good = shop.push("search")

    ran = shop.release_deploy()

    assert ran.code == 0, ran.err
    assert shop.aws.running("stage")["search-api"] == {"search": {good.digest}}
    shown = shop.json("show-deployments").json["deployments"]
    assert [each["status"] for each in shown] == ["succeeded", "failed"]


def test_with_rollback_on_failure_everything_is_as_before(shop: Team) -> None:
    assert shop.release_deploy().code == 0
    before = shop.aws.digests("env.stage"), shop.aws.running("stage")
    shop.push("search", "crash")
    shop.push("items")

    ran = shop.release_deploy("--rollback-on-failure")

    assert ran.code == 1
    assert ran.json["deployment"]["status"] == "rolled_back"
    assert ran.json["deployment"]["rollback"]["status"] == "succeeded"
    assert (shop.aws.digests("env.stage"), shop.aws.running("stage")) == before


def test_too_slow_is_3_and_confirm_deploy_sees_it_through(shop: Team) -> None:
    pushed = shop.push("search", "slow=4")

    slow = shop.release_deploy("--confirmation-wait-for", "0.5")
    confirmed = shop.json("confirm-deploy", "--environment-id", "stage", *SOON)

    assert slow.code == 3
    assert slow.json["deployment"]["status"] == "timed_out"
    assert confirmed.code == 0, confirmed.err
    assert confirmed.json["deployment"]["deployment_id"] == slow.json["deployment"]["deployment_id"]
    assert confirmed.json["deployment"]["status"] == "succeeded"
    assert shop.aws.running("stage")["search-api"] == {"search": {pushed.digest}}


def test_a_run_that_meets_its_own_rollout_watches_it_and_redeploys_nothing(shop: Team) -> None:
    shop.aws.wait_until_tasks_are_told_apart("stage")
    shop.push("search", "slow=4")
    assert shop.release_deploy("--confirmation-wait-for", "0.5").code == 3
    begun = shop.aws.rollouts("stage")

    ran = shop.release_deploy()

    assert ran.code == 0, ran.err
    assert shop.aws.rollouts("stage") == begun


def test_confirm_deploy_where_nothing_was_deployed_is_not_found(shop: Team) -> None:
    ran = shop.json("confirm-deploy", "--environment-id", "stage")

    assert ran.code == 1
    assert ran.error["code"] == "not_found"
