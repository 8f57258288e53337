"""Services that were not found, or that use none of their images: refused, or left out and said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.plans import SEARCH, STILL, TO_MOVE, observing, planned, refusals
from tests.rules.snapshots import in_ecr, noted, project, release, snapshot
from tests.rules.states import NEW, OLD, REGISTRY, key, service, task, up, view
from weco_deploy.errors import PlanRefused
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.model.plan import Action, Plan, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.model.service import Container, NearbyService, ServiceView

TAGS = "deployment:service=search-api and deployment:env=stage"
NOT_FOUND = f"search-api: no ECS service is tagged {TAGS}"
NOTHING = snapshot(images=TO_MOVE, services={})
STAGE = f"{REGISTRY}/uk.ac.wellcome/search:env.stage"
LATEST = f"{REGISTRY}/uk.ac.wellcome/search:latest"

TWO = project(search=["search-api"], items=["items-api"])
BOTH = release(search=NEW, items=NEW)
TWO_IMAGES = {"search": in_ecr(NEW, tagged=OLD), "items": in_ecr(NEW, tagged=OLD)}
ONE_OF_TWO = snapshot(images=TWO_IMAGES, services={"items-api": up(OLD, name="items-api", image="items")})
OPTIONAL = replace(SEARCH, optional_services=frozenset({"search-api"}))


def found_instead(*nearby: NearbyService, searched: tuple[str, ...] = ("catalogue",)) -> str:
    """The reason against a plan that did not find search-api, but these services in these clusters."""
    (reason,) = refusals(replace(NOTHING, nearby=nearby, searched=searched))
    return reason


def nearby(
    name: str, service_id: str | None = None, environment: str | None = None, *images: str
) -> NearbyService:
    return NearbyService(key=key(name), service_id=service_id, environment=environment, images=images)


def using(*images: str) -> ServiceView:
    """search-api with a task that has a container of each image."""
    containers = [Container(name=f"c{place}", image=image) for place, image in enumerate(images)]
    return view(service(running=1, deployments=[STILL]), [task("t1", containers=containers)])


# Refusals


def test_service_that_was_not_found_is_refused_with_what_was_searched_for() -> None:
    assert refusals(NOTHING) == (NOT_FOUND,)
    assert found_instead() == f"{NOT_FOUND} in the cluster catalogue"
    assert found_instead(searched=("a", "b")) == f"{NOT_FOUND} in the clusters a, b"
    assert found_instead(searched=("a", "b", "c", "d")) == f"{NOT_FOUND} in 4 clusters"


def test_refusal_of_a_missing_service_says_what_may_be_done() -> None:
    with pytest.raises(PlanRefused) as refused:
        planned(NOTHING)
    assert "--allow-missing" in refused.value.hint
    assert "optional: true" in refused.value.hint


def test_service_that_was_deployed_before_and_is_gone_is_named() -> None:
    observed = snapshot(images=TO_MOVE, services={}, known=[noted()])
    assert refusals(observed) == (
        f"search-api: catalogue/search-api was deployed before, and no ECS service is tagged {TAGS} now",
    )


def test_refusal_names_the_service_whose_environment_tag_has_another_value() -> None:
    assert found_instead(nearby("search-stage", "search-api", "staging")) == (
        f"{NOT_FOUND} in the cluster catalogue; found instead: catalogue/search-stage, "
        "tagged deployment:service=search-api and deployment:env=staging"
    )


@pytest.mark.parametrize(("service_id", "environment"), [("search_api", "stage"), ("search_api", None)])
def test_refusal_names_the_service_whose_service_tag_is_spelled_otherwise(
    service_id: str, environment: str | None
) -> None:
    assert "catalogue/x, tagged deployment:service=search_api" in found_instead(
        nearby("x", service_id, environment)
    )


def test_refusal_names_a_service_without_tags_by_its_name() -> None:
    assert "; found instead: catalogue/stage-search-api, tagged deployment:service=(none)" in found_instead(
        nearby("stage-search-api")
    )


def test_refusal_names_the_service_whose_task_definition_uses_the_tag_of_the_image() -> None:
    reason = found_instead(nearby("website", None, None, "nginx:1", STAGE))
    assert "catalogue/website, which uses uk.ac.wellcome/search:env.stage, tagged" in reason


@pytest.mark.parametrize(
    "stranger",
    [nearby("website"), nearby("x", "search_api", "prod"), nearby("y", None, None, LATEST, "nginx:1")],
)
def test_refusal_does_not_name_services_that_have_nothing_in_common(stranger: NearbyService) -> None:
    assert "found instead" not in found_instead(stranger)


def test_refusal_names_the_most_similar_services_and_counts_the_others() -> None:
    strangers = [nearby(name) for name in ("search-ap", "search-apiserver", "search-apis", "search-api-x")]
    reason = found_instead(*strangers)
    assert "found instead: catalogue/search-ap" in reason
    assert "search-apiserver" not in reason
    assert reason.endswith(" and 1 more")


@pytest.mark.parametrize(
    "observed",
    [
        observing(using(LATEST, "nginx:1")),
        snapshot(
            images=TO_MOVE,
            services={"search-api": view(service(desired=0, deployments=[STILL]), ())},
            defined={"search-api": [LATEST, "nginx:1"]},
        ),
    ],
    ids=["tasks", "task definition"],
)
def test_service_that_uses_none_of_its_images_is_refused_with_what_it_uses(observed: Snapshot) -> None:
    assert refusals(observed) == (
        "search-api: none of the containers of catalogue/search-api uses uk.ac.wellcome/search:env.stage; "
        f"they use {LATEST}, nginx:1",
    )


def test_service_without_tasks_that_uses_its_image_is_planned() -> None:
    observed = snapshot(
        images=TO_MOVE,
        services={"search-api": view(service(desired=0, deployments=[STILL]), ())},
        defined={"search-api": [STAGE]},
    )
    (service_,) = planned(observed).services
    assert service_.action is Action.REDEPLOY


def test_service_that_uses_one_of_its_images_is_planned_for_that_one_and_the_other_is_said() -> None:
    shared = project(search=["search-api"], items=["search-api"])
    observed = snapshot(images=TWO_IMAGES, services={"search-api": up(OLD)})
    made = planned(observed, of=shared, what=BOTH)
    assert [service_.images for service_ in made.services] == [("search",)]
    (left,) = made.left_out
    assert (left.id, left.images, left.why) == ("search-api", ("items",), Allowance.UNUSED)
    assert "none of the containers of catalogue/search-api uses uk.ac.wellcome/items:env.stage" in left.reason


# What is allowed


def left_out(made: Plan) -> list[tuple[str, Allowance]]:
    assert tuple(left.reason for left in made.left_out) == made.warnings
    return [(left.id, left.why) for left in made.left_out]


@pytest.mark.parametrize("observed", [NOTHING, observing(using("nginx:1"))], ids=["not found", "other image"])
def test_optional_service_may_be_missing_even_if_it_is_the_only_one(observed: Snapshot) -> None:
    made = planned(observed, of=OPTIONAL)
    assert left_out(made) == [("search-api", Allowance.OPTIONAL)]
    assert (made.services, len(made.moves)) == ((), 1)
    assert made.warnings[0].endswith(" (left out: it is optional)")


def test_optional_service_that_is_there_is_deployed() -> None:
    made = planned(observing(up(OLD)), of=OPTIONAL)
    assert (left_out(made), len(made.redeploys)) == ([], 1)


def test_allow_missing_leaves_out_what_was_not_found_as_long_as_some_service_was() -> None:
    made = planned(ONE_OF_TWO, of=TWO, what=BOTH, allow_missing=True)
    assert left_out(made) == [("search-api", Allowance.ALLOW_MISSING)]
    assert [service_.service_id for service_ in made.services] == ["items-api"]
    assert made.left_out[0] == LeftOut(
        id="search-api",
        images=("search",),
        why=Allowance.ALLOW_MISSING,
        reason=f"{NOT_FOUND} (left out: --allow-missing)",
    )


@pytest.mark.parametrize("observed", [NOTHING, observing(using("nginx:1"))], ids=["not found", "other image"])
@pytest.mark.parametrize("optional", [frozenset(), frozenset({"items-api"})], ids=["required", "optional"])
def test_allow_missing_does_not_leave_out_every_service(observed: Snapshot, optional: frozenset[str]) -> None:
    of = replace(TWO, optional_services=optional)
    all_gone = replace(
        observed, images=TWO_IMAGES, repositories={**ONE_OF_TWO.repositories, **observed.repositories}
    )
    reasons = refusals(all_gone, of=of, what=BOTH, allow_missing=True)
    assert [reason.partition(":")[0] for reason in reasons[:-1]] == ["search-api", "items-api"]
    assert reasons[-1] == (
        "none of the services was found; --allow-missing leaves out some services, but not all of them"
    )


def test_project_without_services_needs_none() -> None:
    for allow_missing in (False, True):
        made = planned(NOTHING, of=project(search=[]), allow_missing=allow_missing)
        assert (made.services, made.left_out, len(made.moves)) == ((), (), 1)


@pytest.mark.parametrize("allow_missing", [False, True])
@pytest.mark.parametrize("of", [SEARCH, OPTIONAL], ids=["required", "optional"])
def test_rollback_goes_on_whatever_is_missing(of: Project, allow_missing: bool) -> None:
    made = planned(NOTHING, of=of, allow_missing=allow_missing, kind=Kind.ROLLBACK)
    ((service_id, why),) = left_out(made)
    assert (service_id, why) == ("search-api", Allowance.OPTIONAL if of is OPTIONAL else Allowance.ROLLBACK)


def test_promotion_refuses_like_a_deployment() -> None:
    with pytest.raises(PlanRefused, match="no ECS service is tagged"):
        planned(NOTHING, kind=Kind.PROMOTE)


def test_services_of_images_that_the_release_lacks_are_not_searched_for() -> None:
    observed = snapshot(images=TO_MOVE, services={"search-api": up(OLD)})
    assert len(planned(observed, of=TWO, what=release(search=NEW, items=None)).services) == 1


def test_service_that_something_else_deploys_is_left_out_whatever_it_is() -> None:
    of = replace(TWO, services_of_others=frozenset({"search-api"}))
    unknown = view(service(running=1, deployments=[STILL], strategy="SOMETHING_NEW"), [task("t1")])
    observed = replace(ONE_OF_TWO, services={**ONE_OF_TWO.services, "search-api": (unknown,)})
    for seen in (ONE_OF_TWO, observed):
        made = planned(seen, of=of, what=BOTH)
        assert left_out(made) == [("search-api", Allowance.DEPLOYED_BY)]
        assert [service_.service_id for service_ in made.services] == ["items-api"]
        assert len(made.moves) == 2


def test_service_that_something_else_deploys_is_not_mentioned_if_the_release_lacks_its_images() -> None:
    of = replace(TWO, services_of_others=frozenset({"search-api"}))
    made = planned(ONE_OF_TWO, of=of, what=release(items=NEW))
    assert [left.id for left in made.left_out] == ["search"]


# Images from other registries

ELSEWHERE = "999999999999.dkr.ecr.us-east-1.amazonaws.com/uk.ac.wellcome/search:env.stage"


@pytest.mark.parametrize("used", [ELSEWHERE, "ghcr.io/uk.ac.wellcome/search:env.stage"])
def test_service_that_uses_the_image_from_another_registry_is_refused_with_both_registries(used: str) -> None:
    assert refusals(observing(using(used, "nginx:1"))) == (
        f"search-api: the containers of catalogue/search-api use {used}, from another registry than the project's: "
        f"the deployment moves the tag of {STAGE}",
    )


def test_refusal_of_another_registry_says_in_which_region_a_replica_may_be() -> None:
    abroad = replace(
        SEARCH,
        environments=tuple(
            replace(environment, region_name="us-west-2") for environment in SEARCH.environments
        ),
    )
    (reason,) = refusals(observing(using(ELSEWHERE)), of=abroad)
    assert reason.endswith(f"the deployment moves the tag of {STAGE}, or of its replica in us-west-2")


PAIR = project(search=["pair"], items=["pair"])
MIXED = snapshot(
    images=TWO_IMAGES,
    services={"pair": using(f"{REGISTRY}/uk.ac.wellcome/items:env.stage", ELSEWHERE)},
)


def test_service_that_uses_only_one_of_its_images_from_another_registry_is_refused() -> None:
    (reason,) = refusals(MIXED, of=PAIR, what=BOTH)
    assert reason.startswith(f"pair: the containers of catalogue/search-api use {ELSEWHERE}, from another")
    assert STAGE in reason
    assert "items" not in reason


def test_allow_missing_deploys_the_images_of_a_service_that_are_from_our_registry() -> None:
    made = planned(MIXED, of=PAIR, what=BOTH, allow_missing=True)
    assert [planned_service.images for planned_service in made.services] == [("items",)]
    assert [(left.id, left.images, left.why) for left in made.left_out] == [
        ("pair", ("search",), Allowance.ALLOW_MISSING)
    ]


def test_service_that_uses_the_image_from_our_registry_and_from_another_is_deployed() -> None:
    made = planned(observing(using(STAGE, ELSEWHERE)))
    assert [planned_service.images for planned_service in made.services] == [("search",)]
    assert made.left_out == ()


def test_refusal_names_the_service_that_uses_the_tag_of_the_image_from_another_registry() -> None:
    assert f"catalogue/website, which uses {ELSEWHERE}, tagged" in found_instead(
        nearby("website", None, None, ELSEWHERE)
    )
