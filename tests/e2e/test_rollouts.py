"""Rollouts with real containers. The container engine, not the tool, says which images run."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.e2e.engine import CRASH_CODE, CRASH_LINE, CRASHES
from tests.e2e.shop import FAST_POLLS, IMAGES, Images, Shop

pytestmark = pytest.mark.e2e

BALLAST = 400_000_000
"""Bytes. Pulling and unpacking them takes longer than the tool waits."""


def test_published_images_are_deployed_to_stage_and_promoted_to_prod(shop: Shop, first: Images) -> None:
    images = {image_id: shop.build(image_id) for image_id in IMAGES}
    for image_id, image in images.items():
        published = shop.json("publish", "--image-id", image_id, "--ref", image.commit)
        assert published.code == 0
        digest = published.published["digest"]
        assert digest == shop.digest(image_id, f"ref.{image.commit}") == shop.digest(image_id, "latest")
        shop.engine.remove(image)
    shop.assert_runs("stage", first)

    staged = shop.release_deploy()

    assert staged.code == 0
    shop.assert_runs("stage", images)
    shop.assert_runs("prod", first)

    later = shop.publish("search")
    promoted = shop.json("promote", "--from", "stage", "--to", "prod", *FAST_POLLS)

    assert promoted.code == 0
    shop.assert_runs("prod", images)
    assert shop.digest("search", "env.prod") == shop.digest("search", f"ref.{images['search'].commit}")
    assert shop.digest("search", "latest") == shop.digest("search", f"ref.{later.commit}")


def test_publish_of_a_published_image_pushes_nothing_and_leaves_no_name(shop: Shop) -> None:
    image = shop.build("search")
    arguments = ("publish", "--image-id", "search", "--ref", image.commit)
    assert shop.json(*arguments).published["pushed"]

    second = shop.json(*arguments)

    assert (second.code, second.published["pushed"], second.published["label_moved"]) == (0, False, False)
    assert shop.engine.names_of(image) == {image.name}


def test_service_with_two_new_images_is_redeployed_once(shop: Shop, first: Images) -> None:
    before = shop.containers("stage", "search-api")
    images = {**first, "items": shop.publish("items"), "prices": shop.publish("prices")}

    run = shop.release_deploy()

    assert run.code == 0
    shop.assert_runs("stage", images)
    assert shop.containers("stage", "search-api") == before
    statuses = {service["service_id"]: service["status"] for service in run.deployment["services"]}
    assert statuses == {"catalogue": "succeeded", "search-api": "unchanged"}
    # A deployment replaces both containers of a task, so a single deployment drained the old task.
    events = [event["message"] for event in shop.service("stage", "catalogue")["events"]]
    assert sum("has begun draining" in message for message in events) == 1


def test_service_with_two_images_runs_a_new_version_of_only_one_of_them(shop: Shop, first: Images) -> None:
    images = {**first, "prices": shop.publish("prices")}

    assert shop.release_deploy().code == 0

    shop.assert_runs("stage", images)


def test_crashing_image_is_explained_and_rolled_back(shop: Shop) -> None:
    good = shop.publish_all()
    assert shop.release_deploy().code == 0
    bad = shop.publish("search", CRASHES)

    run = shop.run(
        "--confirm", "release-deploy", "--environment-id", "stage", *FAST_POLLS, "--rollback-on-failure"
    )

    assert run.code == 1
    assert f"exit code {CRASH_CODE}" in run.err + run.out
    assert CRASH_LINE in run.err + run.out
    assert "circuit breaker" in run.err + run.out
    shop.assert_runs("stage", good)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{good['search'].commit}")
    assert shop.digest("search", "latest") == shop.digest("search", f"ref.{bad.commit}")
    shown = shop.json("show-deployments", "--environment-id", "stage")
    assert '"rolled_back"' in shown.out


def test_crashing_image_keeps_its_tag_without_a_rollback(shop: Shop, first: Images) -> None:
    bad = shop.publish("search", CRASHES)

    run = shop.release_deploy()

    assert run.code == 1
    assert run.deployment["status"] == "failed"
    failed = next(service for service in run.deployment["services"] if service["service_id"] == "search-api")
    assert failed["status"] == "failed"
    task = next(failure for failure in failed["failures"] if failure["kind"] == "task")
    assert (task["container"], task["exit_code"]) == ("search", CRASH_CODE)
    assert CRASH_LINE in task["log_lines"]
    # ECS rolled back to the digests that worked; it does not move tags.
    shop.assert_runs("stage", first)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{bad.commit}")


def test_release_with_a_deleted_image_is_refused_before_any_change(shop: Shop, first: Images) -> None:
    deleted = shop.publish("search")
    prepared = shop.json("prepare")
    assert prepared.code == 0
    before = shop.digest("search", "env.stage"), shop.containers("stage", "search-api")
    shop.delete_image("search", f"ref.{deleted.commit}")

    run = shop.json("deploy", "--release-id", "latest", "--environment-id", "stage", *FAST_POLLS)

    assert run.code == 1
    assert "search" in run.out
    assert (shop.digest("search", "env.stage"), shop.containers("stage", "search-api")) == before
    shop.assert_runs("stage", first)


def test_image_that_cannot_be_pulled_fails_with_the_reason(shop: Shop, first: Images) -> None:
    broken = shop.publish("search")
    shop.delete_layers("search", f"ref.{broken.commit}")

    run = shop.release_deploy("--rollback-on-failure")

    assert run.code == 1
    assert "CannotPullContainerError" in run.out
    shop.assert_runs("stage", first)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{first['search'].commit}")


def test_slowly_starting_image_has_not_succeeded_before_it_runs(shop: Shop, first: Images) -> None:
    images = {**first, "search": shop.publish("search", ballast=BALLAST)}

    timed_out = shop.json(
        "release-deploy",
        "--environment-id",
        "stage",
        "--confirmation-interval",
        "0.1",
        "--confirmation-wait-for",
        "0.3",
    )

    assert timed_out.code == 3
    assert timed_out.deployment["status"] == "timed_out"

    confirmed = shop.json("confirm-deploy", "--environment-id", "stage", *FAST_POLLS)

    assert confirmed.code == 0
    assert confirmed.deployment["status"] == "succeeded"
    shop.assert_runs("stage", images)
    finished = datetime.fromisoformat(timed_out.deployment["date_finished"])
    assert shop.started("stage", images["search"]) > finished


def test_rollback_runs_the_previous_images(shop: Shop) -> None:
    older = shop.publish_all()
    assert shop.release_deploy().code == 0
    newer = {**older, "search": shop.publish("search"), "items": shop.publish("items")}
    assert shop.release_deploy().code == 0
    shop.assert_runs("stage", newer)

    run = shop.json("rollback", "--environment-id", "stage", *FAST_POLLS)

    assert run.code == 0
    shop.assert_runs("stage", older)
    assert shop.digest("items", "env.stage") == shop.digest("items", f"ref.{older['items'].commit}")
