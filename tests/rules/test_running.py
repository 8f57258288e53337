"""The evidence of what a service runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.snapshots import in_ecr, noted, project, snapshot
from tests.rules.states import (
    BEFORE,
    NEW,
    OLD,
    OTHER,
    OURS,
    REGISTRY,
    active,
    container,
    expecting,
    primary,
    resolving,
    service,
    task,
    up,
    view,
)
from weco_deploy.model.environment import KnownService
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import Repository
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.service import DefinedContainer, EcsDeployment, ResolvedImage, Task
from weco_deploy.rules.digests import Match
from weco_deploy.rules.running import evidence, expected_image, expected_images, images_of

EXPECTED = (expecting(),)
NO_TASKS = view(service(desired=0, deployments=[primary(OURS, completed=True)]), ())

# The order of evidence


def test_evidence_of_running_tasks_comes_before_revision_and_record() -> None:
    wrong = evidence(up(NEW, OLD), EXPECTED, (resolving(NEW),), noted())
    assert (wrong.match, wrong.why) == (Match.WRONG, "runs sha256:6f6c64000000 of search")
    right = evidence(up(NEW, NEW), EXPECTED, (resolving(OLD),), noted(search=OLD))
    assert (right.match, right.why) == (Match.RIGHT, "its tasks run the release")


def test_evidence_of_the_revision_comes_before_our_record() -> None:
    right = evidence(NO_TASKS, EXPECTED, (resolving(NEW),), noted(search=OLD))
    assert (right.match, right.why) == (Match.RIGHT, "its deployment resolved to the release")
    wrong = evidence(NO_TASKS, EXPECTED, (resolving(OLD),), noted(search=NEW))
    assert (wrong.match, wrong.why) == (
        Match.WRONG,
        "its deployment resolved search to sha256:6f6c64000000",
    )


def test_evidence_of_our_record_comes_last() -> None:
    right = evidence(NO_TASKS, EXPECTED, (), noted())
    assert (right.match, right.why) == (Match.RIGHT, "recorded as deployed with the release")
    wrong = evidence(NO_TASKS, EXPECTED, (), noted(search=OLD))
    assert (wrong.match, wrong.why) == (Match.WRONG, "recorded as deployed with another release")


@pytest.mark.parametrize("known", [None, noted(ecs_deployment_id=BEFORE), noted(ecs_deployment_id=None)])
def test_evidence_of_our_record_is_missing_for_another_ecs_deployment(known: KnownService | None) -> None:
    finding = evidence(NO_TASKS, EXPECTED, (), known)
    assert (finding.match, finding.why) == (Match.UNKNOWN, "no task runs")


def test_evidence_of_a_record_of_fewer_images_is_that_of_another_release() -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(NO_TASKS, expected, (), noted(search=NEW)).match is Match.WRONG


@pytest.mark.parametrize(
    "resolved",
    [
        (),
        (resolving(None),),
        (resolving(OTHER, image="sidecar"),),
        (resolving(NEW), resolving(None, image="nginx")),
    ],
)
def test_evidence_of_an_incomplete_revision_is_skipped_for_the_record(
    resolved: tuple[ResolvedImage, ...],
) -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(NO_TASKS, expected, resolved, None).match is Match.UNKNOWN
    recorded = evidence(NO_TASKS, expected, resolved, noted(search=NEW, nginx=NEW))
    assert recorded.why == "recorded as deployed with the release"


def test_evidence_of_a_revision_need_not_name_every_image_of_the_service() -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(NO_TASKS, expected, (resolving(NEW),), None).match is Match.RIGHT


def test_evidence_of_tasks_without_digests_is_skipped_for_the_revision() -> None:
    assert evidence(up(NEW, None), EXPECTED, (resolving(OLD),), None).match is Match.WRONG
    assert evidence(up(NEW, None), EXPECTED, (resolving(NEW),), None).match is Match.RIGHT


def test_evidence_is_unknown_if_no_source_has_any() -> None:
    assert evidence(up(None), EXPECTED, (), None).why == "nothing tells what it runs"


def test_evidence_is_unknown_without_a_primary_deployment() -> None:
    observed = view(service(running=1, deployments=[active(OURS, running=1)]), [task("t1")])
    finding = evidence(observed, EXPECTED, (resolving(NEW),), noted())
    assert (finding.match, finding.why) == (Match.UNKNOWN, "it has no primary deployment")


@pytest.mark.parametrize(
    ("tasks", "match"),
    [
        ([task("t1"), task("t0", of=BEFORE, digest=OLD)], Match.RIGHT),
        ([task("t1", digest=OLD), task("t0", of=BEFORE, digest=NEW)], Match.WRONG),
        ([task("t0", of=BEFORE, digest=OLD)], Match.UNKNOWN),
        ([task("t0", of=BEFORE, digest=NEW)], Match.UNKNOWN),
    ],
)
@pytest.mark.parametrize("newest", [primary(), primary(completed=True)])
def test_evidence_during_a_rollout_is_that_of_the_primary_deployments_tasks(
    tasks: list[Task], match: Match, newest: EcsDeployment
) -> None:
    observed = service(running=2, deployments=[newest, active(running=1)])
    assert evidence(view(observed, tasks), EXPECTED, (), None).match is match


def test_evidence_in_steady_state_is_that_of_every_running_task() -> None:
    observed = service(running=2, deployments=[primary(completed=True)])
    tasks = [task("t1"), task("t0", of=BEFORE, digest=OLD)]
    assert evidence(view(observed, tasks), EXPECTED, (), None).match is Match.WRONG


# The images of a service


def test_images_of_a_service_are_those_of_its_tasks_and_of_its_task_definition() -> None:
    observed = view(
        service(running=2, deployments=[primary()]),
        [task(name, containers=[container(), container(image="proxy:1")]) for name in ("t1", "t2")],
    )
    ours, proxy = f"{REGISTRY}/uk.ac.wellcome/search:env.stage", f"{REGISTRY}/proxy:1"
    assert images_of(observed, ()) == (ours, proxy)
    assert images_of(observed, (DefinedContainer("app", "nginx:2"),)) == (ours, proxy, "nginx:2")


def test_images_of_a_service_without_tasks_and_description_are_unknown() -> None:
    assert images_of(view(service(deployments=[primary()]), ()), ()) == ()


def test_images_of_a_task_that_names_only_digests_are_unknown() -> None:
    named = container(NEW, image=f"uk.ac.wellcome/search@{NEW}")
    observed = view(
        service(running=1, deployments=[primary()]), [task("t1", containers=[container(), named])]
    )
    assert images_of(observed, ()) == ()


def test_service_uses_no_image_of_an_earlier_task_definition() -> None:
    earlier = replace(task("t1", containers=[container(image="nginx:1")]), task_definition="search-api:0")
    observed = view(service(running=1, deployments=[primary()]), [earlier])
    now = DefinedContainer("app", f"{REGISTRY}/uk.ac.wellcome/search:env.stage")
    assert images_of(observed, ()) == ()
    assert images_of(observed, (now,)) == (now.image,)


SEARCH, STAGE = Image(id="search", repository="acme/search"), Environment(id="stage", name="Staging")
IN_IRELAND = Repository(name="acme/search", uri=f"{REGISTRY}/acme/search")


def expected_in(region_name: str | None = None, repository: Repository | None = IN_IRELAND) -> Expected:
    """The image in an environment of that region; without one, of the repository's."""
    return expected_image(SEARCH, replace(STAGE, region_name=region_name), repository, frozenset({NEW}))


