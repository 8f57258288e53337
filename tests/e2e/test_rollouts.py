"""The ways a rollout goes, on real containers. What runs is asked of the container engine, not of the tool."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.e2e.engine import CRASH_CODE, CRASH_LINE, CRASHES
from tests.e2e.shop import IMAGES, SOON, Images, Shop

pytestmark = pytest.mark.e2e

BALLAST = 400_000_000
"""Bytes: pulling and unpacking these takes longer than the tool is told to wait."""


def test_what_is_published_goes_to_stage_and_from_there_to_prod(shop: Shop, first: Images) -> None:
    images = {image_id: shop.build(image_id) for image_id in IMAGES}
    for image_id, image in images.items():
        published = shop.json("publish", "--image-id", image_id, "--ref", image.commit)
        assert published.code == 0
        digest = published.published["digest"]
        assert digest == shop.digest(image_id, f"ref.{image.commit}") == shop.digest(image_id, "latest")
        shop.engine.forget(image)
    shop.check_runs("stage", first)

    staged = shop.release_deploy()

    assert staged.code == 0
    shop.check_runs("stage", images)
    shop.check_runs("prod", first)

    later = shop.publish("search")
    promoted = shop.json("promote", "--from", "stage", "--to", "prod", *SOON)

    assert promoted.code == 0
    shop.check_runs("prod", images)
    assert shop.digest("search", "env.prod") == shop.digest("search", f"ref.{images['search'].commit}")
    assert shop.digest("search", "latest") == shop.digest("search", f"ref.{later.commit}")


def test_publishing_again_pushes_nothing_and_leaves_no_name_in_the_engine(shop: Shop) -> None:
    image = shop.build("search")
    arguments = ("publish", "--image-id", "search", "--ref", image.commit)
    assert shop.json(*arguments).published["pushed"]

    again = shop.json(*arguments)

    assert (again.code, again.published["pushed"], again.published["label_moved"]) == (0, False, False)
    assert shop.engine.names_of(image) == {image.name}


def test_a_service_of_two_images_is_redeployed_once_and_runs_both(shop: Shop, first: Images) -> None:
    before = shop.containers("stage", "search-api")
    images = {**first, "items": shop.publish("items"), "prices": shop.publish("prices")}

    ran = shop.release_deploy()

    assert ran.code == 0
    shop.check_runs("stage", images)
    assert shop.containers("stage", "search-api") == before
    told = {each["service_id"]: each["status"] for each in ran.deployment["services"]}
    assert told == {"catalogue": "succeeded", "search-api": "unchanged"}
    # One task's two containers are made new each time, so one new deployment is all that ECS knows of.
    events = [event["message"] for event in shop.service("stage", "catalogue")["events"]]
    assert sum("has begun draining" in message for message in events) == 1


def test_one_of_two_images_in_a_service_is_replaced_and_the_other_one_stays(
    shop: Shop, first: Images
) -> None:
    images = {**first, "prices": shop.publish("prices")}

    assert shop.release_deploy().code == 0

    shop.check_runs("stage", images)


def test_a_crashing_image_is_explained_and_rolled_back_on_demand(shop: Shop) -> None:
    good = shop.publish_all()
    assert shop.release_deploy().code == 0
    bad = shop.publish("search", CRASHES)

    ran = shop.run("--confirm", "release-deploy", "--environment-id", "stage", *SOON, "--rollback-on-failure")

    assert ran.code == 1
    assert f"exit code {CRASH_CODE}" in ran.err + ran.out
    assert CRASH_LINE in ran.err + ran.out
    assert "circuit breaker" in ran.err + ran.out
    shop.check_runs("stage", good)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{good['search'].commit}")
    assert shop.digest("search", "latest") == shop.digest("search", f"ref.{bad.commit}")
    shown = shop.json("show-deployments", "--environment-id", "stage")
    assert '"rolled_back"' in shown.out


def test_a_crashing_image_without_a_rollback_leaves_the_tag_on_it(shop: Shop, first: Images) -> None:
    bad = shop.publish("search", CRASHES)

    ran = shop.release_deploy()

    assert ran.code == 1
    assert ran.deployment["status"] == "failed"
    failed = next(each for each in ran.deployment["services"] if each["service_id"] == "search-api")
    assert failed["status"] == "failed"
    task = next(failure for failure in failed["failures"] if failure["kind"] == "task")
    assert (task["container"], task["exit_code"]) == ("search", CRASH_CODE)
    assert CRASH_LINE in task["log_lines"]
    # ECS went back by itself to the digests that it knows to work; the tag is not its business.
    shop.check_runs("stage", first)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{bad.commit}")


def test_an_image_that_is_gone_from_the_registry_is_refused_before_anything_changes(
    shop: Shop, first: Images
) -> None:
    gone = shop.publish("search")
    prepared = shop.json("prepare")
    assert prepared.code == 0
    before = shop.digest("search", "env.stage"), shop.containers("stage", "search-api")
    shop.lose_image("search", f"ref.{gone.commit}")

    ran = shop.json("deploy", "--release-id", "latest", "--environment-id", "stage", *SOON)

    assert ran.code == 1
    assert "search" in ran.out
    assert (shop.digest("search", "env.stage"), shop.containers("stage", "search-api")) == before
    shop.check_runs("stage", first)


def test_an_image_that_cannot_be_pulled_fails_with_the_reason(shop: Shop, first: Images) -> None:
    lost = shop.publish("search")
    shop.lose_layers("search", f"ref.{lost.commit}")

    ran = shop.release_deploy("--rollback-on-failure")

    assert ran.code == 1
    assert "CannotPullContainerError" in ran.out
    shop.check_runs("stage", first)
    assert shop.digest("search", "env.stage") == shop.digest("search", f"ref.{first['search'].commit}")


def test_a_slow_starter_is_not_called_done_before_it_runs(shop: Shop, first: Images) -> None:
    images = {**first, "search": shop.publish("search", ballast=BALLAST)}

    early = shop.json(
        "release-deploy",
        "--environment-id",
        "stage",
        "--confirmation-interval",
        "0.1",
        "--confirmation-wait-for",
        "0.3",
    )

    assert early.code == 3
    assert early.deployment["status"] == "timed_out"

    confirmed = shop.json("confirm-deploy", "--environment-id", "stage", *SOON)

    assert confirmed.code == 0
    assert confirmed.deployment["status"] == "succeeded"
    shop.check_runs("stage", images)
    given_up = datetime.fromisoformat(early.deployment["date_finished"])
    assert shop.started("stage", images["search"]) > given_up


def test_a_rollback_runs_what_ran_before(shop: Shop) -> None:
    older = shop.publish_all()
    assert shop.release_deploy().code == 0
    newer = {**older, "search": shop.publish("search"), "items": shop.publish("items")}
    assert shop.release_deploy().code == 0
    shop.check_runs("stage", newer)

    ran = shop.json("rollback", "--environment-id", "stage", *SOON)

    assert ran.code == 0
    shop.check_runs("stage", older)
    assert shop.digest("items", "env.stage") == shop.digest("items", f"ref.{older['items'].commit}")
