"""What a plan warns of, and what it refuses: all at once, before anything has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.plans import SEARCH, STILL, TO_MOVE, only, planned, refusals, seeing
from tests.rules.states import (
    NEW,
    OLD,
    OTHER,
    REGISTRY,
    container,
    in_ecr,
    noted,
    project,
    release,
    repository,
    service,
    snapshot,
    task,
    up,
    view,
)
from weco_deploy.errors import NotFound, PlanRefused
from weco_deploy.model.deployment import Kind
from weco_deploy.model.image import ImageView, Repository
from weco_deploy.model.plan import Action
from weco_deploy.model.release import ImageVersion
from weco_deploy.model.requests import DeployRequest
from weco_deploy.rules.planning import movable, plan

# Warnings


def test_a_service_that_is_found_nowhere_is_said_and_no_error() -> None:
    made = planned(snapshot(images=TO_MOVE, services={}))
    assert made.services == ()
    assert made.warnings == (
        "search-api: no ECS service is tagged deployment:service=search-api and deployment:env=stage: "
        "nothing is redeployed for it",
    )


@pytest.mark.parametrize("force", [False, True])
def test_a_service_that_uses_none_of_its_images_is_left_alone(force: bool) -> None:
    seen = view(
        service(running=1, deployments=[STILL]), [task("t1", containers=[container(OLD, image="nginx:1")])]
    )
    made = planned(seeing(seen), force=force)
    assert (only(made).related, only(made).action) == (False, Action.LEAVE)
    assert made.warnings == (
        "search-api: none of its containers uses uk.ac.wellcome/search:env.stage: "
        "it is left alone and not verified",
    )


@pytest.mark.parametrize(
    ("image", "related"), [(f"{REGISTRY}/uk.ac.wellcome/search:env.stage", True), ("nginx:1", False)]
)
def test_of_a_service_without_tasks_its_task_definition_tells_what_it_uses(image: str, related: bool) -> None:
    seen = snapshot(
        images=TO_MOVE,
        services={"search-api": view(service(desired=0, deployments=[STILL]), ())},
        defined={"search-api": [image]},
    )
    assert only(planned(seen)).related is related


def test_an_older_release_than_the_one_deployed_last_is_warned_of() -> None:
    newer = release(release_id="aaaaaaaa-1111", made=60, search=OTHER)
    seen = snapshot(images=TO_MOVE, services={"search-api": up(OTHER)}, current=newer)
    assert planned(seen).warnings == (
        "this release (made 2026-03-04 12:00Z) is older than the one deployed last "
        "(aaaaaaaa, made 2026-03-04 13:00Z)",
    )
    assert planned(replace(seen, current=release(release_id="rel-1", made=-60))).warnings == ()
    assert planned(replace(seen, current=release(made=60))).warnings == ()
    assert planned(seen, kind=Kind.ROLLBACK).warnings == ()


def test_images_that_the_project_no_longer_names_are_left_alone() -> None:
    made = planned(seeing(up(OLD)), what=release(search=NEW, gone=OTHER))
    assert [image.image_id for image in made.images] == ["search"]
    assert made.warnings == (
        "the release has images that the project file no longer names, left alone: gone",
    )


def test_notes_of_how_it_was_observed_are_passed_on() -> None:
    seen = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, notes=["listed the slow way"])
    assert planned(seen).warnings == ("listed the slow way",)


def test_a_service_deployed_before_and_gone_now_is_a_warning_only_if_that_is_allowed() -> None:
    seen = snapshot(images=TO_MOVE, services={}, known=[noted()])
    why = (
        "search-api: catalogue/search-api was deployed before, and no ECS service is tagged "
        "deployment:service=search-api and deployment:env=stage now: "
        "restore it or its tags, or deploy without it (--allow-missing)"
    )
    assert refusals(seen) == (why,)
    allowed = planned(seen, allow_missing=True)
    assert (allowed.warnings, allowed.services, len(allowed.moves)) == ((why,), (), 1)


# Refusals


def test_a_release_without_any_image_of_the_project_is_refused() -> None:
    with pytest.raises(PlanRefused, match="rel-2 has no version of any image of project catalogue_api"):
        planned(seeing(up(OLD)), what=release(search=None, other=NEW))


def test_an_environment_that_the_project_lacks_is_not_found() -> None:
    request = DeployRequest(release=release(search=NEW), environment_id="test", description="")
    with pytest.raises(NotFound, match="no environment 'test'"):
        plan(SEARCH, request, seeing(up(OLD)))


def test_a_repository_that_is_missing_is_refused() -> None:
    gone = ImageView(manifest=None, tagged=None)
    seen = snapshot(images={"search": gone}, repositories={"search": None}, services={"search-api": up(OLD)})
    assert refusals(seen) == ("search: there is no repository uk.ac.wellcome/search in ECR",)


def test_a_digest_that_ecr_no_longer_has_is_refused() -> None:
    seen = seeing(up(OLD), {"search": ImageView(manifest=None, tagged=OLD)})
    assert refusals(seen) == (
        "search: ref.search (sha256:6e6577000000) is not in uk.ac.wellcome/search any more",
    )


def test_a_version_of_5x_whose_tag_is_gone_is_refused() -> None:
    old = replace(release(), images={"search": ImageVersion(ref="ref.abc")})
    seen = seeing(up(OLD), {"search": ImageView(manifest=None, tagged=OLD)})
    assert refusals(seen, what=old) == ("search: ref.abc is not in uk.ac.wellcome/search any more",)


def test_an_immutable_tag_that_would_have_to_move_is_refused() -> None:
    fixed = {"search": repository("search", "IMMUTABLE")}
    seen = snapshot(images=TO_MOVE, services={"search-api": up(OLD)}, repositories=fixed)
    assert refusals(seen) == (
        "search: the tags of uk.ac.wellcome/search are immutable (IMMUTABLE), so env.stage can't be moved: "
        "make the repository mutable, or exclude env.stage from immutability",
    )


@pytest.mark.parametrize("tagged", [NEW, None])
def test_an_immutable_tag_that_need_not_move_is_fine(tagged: str | None) -> None:
    seen = snapshot(
        images={"search": in_ecr(NEW, tagged=tagged)},
        services={"search-api": up(OLD)},
        repositories={"search": repository("search", "IMMUTABLE")},
    )
    assert planned(seen).redeploys


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
def test_exclusions_turn_a_repositorys_mutability_round(
    mutability: str, exclusions: list[str], expected: bool
) -> None:
    held: Repository = repository("search", mutability, exclusions)
    assert movable(held, "env.stage") is expected


def test_two_services_with_the_same_tags_are_refused() -> None:
    twins = snapshot(images=TO_MOVE, services={"search-api": [up(OLD), up(OLD, name="twin")]})
    assert refusals(twins) == (
        "search-api: more than one ECS service is tagged deployment:service=search-api and "
        "deployment:env=stage: catalogue/search-api, catalogue/twin",
    )


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL", "SOMETHING_NEW"])
def test_services_under_another_controller_are_refused_by_name(controller: str) -> None:
    seen = view(service(running=1, deployments=[STILL], controller=controller), [task("t1")])
    assert refusals(seeing(seen)) == (
        f"search-api: catalogue/search-api is deployed by the {controller} controller; "
        "weco-deploy can redeploy and judge rolling (ECS) deployments only",
    )


@pytest.mark.parametrize("strategy", ["BLUE_GREEN", "LINEAR", "CANARY", "SOMETHING_NEW"])
def test_services_with_a_strategy_that_we_cannot_judge_are_refused_by_name(strategy: str) -> None:
    seen = view(service(running=1, deployments=[STILL], strategy=strategy), [task("t1")])
    assert refusals(seeing(seen)) == (
        f"search-api: catalogue/search-api uses the {strategy} deployment strategy; "
        "weco-deploy can judge ROLLING only",
    )


def test_the_services_of_images_left_out_are_no_reason_to_refuse() -> None:
    both = project(search=["search-api"], items=["items-api"])
    odd = view(service("items-api", running=1, controller="CODE_DEPLOY"), ())
    seen = snapshot(images=TO_MOVE, services={"search-api": up(OLD), "items-api": odd}, known=[noted("gone")])
    assert planned(seen, of=both).redeploys


def test_all_that_speaks_against_it_is_said_at_once() -> None:
    many = project(search=["search-api"], items=["items-api"], cron=["cron"])
    seen = snapshot(
        images={
            "search": ImageView(manifest=None, tagged=OLD),
            "items": in_ecr(NEW, tagged=OLD),
            "cron": in_ecr(NEW, tagged=OLD),
        },
        repositories={"items": repository("items", "IMMUTABLE")},
        services={
            "search-api": up(OLD),
            "items-api": view(service("items-api", deployments=[STILL], strategy="BLUE_GREEN"), ()),
        },
        known=[noted("cron")],
    )
    said = refusals(seen, of=many, what=release(search=NEW, items=NEW, cron=NEW))
    assert [reason.partition(":")[0] for reason in said] == ["search", "items", "items-api", "cron"]
    assert (
        len(refusals(seen, of=many, what=release(search=NEW, items=NEW, cron=NEW), allow_missing=True)) == 3
    )
