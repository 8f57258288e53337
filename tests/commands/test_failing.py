"""Deployments that fail or time out, and the same command again."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.commands.team import SOON, Team

INTERVAL = 5
"""Seconds. A shorter interval would be too short for the emulator's whole seconds and a busy machine."""


def test_crash_fails_the_deployment_within_two_polls_of_the_failed_rollout(shop: Team) -> None:
    pushed = shop.push("search", "crash=3,lines=connecting|connection refused")

    ran = shop.release_deploy("--confirmation-interval", f"{INTERVAL}")

    assert ran.code == 1
    deployment = ran.json["deployment"]
    assert deployment["status"] == "failed"
    failed = {
        service["service_id"]: service for service in deployment["services"] if service["status"] == "failed"
    }
    assert set(failed) == {"search-api"}
    assert failed["search-api"]["failures"][0]["exit_code"] == 3
    assert "connection refused" in failed["search-api"]["failures"][0]["log_lines"]
    assert "search-api" in ran.err
    failed_at = shop.aws.latest("stage", "search-api")["rollback"]["startedAt"]
    reported = datetime.fromisoformat(deployment["date_finished"])
    assert reported - failed_at <= timedelta(seconds=2 * INTERVAL)
    assert shop.aws.digests("env.stage")["search"] == pushed.digest, "nobody asked for a rollback"


def test_unpullable_image_fails_each_service_that_runs_it(shop: Team) -> None:
    shop.push("items", "unpullable")

    ran = shop.release_deploy()

    assert ran.code == 1
    deployment = ran.json["deployment"]
    failed = {
        service["service_id"]: service for service in deployment["services"] if service["status"] == "failed"
    }
    assert set(failed) == {"items-api", "items-worker"}
    assert all(service["reason"] and service["failures"] for service in failed.values())
    assert "items" in deployment["reason"], "its tag is left on the image that can't be pulled"
    assert "thumbnails" not in deployment["reason"], "it runs in items-worker, too, but is as it was"


def test_good_image_is_deployed_after_a_failure(shop: Team) -> None:
    shop.push("search", "crash")
    assert shop.release_deploy().code == 1
    good = shop.push("search")

    ran = shop.release_deploy()

    assert ran.code == 0, ran.err
    assert shop.aws.running("stage")["search-api"] == {"search": {good.digest}}
    shown = shop.json("show-deployments").json["deployments"]
    assert [deployment["status"] for deployment in shown] == ["succeeded", "failed"]


def test_rollback_on_failure_restores_everything(shop: Team) -> None:
    assert shop.release_deploy().code == 0
    before = shop.aws.digests("env.stage"), shop.aws.running("stage")
    shop.push("search", "crash")
    shop.push("items")

    ran = shop.release_deploy("--rollback-on-failure")

    assert ran.code == 1
    assert ran.json["deployment"]["status"] == "rolled_back"
    assert ran.json["deployment"]["rollback"]["status"] == "succeeded"
    last_line = ran.err.splitlines()[-1]
    assert "✗ Release" in last_line
    assert "failed and was rolled back" in last_line
    assert (shop.aws.digests("env.stage"), shop.aws.running("stage")) == before


def test_timed_out_deployment_is_exit_code_3_and_confirm_deploy_settles_it(shop: Team) -> None:
    pushed = shop.push("search", "slow=120")

    slow = shop.release_deploy("--confirmation-wait-for", "0.5")
    confirmed = shop.json("confirm-deploy", "--environment-id", "stage", *SOON)

    assert slow.code == 3
    assert slow.json["deployment"]["status"] == "timed_out"
    assert confirmed.code == 0, confirmed.err
    assert confirmed.json["deployment"]["deployment_id"] == slow.json["deployment"]["deployment_id"]
    assert confirmed.json["deployment"]["status"] == "succeeded"
    assert shop.aws.running("stage")["search-api"] == {"search": {pushed.digest}}


def test_repeated_deployment_watches_its_own_rollout_and_redeploys_nothing(shop: Team) -> None:
    shop.push("search", "slow=120")
    assert shop.release_deploy("--confirmation-wait-for", "0.5").code == 3
    begun = shop.aws.rollouts("stage")

    ran = shop.release_deploy()

    assert ran.code == 0, ran.err
    assert shop.aws.rollouts("stage") == begun


def test_confirm_deploy_without_a_deployment_is_not_found(shop: Team) -> None:
    ran = shop.json("confirm-deploy", "--environment-id", "stage")

    assert ran.code == 1
    assert ran.error["code"] == "not_found"
