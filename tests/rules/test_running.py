"""What a service runs: which evidence there is and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.states import (
    BEFORE,
    CHILD,
    LATER,
    NEW,
    OLD,
    OTHER,
    OURS,
    REGISTRY,
    active,
    container,
    expecting,
    made_at,
    noted,
    primary,
    resolving,
    service,
    task,
    up,
    view,
)
from weco_deploy.model.environment import KnownService
from weco_deploy.model.service import Container, DefinedContainer, EcsDeployment, ResolvedImage, Service, Task
from weco_deploy.rules.running import (
    Match,
    all_described,
    belongs,
    compare,
    evidence,
    expectation,
    rested,
    running,
    uses_any,
    wrong_container,
)

EXPECTED = (expecting(),)
IDLE = view(service(desired=0, deployments=[primary(OURS, completed=True)]), ())


# Whose task


@pytest.mark.parametrize(("of", "expected"), [(OURS, True), (BEFORE, False), (LATER, False)])
def test_a_task_belongs_to_the_deployment_that_started_it(of: str, expected: bool) -> None:
    assert belongs(task("t1", of=of, made=made_at(2.5)), primary(OURS)) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-1, False), (-0.001, False), (0, True), (0.5, True), (60, True)]
)
def test_without_a_starter_the_time_tells_whose_a_task_is(seconds: float, expected: bool) -> None:
    made = made_at(2) + timedelta(seconds=seconds)
    assert belongs(task("t1", of=None, made=made), primary(OURS)) is expected


def test_a_task_dated_to_the_second_of_its_deployment_is_its() -> None:
    deployment = replace(primary(OURS), created_at=made_at(2) + timedelta(milliseconds=700))
    assert belongs(task("t1", of=None, made=made_at(2)), deployment)
    assert not belongs(task("t1", of=None, made=made_at(2) - timedelta(seconds=1)), deployment)


def test_a_task_that_tells_neither_starter_nor_time_is_nobodys() -> None:
    assert not belongs(task("t1", of=None), primary(OURS))


# What tasks say


COMPARED = {
    "all report it": ([container(NEW), container(NEW)], Match.RIGHT),
    "sidecars do not count": ([container(NEW), container(OTHER, image="proxy:env.stage")], Match.RIGHT),
    "the same image by another tag does not count": (
        [container(NEW), container(OLD, image="uk.ac.wellcome/search:env.prod")],
        Match.RIGHT,
    ),
    "one reports another": ([container(NEW), container(OLD)], Match.WRONG),
    "one reports another and one nothing": ([container(None), container(OLD)], Match.WRONG),
    "one reports nothing": ([container(NEW), container(None)], Match.UNTOLD),
    "only sidecars": ([container(OTHER, image="proxy:1")], Match.UNTOLD),
    "no container at all": ([], Match.UNTOLD),
}


@pytest.mark.parametrize(("containers", "match"), COMPARED.values(), ids=COMPARED.keys())
def test_containers_match_if(containers: list[Container], match: Match) -> None:
    tasks = [task(f"t{place}", containers=[one]) for place, one in enumerate(containers)]
    assert compare(tasks, EXPECTED) is match


@pytest.mark.parametrize("reported", [NEW, CHILD])
def test_any_of_the_accepted_digests_is_right(reported: str) -> None:
    assert compare([task("t1", digest=reported)], [expecting(NEW, CHILD)]) is Match.RIGHT


def test_no_task_says_nothing() -> None:
    assert compare([], EXPECTED) is Match.UNTOLD


def test_four_images_in_one_service_are_each_held_to_their_own_digest() -> None:
    ids = ("api", "nginx", "worker", "cron")
    expected = [expecting(f"sha256:{image_id}", image=image_id) for image_id in ids]
    right = [container(f"sha256:{one}", image=f"uk.ac.wellcome/{one}:env.stage", name=one) for one in ids]
    assert compare([task("t1", containers=right)], expected) is Match.RIGHT
    swapped = [
        container("sha256:api", image="uk.ac.wellcome/nginx:env.stage", name="nginx"),
        *right[2:],
    ]
    wrong = wrong_container([task("t1", containers=swapped)], expected)
    assert wrong is not None
    assert (wrong[1].name, wrong[2].image_id) == ("nginx", "nginx")


def test_only_tasks_that_run_now_are_running() -> None:
    tasks = [task("t1"), task("t2", status="PENDING"), task("t3", status="DEACTIVATING")]
    seen = view(service(running=1, deployments=[primary()]), tasks)
    assert running(seen) == (tasks[0],)
    assert all_described(seen)


def test_a_running_task_that_was_not_described_is_noticed() -> None:
    assert not all_described(view(service(running=2), [task("t1")]))
    assert not all_described(view(service(running=1), None))
    assert all_described(view(service(running=0), None))


# At rest


AT_REST = {
    "complete and alone": (service(running=2, deployments=[primary(completed=True)]), True),
    "the others run nothing": (service(running=2, deployments=[primary(completed=True), active()]), True),
    "wants none and runs none": (service(desired=0, deployments=[primary(completed=True)]), True),
    "no rollout state, but all tasks": (service(running=2, deployments=[primary(state=None)]), True),
    "under way": (service(running=2, deployments=[primary()]), False),
    "failed": (service(running=2, deployments=[primary(state="FAILED")]), False),
    "a state that nobody knows": (service(running=2, deployments=[primary(state="BAKING")]), False),
    "another runs tasks": (
        service(running=2, deployments=[primary(completed=True), active(running=1)]),
        False,
    ),
    "another starts tasks": (
        service(running=2, deployments=[primary(completed=True), active(pending=1)]),
        False,
    ),
    "complete, but a task is missing since": (
        service(desired=2, running=1, deployments=[primary(completed=True)]),
        False,
    ),
    "complete, but all have crashed since": (
        service(desired=2, running=0, deployments=[primary(completed=True)]),
        False,
    ),
    "a task too many": (service(desired=1, running=2, deployments=[primary(completed=True)]), False),
    "a task is starting": (service(running=2, pending=1, deployments=[primary(completed=True)]), False),
    "no rollout state and a task is missing": (
        service(desired=2, running=1, deployments=[primary(state=None)]),
        False,
    ),
    "no primary deployment": (service(running=2, deployments=[active(running=2)]), False),
}


@pytest.mark.parametrize(("seen", "expected"), AT_REST.values(), ids=AT_REST.keys())
def test_a_service_is_at_rest(seen: Service, expected: bool) -> None:
    assert rested(seen) is expected


# The order of evidence


def test_what_tasks_run_beats_what_was_resolved_and_recorded() -> None:
    wrong = evidence(up(NEW, OLD), EXPECTED, (resolving(NEW),), noted())
    assert (wrong.match, wrong.why) == (Match.WRONG, "runs sha256:6f6c64000000 of search")
    right = evidence(up(NEW, NEW), EXPECTED, (resolving(OLD),), noted(search=OLD))
    assert (right.match, right.why) == (Match.RIGHT, "its tasks run the release")


def test_what_was_resolved_beats_what_was_recorded() -> None:
    right = evidence(IDLE, EXPECTED, (resolving(NEW),), noted(search=OLD))
    assert (right.match, right.why) == (Match.RIGHT, "its deployment resolved to the release")
    wrong = evidence(IDLE, EXPECTED, (resolving(OLD),), noted(search=NEW))
    assert (wrong.match, wrong.why) == (
        Match.WRONG,
        "its deployment resolved search to sha256:6f6c64000000",
    )


def test_our_record_speaks_last() -> None:
    right = evidence(IDLE, EXPECTED, (), noted())
    assert (right.match, right.why) == (Match.RIGHT, "recorded as deployed with the release")
    wrong = evidence(IDLE, EXPECTED, (), noted(search=OLD))
    assert (wrong.match, wrong.why) == (Match.WRONG, "recorded as deployed with another release")


@pytest.mark.parametrize("known", [None, noted(ecs_deployment_id=BEFORE), noted(ecs_deployment_id=None)])
def test_our_record_says_nothing_of_another_deployment(known: KnownService | None) -> None:
    told = evidence(IDLE, EXPECTED, (), known)
    assert (told.match, told.why) == (Match.UNTOLD, "no task runs")


def test_our_record_of_fewer_images_is_that_of_another_release() -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(IDLE, expected, (), noted(search=NEW)).match is Match.WRONG


@pytest.mark.parametrize(
    "resolved",
    [
        (),
        (resolving(None),),
        (resolving(OTHER, image="sidecar"),),
        (resolving(NEW), resolving(None, image="nginx")),
    ],
)
def test_a_revision_that_does_not_tell_all_leaves_it_to_the_record(
    resolved: tuple[ResolvedImage, ...],
) -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(IDLE, expected, resolved, None).match is Match.UNTOLD
    recorded = evidence(IDLE, expected, resolved, noted(search=NEW, nginx=NEW))
    assert recorded.why == "recorded as deployed with the release"


def test_a_revision_need_not_use_every_image_that_the_project_lists_for_the_service() -> None:
    expected = (expecting(), expecting(image="nginx"))
    assert evidence(IDLE, expected, (resolving(NEW),), None).match is Match.RIGHT


def test_tasks_that_do_not_tell_their_digest_leave_it_to_the_revision() -> None:
    assert evidence(up(NEW, None), EXPECTED, (resolving(OLD),), None).match is Match.WRONG
    assert evidence(up(NEW, None), EXPECTED, (resolving(NEW),), None).match is Match.RIGHT


def test_tasks_that_nothing_tells_of_are_called_so() -> None:
    assert evidence(up(None), EXPECTED, (), None).why == "nothing tells what it runs"


def test_a_service_without_a_primary_deployment_tells_nothing() -> None:
    seen = view(service(running=1, deployments=[active(OURS, running=1)]), [task("t1")])
    told = evidence(seen, EXPECTED, (resolving(NEW),), noted())
    assert (told.match, told.why) == (Match.UNTOLD, "it has no primary deployment")


@pytest.mark.parametrize(
    ("tasks", "match"),
    [
        ([task("t1"), task("t0", of=BEFORE, digest=OLD)], Match.RIGHT),
        ([task("t1", digest=OLD), task("t0", of=BEFORE, digest=NEW)], Match.WRONG),
        ([task("t0", of=BEFORE, digest=OLD)], Match.UNTOLD),
        ([task("t0", of=BEFORE, digest=NEW)], Match.UNTOLD),
    ],
)
@pytest.mark.parametrize("going", [primary(), primary(completed=True)])
def test_during_a_rollout_only_tasks_of_the_primary_deployment_count(
    tasks: list[Task], match: Match, going: EcsDeployment
) -> None:
    seen = service(running=2, deployments=[going, active(running=1)])
    assert evidence(view(seen, tasks), EXPECTED, (), None).match is match


def test_at_rest_every_running_task_counts() -> None:
    seen = service(running=2, deployments=[primary(completed=True)])
    tasks = [task("t1"), task("t0", of=BEFORE, digest=OLD)]
    assert evidence(view(seen, tasks), EXPECTED, (), None).match is Match.WRONG


# Related at all


USES = {
    "a task's container": ([container()], (), True),
    "a container of its task definition": ([], (f"{REGISTRY}/uk.ac.wellcome/search:env.stage",), True),
    "none of its containers": ([container(image="proxy:1")], ("nginx:2",), False),
    "the image by another tag": ([], (f"{REGISTRY}/uk.ac.wellcome/search:latest",), False),
    "nobody knows its containers": ([], (), None),
}


@pytest.mark.parametrize(("containers", "defined", "expected"), USES.values(), ids=USES.keys())
def test_a_service_uses_an_image_by(
    containers: list[Container], defined: tuple[str, ...], expected: bool | None
) -> None:
    tasks = [task("t1", containers=containers)] if containers else []
    seen = view(service(running=len(tasks), deployments=[primary()]), tasks)
    assert uses_any(seen, tuple(DefinedContainer("app", image) for image in defined), EXPECTED) is expected


def test_tasks_of_an_earlier_task_definition_do_not_tell_what_a_service_uses() -> None:
    earlier = replace(task("t1", containers=[container(image="nginx:1")]), task_definition="search-api:0")
    seen = view(service(running=1, deployments=[primary()]), [earlier])
    now = (DefinedContainer("app", f"{REGISTRY}/uk.ac.wellcome/search:env.stage"),)
    assert uses_any(seen, (), EXPECTED) is None
    assert uses_any(seen, now, EXPECTED) is True


def test_containers_are_expected_to_run_repository_and_tag() -> None:
    one = expectation("search", "uk.ac.wellcome/search", "env.prod", frozenset({NEW}))
    assert (one.image_id, one.image, one.digests) == (
        "search",
        "uk.ac.wellcome/search:env.prod",
        frozenset({NEW}),
    )


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/search:env.stage", True),
        ("localhost:5000/acme/search:env.stage", True),
        ("localhost/acme/search:env.stage", True),
        ("acme/search:env.stage", True),
        ("acme/search:env.stage@sha256:0000", True),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/big/acme/search:env.stage", False),
        ("big/acme/search:env.stage", False),
        ("acme/search:env.prod", False),
        ("acme/search", False),
    ],
)
def test_a_container_is_ours_by_repository_and_tag_in_any_registry(image: str, ours: bool) -> None:
    assert expectation("search", "acme/search", "env.stage", frozenset()).concerns(image) is ours