def test_expected_image_is_named_by_registry_repository_and_tag() -> None:
    image = expected_in()
    assert (image.image_id, image.image, image.full_name, image.digests) == (
        "search",
        "acme/search:env.stage",
        f"{REGISTRY}/acme/search:env.stage",
        frozenset({NEW}),
    )


@pytest.mark.parametrize(
    ("image", "ours", "elsewhere"),
    [
        (f"{REGISTRY}/acme/search:env.stage", True, False),
        (f"{REGISTRY}/acme/search:env.stage@sha256:0000", True, False),
        ("123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com/acme/search:env.stage", True, False),
        ("123456789012.dkr-ecr.eu-west-1.on.aws/acme/search:env.stage", True, False),
        ("123456789012.dkr-ecr-fips.eu-west-1.on.aws/acme/search:env.stage", True, False),
        ("123456789012.dkr.ecr.eu-west-1.example.com/acme/search:env.stage", False, True),
        ("999999999999.dkr.ecr.eu-west-1.amazonaws.com/acme/search:env.stage", False, True),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/search:env.stage", False, True),
        ("ghcr.io/acme/search:env.stage", False, True),
        ("localhost:5000/acme/search:env.stage", False, True),
        ("docker.io/acme/search:env.stage", False, True),
        ("acme/search:env.stage", False, True),
        (f"{REGISTRY}/big/acme/search:env.stage", False, False),
        (f"{REGISTRY}/acme/search:env.prod", False, False),
        (f"{REGISTRY}/acme/search", False, False),
        ("ghcr.io/acme/search:env.prod", False, False),
    ],
)
def test_expected_image_concerns_containers_of_its_repository_and_tag_in_its_own_registry(
    image: str, ours: bool, elsewhere: bool
) -> None:
    expected = expected_in()
    assert (expected.concerns(image), expected.is_elsewhere(image)) == (ours, elsewhere)


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        (f"{REGISTRY}/acme/search:env.stage", True),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/search:env.stage", True),
        ("123456789012.dkr-ecr.us-east-1.on.aws/acme/search:env.stage", True),
        ("999999999999.dkr.ecr.us-east-1.amazonaws.com/acme/search:env.stage", True),
        ("123456789012.dkr.ecr.us-east-2.amazonaws.com/acme/search:env.stage", False),
        ("999999999999.dkr.ecr.eu-west-1.amazonaws.com/acme/search:env.stage", False),
        ("ghcr.io/acme/search:env.stage", False),
    ],
)
def test_image_of_an_environment_in_another_region_may_come_from_a_replica_in_that_region(
    image: str, ours: bool
) -> None:
    assert expected_in("us-east-1").concerns(image) is ours


