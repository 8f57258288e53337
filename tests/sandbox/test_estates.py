"""`sandbox start` for teams with other names, asked by ECS's and ECR's API."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.local_aws import LocalAws
from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import Rollouts
from tests.sandboxes import Provisioned, place_of
from weco_deploy.errors import UsageError
from weco_deploy.sandbox.estate import STRATEGIES, Estate
from weco_deploy.sandbox.running import Sandbox

COMMIT = re.compile(r"[0-9a-f]{40}")

STORAGE = project(
    ("bag_indexer", ("bag-indexer",)),
    ("bag_register", ("bag_register",)),
    ("bag_replicator", ("bag-replicator_azure", "bag-replicator_glacier", "bag-replicator_primary")),
    environments=("stage", "prod"),
)
CATALOGUE_API = project(
    ("search", ("search-api",)), ("items", ("items-api",)), environments=("stage", "prod")
)
CATALOGUE_PIPELINE = project(
    ("transformer_calm", ("transformer_calm",)),
    ("transformer_mets", ("transformer_mets",)),
    ("unified_pipeline_task", ()),
    environments=("2025-10-02", "2026-07-03"),
)


def services(sandbox: Sandbox, cluster: str) -> dict[str, tuple[int, list[str], list[str]]]:
    """By its name how many tasks a service runs, the images in its task definition, and the keys of its tags."""
    ecs = LocalAws.of(sandbox).ecs(place_of(sandbox))
    arns = ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]
    found = ecs.describe_services(cluster=cluster, services=arns, include=["TAGS"])["services"]
    return {
        service["serviceName"]: (
            service["runningCount"],
            [
                container["image"].partition("/")[2]
                for container in ecs.describe_task_definition(taskDefinition=service["taskDefinition"])[
                    "taskDefinition"
                ]["containerDefinitions"]
            ],
            [tag["key"] for tag in service.get("tags", ())],
        )
        for service in found
    }


def tags(sandbox: Sandbox, image_id: str) -> list[set[str]]:
    """The tags of each image in the repository."""
    ecr = LocalAws.of(sandbox).ecr(place_of(sandbox))
    details = ecr.describe_images(repositoryName=f"uk.ac.wellcome/{image_id}")["imageDetails"]
    return [set(image.get("imageTags", ())) for image in details]


def test_estate_with_environments_that_are_called_otherwise_in_aws(provisioned: Provisioned) -> None:
    sandbox = provisioned(
        STORAGE,
        estate=Estate(
            tagged=False,
            cluster_name="storage-{environment}",
            service_name="storage-{environment}-{service}",
            environment_names={"stage": "staging"},
            bare_commits=True,
        ),
    )

    assert services(sandbox, "storage-staging") == {
        f"storage-staging-{name}": (1, [f"uk.ac.wellcome/{image}:env.stage"], [])
        for name, image in [
            ("bag-indexer", "bag_indexer"),
            ("bag_register", "bag_register"),
            ("bag-replicator_azure", "bag_replicator"),
            ("bag-replicator_glacier", "bag_replicator"),
            ("bag-replicator_primary", "bag_replicator"),
        ]
    }
    assert len(services(sandbox, "storage-prod")) == 5


def test_estate_whose_environments_share_a_cluster(provisioned: Provisioned) -> None:
    sandbox = provisioned(
        CATALOGUE_API,
        estate=Estate(
            tagged=False,
            cluster_name="catalogue-api-2021-04-26",
            service_name="{environment}-{service}",
        ),
    )

    assert services(sandbox, "catalogue-api-2021-04-26") == {
        f"{environment}-{name}-api": (1, [f"uk.ac.wellcome/{name}:env.{environment}"], [])
        for environment in ("stage", "prod")
        for name in ("search", "items")
    }


def test_estate_with_the_same_names_in_each_cluster_and_bare_commits(provisioned: Provisioned) -> None:
    sandbox = provisioned(
        CATALOGUE_PIPELINE,
        estate=Estate(tagged=False, cluster_name="catalogue-{environment}", bare_commits=True),
    )

    for date in ("2025-10-02", "2026-07-03"):
        assert services(sandbox, f"catalogue-{date}").keys() == {"transformer_calm", "transformer_mets"}
    (first,) = tags(sandbox, "unified_pipeline_task")
    assert first > {"latest", "env.2025-10-02", "env.2026-07-03"}
    assert [COMMIT.fullmatch(tag) is not None for tag in first].count(True) == 1

    pushed = sandbox.push("unified_pipeline_task")

    assert COMMIT.fullmatch(pushed.ref)
    assert {pushed.ref, "latest"} in tags(sandbox, "unified_pipeline_task")


def test_images_are_tagged_by_the_project_file_s_patterns(provisioned: Provisioned) -> None:
    (image,) = project(("web", ("web-api",))).images
    theirs = replace(image, refs=("build-{commit}", "{commit}"), tag="live-{environment}")
    sandbox = provisioned(replace(project(), images=(theirs,)))

    pushed = sandbox.push("web", commit="a" * 40)

    first, second = sorted(tags(sandbox, "web"), key=lambda found: "live-stage" not in found)
    assert {tag[:6] for tag in first} == {"build-", "live-s"}
    assert second == {f"build-{'a' * 40}", "latest"}
    assert pushed.ref == f"build-{'a' * 40}"
    assert services(sandbox, "shop-stage")["web-api"][:2] == (1, ["uk.ac.wellcome/web:live-stage"])


def test_services_without_tags_are_not_in_the_tagging_api(provisioned: Provisioned) -> None:
    sandbox = provisioned(CATALOGUE_API, estate=Estate(tagged=False))
    tagged = provisioned(project(("web", ("web-api",))))

    assert found_by_tag(sandbox, "search-api") == []
    assert len(found_by_tag(tagged, "web-api")) == 1


def found_by_tag(sandbox: Sandbox, service_id: str) -> list[str]:
    answer = sandbox.call(
        place_of(sandbox),
        "ResourceGroupsTaggingAPI_20170126.GetResources",
        {"TagFilters": [{"Key": "deployment:service", "Values": [service_id]}]},
    )
    return [mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]]


def test_services_that_would_have_the_same_name_are_bad_usage(provisioned: Provisioned) -> None:
    with pytest.raises(UsageError, match="would both be shared/search-api") as caught:
        provisioned(CATALOGUE_API, estate=Estate(cluster_name="shared"))

    assert "--service-name" in caught.value.hint


@pytest.mark.parametrize("template", ["{servise}", "{}", "{", "{service.x}", ""])
def test_template_that_is_not_valid_is_bad_usage(template: str) -> None:
    with pytest.raises(UsageError, match="--service-name") as caught:
        Estate(service_name=template)

    assert caught.value.hint == "a text that may have {project}, {environment}, {service}"


def test_name_of_a_cluster_has_no_service() -> None:
    with pytest.raises(UsageError, match="--cluster-name"):
        Estate(cluster_name="{service}")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_services_are_deployed_by_the_strategy_of_the_estate(provisioned: Provisioned, strategy: str) -> None:
    sandbox = provisioned(WEB, estate=Estate(strategy=strategy))
    rollouts = Rollouts(sandbox)
    before = rollouts.service()
    pushed = sandbox.push("web")

    assert before["deploymentConfiguration"]["strategy"] == strategy
    assert before["runningCount"] == 1
    assert rollouts.final_status(rollouts.begin(pushed)) == "SUCCESSFUL"
    assert rollouts.digests() == {pushed.digest}
