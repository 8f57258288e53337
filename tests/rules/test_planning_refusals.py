"""Warnings and refusals of plans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.plans import SEARCH, STILL, TO_MOVE, observing, planned, refusals
from tests.rules.snapshots import in_ecr, noted, project, release, repository, snapshot
from tests.rules.states import NEW, OLD, OTHER, service, task, up, view
from weco_deploy.errors import NotFound, PlanRefused
from weco_deploy.model.image import ImageView, Repository
from weco_deploy.model.kind import Kind
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.requests import DeployRequest
from weco_deploy.rules.planning import movable, plan
from weco_deploy.rules.rollout.strategies import INSTEAD

# Warnings


def test_warning_of_a_release_older_than_the_one_deployed_last() -> None:
    newer = release(release_id="aaaaaaaa-1111", made=60, search=OTHER)
    observed = snapshot(images=TO_MOVE, services={"search-api": up(OTHER)}, current=newer)
    assert planned(observed).warnings == (
        "this release (made 2026-03-04 12:00Z) is older than the one deployed last "
        "(aaaaaaaa, made 2026-03-04 13:00Z)",
    )
    assert planned(replace(observed, current=release(release_id="rel-1", made=-60))).warnings == ()
    assert planned(replace(observed, current=release(made=60))).warnings == ()
    assert planned(observed, kind=Kind.ROLLBACK).warnings == ()


def test_warning_of_images_that_left_the_project() -> None:
    made = planned(observing(up(OLD)), what=release(search=NEW, gone=OTHER))
    assert [image.image_id for image in made.images] == ["search"]
    assert made.warnings == (
        "the release has images that the project file no longer names, left alone: gone",
    )


def test_warnings_include_the_notes_of_the_snapshot() -> None:
    observed = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, notes=["listed the slow way"])
    assert planned(observed).warnings == ("listed the slow way",)


# Refusals


def test_refusal_of_a_release_without_any_image_of_the_project() -> None:
    with pytest.raises(PlanRefused, match="rel-2 has no version of any image of project catalogue_api"):
        planned(observing(up(OLD)), what=release(search=None, other=NEW))


def test_environment_that_the_project_lacks_is_not_found() -> None:
    request = DeployRequest(release=release(search=NEW), environment_id="test", description="")
    with pytest.raises(NotFound, match="no environment 'test'"):
        plan(SEARCH, request, observing(up(OLD)))


def test_refusal_of_a_missing_repository() -> None:
    gone = ImageView(manifest=None, tagged=None)
    observed = snapshot(
        images={"search": gone}, repositories={"search": None}, services={"search-api": up(OLD)}
    )
    assert refusals(observed) == ("search: there is no repository uk.ac.wellcome/search in ECR",)


def test_refusal_of_a_digest_that_ecr_no_longer_has() -> None:
    observed = observing(up(OLD), {"search": ImageView(manifest=None, tagged=OLD)})
    assert refusals(observed) == ("search: ref.search is not in uk.ac.wellcome/search any more",)


def test_refusal_of_a_5x_version_whose_tag_is_gone() -> None:
    old = replace(release(), images={"search": ImageVersion(ref="ref.abc")})
    observed = observing(up(OLD), {"search": ImageView(manifest=None, tagged=OLD)})
    assert refusals(observed, what=old) == ("search: ref.abc is not in uk.ac.wellcome/search any more",)


def test_refusal_of_an_immutable_tag_that_would_have_to_move() -> None:
    fixed = {"search": repository("search", "IMMUTABLE")}
    observed = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, repositories=fixed)
    assert refusals(observed) == (
        "search: the tags of uk.ac.wellcome/search are immutable (IMMUTABLE), so env.stage can't be moved: "
        "make the repository mutable, or exclude env.stage from immutability",
    )


@pytest.mark.parametrize("tagged", [NEW, None])
def test_immutable_tag_that_need_not_move_is_accepted(tagged: str | None) -> None:
    observed = snapshot(
        images={"search": in_ecr(NEW, tagged=tagged)},
        services={"search-api": up(OLD)},
        repositories={"search": repository("search", "IMMUTABLE")},
    )
    assert planned(observed).redeploys


@pytest.mark.parametrize(
    ("mutability", "exclusions", "expected"),
    [
        ("MUTABLE", [], True),
        ("IMMUTABLE", [], False),
        ("IMMUTABLE_WITH_EXCLUSION", ["env.*"], True),
        ("IMMUTABLE_WITH_EXCLUSION", ["latest", "env.stage"], True),
        ("IMMUTABLE_WITH_EXCLUSION", ["*stage"], True),
        ("IMMUTABLE_WITH_EXCLUSION", ["latest", "env.prod"], False),
        ("IMMUTABLE_WITH_EXCLUSION", ["ENV.*"], False),
        ("MUTABLE_WITH_EXCLUSION", ["ref.*"], True),
        ("MUTABLE_WITH_EXCLUSION", ["env.*"], False),
        ("MUTABLE_WITH_EXCLUSION", ["*"], False),
        ("SOMETHING_NEW", [], True),
    ],
)
def test_movable_by_mutability_and_exclusion_filters(
    mutability: str, exclusions: list[str], expected: bool
) -> None:
    found: Repository = repository("search", mutability, exclusions)
    assert movable(found, "env.stage") is expected


def test_refusal_of_two_services_with_the_same_tags() -> None:
    twins = snapshot(images=TO_MOVE, services={"search-api": [up(OLD), up(OLD, name="twin")]})
    assert refusals(twins) == (
        "search-api: more than one ECS service is tagged deployment:service=search-api and "
        "deployment:env=stage: catalogue/search-api, catalogue/twin",
    )


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL", "SOMETHING_NEW"])
def test_refusal_of_services_under_another_controller(controller: str) -> None:
    observed = view(service(running=1, deployments=[STILL], controller=controller), [task("t1")])
    assert refusals(observing(observed)) == (
        f"search-api: catalogue/search-api is deployed by the {controller} controller; "
        "weco-deploy can redeploy and judge deployments by ECS only: " + INSTEAD,
    )


@pytest.mark.parametrize("strategy", ["SOMETHING_NEW"])
def test_refusal_of_services_with_a_strategy_that_we_cannot_judge(strategy: str) -> None:
    observed = view(service(running=1, deployments=[STILL], strategy=strategy), [task("t1")])
    assert refusals(observing(observed)) == (
        f"search-api: catalogue/search-api uses the {strategy} deployment strategy; "
        "weco-deploy can judge ROLLING, BLUE_GREEN, LINEAR, CANARY only: " + INSTEAD,
    )


def test_refusals_skip_services_of_images_that_the_release_lacks() -> None:
    both = project(search=["search-api"], items=["items-api"])
    odd = view(service("items-api", running=1, controller="CODE_DEPLOY"), ())
    observed = snapshot(
        images=TO_MOVE, services={"search-api": up(OLD), "items-api": odd}, known=[noted("gone")]
    )
    assert planned(observed, of=both).redeploys


def test_refusals_are_given_all_at_once() -> None:
    many = project(search=["search-api"], items=["items-api"], cron=["cron"])
    observed = snapshot(
        images={
            "search": ImageView(manifest=None, tagged=OLD),
            "items": in_ecr(NEW, tagged=OLD),
            "cron": in_ecr(NEW, tagged=OLD),
        },
        repositories={"items": repository("items", "IMMUTABLE")},
        services={
            "search-api": up(OLD),
            "items-api": view(service("items-api", deployments=[STILL], strategy="SOMETHING_NEW"), ()),
        },
        known=[noted("cron")],
    )
    reasons = refusals(observed, of=many, what=release(search=NEW, items=NEW, cron=NEW))
    assert [reason.partition(":")[0] for reason in reasons] == ["search", "items", "items-api", "cron"]