def test_environment_that_names_the_region_of_the_repository_has_no_replica() -> None:
    assert not expected_in("eu-west-1").concerns(
        "999999999999.dkr.ecr.eu-west-1.amazonaws.com/acme/search:env.stage"
    )


def test_image_of_a_repository_that_does_not_exist_any_more_may_come_from_any_registry() -> None:
    assert expected_in(repository=None).concerns(f"{REGISTRY}/acme/search:env.stage")


def test_image_named_by_its_digest_only_may_be_ours_only_in_our_registry() -> None:
    expected = expected_in()
    assert expected.may_concern(f"{REGISTRY}/acme/search@{OLD}")
    assert not expected.may_concern(f"ghcr.io/acme/search@{OLD}")
    assert not expected.may_concern(f"{REGISTRY}/acme/search:env.stage")


def test_image_of_a_registry_that_is_not_at_aws_has_that_registry_only() -> None:
    local = Repository(name="acme/search", uri="localhost:5000/acme/search")
    assert expected_in(repository=local).concerns("localhost:5000/acme/search:env.stage")
    assert not expected_in(repository=local).concerns("localhost:5001/acme/search:env.stage")


# What containers are expected to run

PROJECT = project(search=["search-api"], cron=[])


def test_expected_images_are_those_observed_with_the_digests_of_index_and_children() -> None:
    observed = snapshot(images={"search": in_ecr(NEW, tagged=NEW, children=[OTHER])}, services={})
    (image,) = expected_images(
        PROJECT, PROJECT.environment("stage"), {"search": NEW, "cron": NEW}, observed
    ).values()
    assert (image.image, image.digests) == ("uk.ac.wellcome/search:env.stage", frozenset({NEW, OTHER}))


def test_expected_images_have_only_the_digest_itself_where_ecr_was_asked_for_another() -> None:
    observed = snapshot(images={"search": in_ecr(OLD, tagged=OLD, children=[OTHER])}, services={})
    (image,) = expected_images(PROJECT, PROJECT.environment("stage"), {"search": NEW}, observed).values()
    assert image.digests == frozenset({NEW})
