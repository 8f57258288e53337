"""What holds of every project that is proposed, whatever an account is like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.rules.inventory.accounts import REGISTRY, proposed, service
from weco_deploy import config
from weco_deploy.model.inventory import EcrTag, ListedService
from weco_deploy.model.project import Project

ENVIRONMENTS = st.sampled_from(["stage", "prod", "qa", "2025-10-02", "v1.2"])
WORDS = st.sampled_from(
    ["stage", "staging", "prod", "live", "shop", "search", "items", "2025-10-02", "a", "b", "API"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=4).flatmap(
    lambda words: st.sampled_from(["-", "_"]).map(lambda between: between.join(words))
)
IMAGES = st.builds(
    "{}:{}".format,
    st.sampled_from(["acme/search", "acme/items", "org.shared/items", "proxy", "uk.ac.wellcome/a_b"]),
    st.one_of(
        ENVIRONMENTS.map("env.{}".format),
        ENVIRONMENTS,
        ENVIRONMENTS.map("live-{}".format),
        st.sampled_from(["latest", "1.2.3", "0a1b2c3d"]),
    ),
)
TAGS = st.none() | st.tuples(st.sampled_from(["search", "items", "search-api"]), ENVIRONMENTS)


@st.composite
def irregular_accounts(draw: st.DrawFn) -> list[ListedService]:
    """Services of any names, images and tags."""
    keys = draw(st.lists(st.tuples(NAMES, NAMES), unique=True, max_size=12))
    return [
        service(cluster, name, *draw(st.lists(IMAGES, max_size=3)), tags=draw(TAGS)) for cluster, name in keys
    ]


CLUSTER_FORMS = ["shop-{e}", "{e}", "shop", "{e}-shop-2021-04-26"]
NAME_FORMS = ["{e}-{s}", "{s}-{e}", "shop-{e}-{s}", "{s}", "shop_{e}_{s}"]
PARTS = ["search-api", "search_worker", "items-api", "loader", "loader-nightly", "bag-verifier_pre", "x"]


@st.composite
def regular_estates(draw: st.DrawFn) -> list[ListedService]:
    """An estate whose names have one form: in each environment the same services, each with its own image."""
    ids = draw(st.lists(st.sampled_from(["stage", "prod", "qa", "2025-10-02"]), unique=True, min_size=1))
    called = {
        environment: draw(st.sampled_from([environment, f"{environment}ing", f"x9-{environment}"]))
        for environment in ids
    }
    cluster, name = draw(st.sampled_from(CLUSTER_FORMS)), draw(st.sampled_from(NAME_FORMS))
    if "{e}" not in cluster + name:
        name = f"{{e}}-{name}"
    parts = draw(st.lists(st.sampled_from(PARTS), unique=True, min_size=1))
    return [
        service(
            cluster.format(e=called[environment]),
            name.format(e=called[environment], s=part),
            f"uk.ac.wellcome/{part}:env.{environment}",
        )
        for environment in ids
        for part in parts
    ]


def loaded(project: Project) -> Project:
    """The project from its own text."""
    file = config.load_text(Path(".wellcome_project"), config.project_text(project, {}))
    assert file.warnings == ()
    return file.project(None)


@given(irregular_accounts())
def test_file_loads_without_warnings_and_is_the_same_project(services: list[ListedService]) -> None:
    project = proposed(*services).project

    assert project is None or loaded(project) == project


@given(irregular_accounts())
def test_every_service_is_in_one_place_of_the_project_or_left_out(services: list[ListedService]) -> None:
    proposal = proposed(*services)
    left_out = {item.name for item in proposal.unplaced}
    found = Counter(place for _, _, place in where(proposal.project, services))

    for item in services:
        name = str(item.service.key)
        assert found[name] == (0 if name in left_out else 1), name


@given(irregular_accounts())
def test_service_that_is_not_optional_is_in_every_environment(services: list[ListedService]) -> None:
    project = proposed(*services).project
    if project is None:
        return
    found = {(environment, service_id) for environment, service_id, _ in where(project, services)}

    for service_id in project.services.keys() - project.optional_services:
        for environment in project.environments:
            assert (environment.id, service_id) in found


@given(regular_estates())
def test_estate_with_regular_names_has_no_optional_service_and_nothing_is_left_out(
    services: list[ListedService],
) -> None:
    proposal = proposed(*services)

    assert proposal.project is not None
    assert proposal.unplaced == ()
    assert proposal.project.optional_services == frozenset()
    parts = {EcrTag.parse(image).repository for item in services for image in item.images}  # type: ignore[union-attr]  # all are in ECR
    assert len(proposal.project.services) == len(parts)


def where(project: Project | None, services: list[ListedService]) -> list[tuple[str, str, str]]:
    """Each existing ECS service that the project finds, and that uses its images: environment, service id, and its name.

    Services that use none of their images are left out of deployments, because they are optional.
    """
    if project is None:
        return []
    existing = {str(item.service.key): item for item in services}
    by_name = [
        (environment.id, service_id, f"{key.cluster_name}/{key.name}")
        for environment in project.environments
        for service_id, key in project.named_services(environment).items()
    ]
    by_tags = [
        (environment.id, service_id, str(item.service.key))
        for environment in project.environments
        for service_id in project.services.keys() - project.addresses.keys()
        for item in services
        if (item.service.service_id, item.service.environment) == (service_id, environment.id)
    ]
    return [
        (environment_id, service_id, name)
        for environment_id, service_id, name in (*by_name, *by_tags)
        if name in existing and images(project, environment_id, service_id) & set(existing[name].images)
    ]


def images(project: Project, environment_id: str, service_id: str) -> set[str]:
    """The images of a service, as a task definition of the environment names them."""
    environment = project.environment(environment_id)
    ours = [project.image(image_id) for image_id in project.services[service_id]]
    return {f"{REGISTRY}/{image.repository}:{image.tag_in(environment)}" for image in ours}
