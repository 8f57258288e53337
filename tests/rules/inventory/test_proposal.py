"""The project that describes what an account has."""

from __future__ import annotations

import pytest

from tests.rules.inventory.accounts import places, project_of, proposed, reasons, service
from weco_deploy.model.inventory import ListedService, Selection


def both(cluster: str, name: str, *images: str) -> list[ListedService]:
    """A service of stage and one of prod; `{e}` stands for the environment."""
    return [
        service(*(text.replace("{e}", environment) for text in (cluster, name, *images)))
        for environment in ("stage", "prod")
    ]


def test_environments_with_other_names_in_aws_get_a_variable() -> None:
    found = project_of(
        proposed(
            *(
                service(
                    f"storage-{name}", f"storage-{name}-{part}", f"uk.ac.wellcome/{image}:env.{environment}"
                )
                for environment, name in (("stage", "staging"), ("prod", "prod"))
                for part, image in (
                    ("bag-indexer", "bag_indexer"),
                    ("bag-replicator_azure", "bag_replicator"),
                    ("bag-replicator_primary", "bag_replicator"),
                )
            )
        )
    )

    assert [(environment.id, environment.variables) for environment in found.environments] == [
        ("stage", {"aws_name": "staging"}),
        ("prod", {"aws_name": "prod"}),
    ]
    assert places(found)["stage"]["bag-replicator_azure"] == (
        "storage-staging/storage-staging-bag-replicator_azure"
    )
    assert {image.id: image.services for image in found.images} == {
        "bag_indexer": ("bag-indexer",),
        "bag_replicator": ("bag-replicator_azure", "bag-replicator_primary"),
    }
    assert {address.name for address in found.addresses.values()} == {"storage-{aws_name}-{service}"}


def test_environments_in_one_cluster_are_told_by_the_names_of_services() -> None:
    found = project_of(
        proposed(
            *both("api-2021-04-26", "{e}-search-api", "acme/search:env.{e}"),
            *both("api-2021-04-26", "{e}-items-api", "acme/items:env.{e}"),
        )
    )

    assert places(found) == {
        environment: {
            "items-api": f"api-2021-04-26/{environment}-items-api",
            "search-api": f"api-2021-04-26/{environment}-search-api",
        }
        for environment in ("stage", "prod")
    }
    assert found.namespace == "acme"


def test_services_with_the_same_names_in_each_cluster_keep_them() -> None:
    found = project_of(
        proposed(
            *(
                service(f"catalogue-{date}", name, f"uk.ac.wellcome/{name}:env.{date}")
                for date in ("2025-10-02", "2026-07-03")
                for name in ("transformer_calm", "transformer_mets")
            )
        )
    )

    assert places(found)["2026-07-03"] == {
        name: f"catalogue-2026-07-03/{name}" for name in ("transformer_calm", "transformer_mets")
    }
    assert {address.cluster for address in found.addresses.values()} == {"catalogue-{environment}"}


def test_service_with_a_name_of_another_form_has_its_own_name() -> None:
    found = project_of(
        proposed(
            *both("shop-{e}", "{e}-search", "acme/search:env.{e}"),
            *both("shop-{e}", "{e}-items", "acme/items:env.{e}"),
            *both("shop-{e}", "requests-{e}", "acme/requests:env.{e}"),
        )
    )

    assert found.addresses["requests"].name == "requests-{environment}"
    assert found.addresses["items"].name == "{environment}-{service}"


def test_names_without_a_pattern_become_variables() -> None:
    found = project_of(
        proposed(
            service("ShopStage-ClusterA1", "ShopStage-SearchB2", "acme/search:env.stage"),
            service("ShopStage-ClusterA1", "ShopStage-ItemsC3", "acme/items:env.stage"),
            service("ShopProd-ClusterX9", "ShopProd-SearchY8", "acme/search:env.prod"),
            service("ShopProd-ClusterX9", "ShopProd-ItemsZ7", "acme/items:env.prod"),
        )
    )

    assert found.optional_services == frozenset()
    assert {environment: set(names.values()) for environment, names in places(found).items()} == {
        "stage": {"ShopStage-ClusterA1/ShopStage-SearchB2", "ShopStage-ClusterA1/ShopStage-ItemsC3"},
        "prod": {"ShopProd-ClusterX9/ShopProd-SearchY8", "ShopProd-ClusterX9/ShopProd-ItemsZ7"},
    }


def test_environment_without_a_word_of_its_own_in_names_is_told_by_the_images() -> None:
    found = project_of(
        proposed(
            service("main", "search", "acme/search:env.prod"),
            service("main", "search-stage", "acme/search:env.stage"),
        )
    )

    assert places(found) == {
        "stage": {"search": "main/search-stage"},
        "prod": {"search": "main/search"},
    }


def test_service_that_an_environment_lacks_is_optional() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "fresh", "acme/fresh:env.stage"),
    )

    assert project_of(proposal).optional_services == {"fresh"}
    assert proposal.comments == {"fresh": "only in stage"}


def test_service_whose_name_is_that_of_another_environments_is_left_out() -> None:
    proposal = proposed(
        *both("main", "search-{e}", "acme/search:env.{e}"),
        service("main", "cron", "acme/cron:env.prod"),
    )

    assert "cron" not in project_of(proposal).services
    assert reasons(proposal) == {
        "main/cron": "its name doesn't tell it from services of other environments than prod"
    }


def test_service_with_deployment_tags_is_found_by_them() -> None:
    found = project_of(
        proposed(
            *(
                service(
                    f"shop-{environment}",
                    f"x{n}",
                    "acme/search:env." + environment,
                    tags=("search-api", environment),
                )
                for n, environment in enumerate(("stage", "prod"))
            ),
            *both("shop-{e}", "items", "acme/items:env.{e}"),
        )
    )

    assert found.services == {"items": ("items",), "search-api": ("search",)}
    assert found.addresses.keys() == {"items"}


@pytest.mark.parametrize("tags", [("search-api", "staging"), ("twice", "stage")])
def test_service_whose_deployment_tags_do_not_find_it_alone_is_found_by_its_name(
    tags: tuple[str, str],
) -> None:
    found = project_of(
        proposed(
            service("shop-stage", "search", "acme/search:env.stage", tags=tags),
            service("shop-stage", "other", "nginx:1", tags=("twice", "stage")),
        )
    )

    assert places(found) == {"stage": {"search": "shop-stage/search"}}


def test_images_of_one_service_are_all_its_images() -> None:
    found = project_of(
        proposed(*both("shop-{e}", "ingests", "acme/ingests_api:env.{e}", "acme/ingests_tracker:env.{e}"))
    )

    assert found.services == {"ingests": ("ingests_api", "ingests_tracker")}


def test_repository_outside_the_namespace_is_named_whole() -> None:
    found = project_of(
        proposed(
            *both("shop-{e}", "a", "acme/a:env.{e}"),
            *both("shop-{e}", "b", "acme/b:env.{e}"),
            *both("shop-{e}", "c", "org.shared/c:env.{e}"),
            *both("shop-{e}", "d", "d:env.{e}"),
        )
    )

    assert found.namespace == "acme"
    assert {image.id: image.repository for image in found.images} == {
        "a": "acme/a",
        "b": "acme/b",
        "c": "org.shared/c",
        "d": "d",
    }


def test_other_patterns_of_tags_are_found_if_their_values_are_in_names() -> None:
    found = project_of(
        proposed(
            *both("shop-{e}", "search", "acme/search:{e}"),
            *both("shop-{e}", "items", "acme/items:live-{e}"),
        )
    )

    assert {image.id: image.tag for image in found.images} == {
        "items": "live-{environment}",
        "search": "{environment}",
    }


def test_values_that_several_repositories_have_are_environments_though_names_differ() -> None:
    found = project_of(
        proposed(
            *(
                service(f"shop-{name}", image, f"acme/{image}:{environment}")
                for environment, name in (("stage", "staging"), ("prod", "live"))
                for image in ("search", "items")
            )
        )
    )

    assert [(environment.id, environment.variables) for environment in found.environments] == [
        ("stage", {"aws_name": "staging"}),
        ("prod", {"aws_name": "live"}),
    ]


def test_tag_of_a_shared_repository_has_the_template_of_its_image() -> None:
    found = project_of(
        proposed(
            *both("shop-{e}", "search", "acme/search:env.{e}"),
            *both("shop-{e}", "builder", "acme/buildkite:content-env.{e}"),
        )
    )

    assert {image.id: image.tag for image in found.images}["buildkite"] == "content-env.{environment}"
    assert found.tag == "env.{environment}"


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("acme/tool:latest", "acme/tool:latest: latest is not the tag of an environment"),
        ("acme/tool", "acme/tool:latest: latest is not the tag of an environment"),
        ("acme/tool:v1.4.2", "acme/tool:v1.4.2: the tag is a version, not that of an environment"),
        ("acme/tool:build-1234", "acme/tool:build-1234: the tag is a version, not that of an environment"),
        ("acme/tool:0a1b2c3d", "acme/tool:0a1b2c3d: the tag is a version, not that of an environment"),
        (
            "acme/tool:live",
            "acme/tool:live: the tag is not env.…, and no other environment has one like it",
        ),
        ("docker.io/library/nginx:1", "docker.io/library/nginx:1: not in ECR"),
        (
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com/acme/tool:env.stage",
            "acme/tool:env.stage: in the registry of account 444455556666, so of a project there",
        ),
        (
            "111122223333.dkr.ecr.eu-west-2.amazonaws.com/acme/tool:env.stage",
            "acme/tool:env.stage: in the registry of eu-west-2: give --region-name for a project there",
        ),
        ("acme/gone:env.stage", "acme/gone:env.stage: there is no such repository"),
    ],
)
def test_service_without_an_environments_image_is_left_out_with_the_reason(image: str, why: str) -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "tool", image),
        lacking="acme/gone",
    )

    assert reasons(proposal) == {"shop-stage/tool": why}
    assert project_of(proposal).services.keys() == {"search"}


def test_service_that_can_not_be_judged_is_left_out() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "blue", "acme/blue:env.stage", controller="CODE_DEPLOY"),
    )

    assert "CODE_DEPLOY" in reasons(proposal)["shop-stage/blue"]


def test_service_that_is_gone_is_not_mentioned() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "old", "acme/search:env.stage", status="INACTIVE"),
    )

    assert proposal.unplaced == ()
    assert project_of(proposal).services.keys() == {"search"}


def test_tag_that_environments_share_is_left_out() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}", "acme/proxy:env.live"),
        *both("shop-{e}", "items", "acme/items:env.{e}", "acme/proxy:env.live"),
    )

    assert [image.id for image in project_of(proposal).images] == ["items", "search"]
    assert reasons(proposal) == {"acme/proxy:env.live": "services of several environments use this tag"}


def test_sidecar_that_services_of_other_projects_use_is_left_out() -> None:
    services = [
        *both("shop-{e}", "search", "acme/search:env.{e}", "acme/proxy:env.{e}"),
        *both("library-{e}", "loans", "acme/loans:env.{e}", "acme/proxy:env.{e}"),
    ]

    proposal = proposed(*services, selection=Selection(clusters=("shop-*",)))

    assert [image.id for image in project_of(proposal).images] == ["search"]
    assert "other projects" in reasons(proposal)["acme/proxy"]


def test_services_with_other_environments_are_another_project() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        *both("shop-{e}", "items", "acme/items:env.{e}"),
        service("pipeline-2025-10-02", "calm", "acme/calm:env.2025-10-02"),
    )

    assert [environment.id for environment in project_of(proposal).environments] == ["stage", "prod"]
    assert "another project" in reasons(proposal)["pipeline-2025-10-02/calm"]


def test_selection_narrows_clusters_and_repositories() -> None:
    services = [
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        *both("shop-{e}", "items", "acme/items:env.{e}"),
        *both("library-{e}", "loans", "acme/loans:env.{e}"),
    ]

    shop = proposed(*services, selection=Selection(clusters=("shop-*",)))
    search = proposed(*services, selection=Selection(repositories=("*/sear?h",)))

    assert project_of(shop).services.keys() == {"search", "items"}
    assert project_of(search).services.keys() == {"search"}
    assert (shop.unplaced, search.unplaced) == ((), ())


def test_nothing_that_fits_is_no_project() -> None:
    proposal = proposed(service("shop", "search", "acme/search:latest"))

    assert proposal.project is None
    assert reasons(proposal).keys() == {"shop/search"}


def test_service_with_tags_that_find_a_service_of_others_elsewhere_is_found_by_its_name() -> None:
    found = project_of(
        proposed(
            service("shop-stage", "search", "acme/search:env.stage", tags=("search", "stage")),
            service("shop-stage", "items", "acme/items:env.stage"),
            service("shop-prod", "items", "acme/items:env.prod"),
            service("other", "tool", "docker.io/library/nginx:1", tags=("search", "prod")),
        )
    )

    assert found.addresses.keys() == {"items", "search"}


def test_service_is_left_out_if_its_name_elsewhere_is_that_of_a_service_that_can_not_be_judged() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "tool", "acme/tool:env.stage"),
        service("shop-prod", "tool", "acme/tool:env.prod", controller="CODE_DEPLOY"),
    )

    assert project_of(proposal).services.keys() == {"search"}
    assert reasons(proposal).keys() == {"shop-stage/tool", "shop-prod/tool"}


def test_service_stays_if_its_name_elsewhere_is_that_of_a_service_without_its_images() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "tool", "acme/tool:latest"),
        service("shop-prod", "tool", "acme/tool:env.prod"),
    )

    assert project_of(proposal).optional_services == {"tool"}
    assert reasons(proposal).keys() == {"shop-stage/tool"}


def test_service_is_left_out_if_its_name_elsewhere_is_that_of_one_without_its_image_that_can_not_be_judged() -> (
    None
):
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        service("shop-stage", "tool", "acme/tool:env.stage"),
        service("shop-prod", "tool", "acme/tool:latest", controller="CODE_DEPLOY"),
    )

    assert project_of(proposal).services.keys() == {"search"}


def test_image_that_other_projects_use_too_stays_where_a_service_has_no_other() -> None:
    proposal = proposed(
        *both("shop-{e}", "search", "acme/search:env.{e}"),
        *both("library-{e}", "loans", "acme/loans:env.{e}", "acme/search:env.{e}"),
        selection=Selection(clusters=("shop-*",)),
    )

    assert project_of(proposal).services == {"search": ("search",)}


def test_services_whose_deployment_tags_are_swapped_are_found_by_their_names() -> None:
    found = project_of(
        proposed(
            service("shop-stage", "search", "acme/search:env.stage", tags=("search", "prod")),
            service("shop-prod", "search", "acme/search:env.prod", tags=("search", "stage")),
        )
    )

    assert found.addresses.keys() == {"search"}


def test_services_that_would_have_one_id_get_two() -> None:
    found = project_of(
        proposed(
            *both("shop-{e}", "worker", "acme/search:env.{e}"),
            *both("library-{e}", "worker", "acme/search:env.{e}"),
        )
    )

    assert found.services.keys() == {"worker", "worker-2"}
    assert len({place for names in places(found).values() for place in names.values()}) == 4


def test_date_is_an_environment_if_it_is_in_names() -> None:
    found = project_of(
        proposed(
            *(
                service(f"pipeline-{date}", name, f"acme/{name}:{date}")
                for date in ("2025-10-02", "2026-07-03")
                for name in ("calm", "mets")
            )
        )
    )

    assert found.tag == "{environment}"
    assert [environment.id for environment in found.environments] == ["2025-10-02", "2026-07-03"]
