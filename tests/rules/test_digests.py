"""The digests that tasks report, compared with the expected ones."""

from __future__ import annotations

import pytest

from tests.rules.states import (
    CHILD,
    NEW,
    OLD,
    OTHER,
    REGISTRY,
    container,
    expecting,
    primary,
    service,
    task,
    using,
    view,
)
from weco_deploy.model.service import Container, DefinedContainer
from weco_deploy.rules.digests import (
    Match,
    all_described,
    compare,
    running_tasks,
    with_defined_images,
    wrong_container,
)

EXPECTED = (expecting(),)


def by_digest(digest: str, image: str = "uk.ac.wellcome/search") -> Container:
    """A container whose image the ECS agent names by its digest only."""
    return container(digest, image=f"{image}@{digest}")


COMPARED = {
    "all report it": ([container(NEW), container(NEW)], Match.RIGHT),
    "sidecars do not count": ([container(NEW), container(OTHER, image="proxy:env.stage")], Match.RIGHT),
    "the same image by another tag does not count": (
        [container(NEW), container(OLD, image="uk.ac.wellcome/search:env.prod")],
        Match.RIGHT,
    ),
    "one reports another": ([container(NEW), container(OLD)], Match.WRONG),
    "one reports another and one nothing": ([container(None), container(OLD)], Match.WRONG),
    "one reports nothing": ([container(NEW), container(None)], Match.UNKNOWN),
    "only sidecars": ([container(OTHER, image="proxy:1")], Match.UNKNOWN),
    "one names only the right digest": ([by_digest(NEW)], Match.RIGHT),
    "one names only another digest, and may be another tag": (
        [container(NEW), by_digest(OLD)],
        Match.UNKNOWN,
    ),
    "only a sidecar names a digest": ([by_digest(NEW, "proxy")], Match.UNKNOWN),
    "no container at all": ([], Match.UNKNOWN),
}


@pytest.mark.parametrize(("containers", "match"), COMPARED.values(), ids=COMPARED.keys())
def test_containers_match_if(containers: list[Container], match: Match) -> None:
    tasks = [task(f"t{place}", containers=[shown]) for place, shown in enumerate(containers)]
    assert compare(tasks, EXPECTED) is match


@pytest.mark.parametrize("reported", [NEW, CHILD])
def test_containers_match_any_accepted_digest(reported: str) -> None:
    assert compare([task("t1", digest=reported)], [expecting(NEW, CHILD)]) is Match.RIGHT


def test_container_named_by_digest_has_the_image_of_its_definition() -> None:
    shown = task("t1", containers=[by_digest(OLD), container(OTHER, image="proxy:1", name="proxy")])
    named = with_defined_images(shown, [using()])
    assert [found.image.rpartition("/")[2] for found in named.containers] == ["search:env.stage", "proxy:1"]
    assert compare([named], EXPECTED) is Match.WRONG


def test_container_that_is_pinned_by_its_definition_is_not_ours() -> None:
    pinned = DefinedContainer("app", f"{REGISTRY}/uk.ac.wellcome/search@{OLD}")
    named = with_defined_images(task("t1", containers=[by_digest(OLD)]), [pinned])
    assert compare([task("t2"), named], EXPECTED) is Match.RIGHT


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("host:5000/search", False),
        ("host:5000/search:env.stage", False),
        (f"host:5000/search@{NEW}", True),
        (f"host:5000/search:env.stage@{NEW}", False),
    ],
)
def test_container_is_named_by_digest_only_without_a_tag(image: str, expected: bool) -> None:
    assert Container(name="app", image=image).named_by_digest is expected


def test_match_of_no_tasks_is_unknown() -> None:
    assert compare([], EXPECTED) is Match.UNKNOWN


def test_containers_of_four_images_match_each_its_own_digest() -> None:
    ids = ("api", "nginx", "worker", "cron")
    expected = [expecting(f"sha256:{image_id}", image=image_id) for image_id in ids]
    right = [container(f"sha256:{name}", image=f"uk.ac.wellcome/{name}:env.stage", name=name) for name in ids]
    assert compare([task("t1", containers=right)], expected) is Match.RIGHT
    swapped = [
        container("sha256:api", image="uk.ac.wellcome/nginx:env.stage", name="nginx"),
        *right[2:],
    ]
    wrong = wrong_container([task("t1", containers=swapped)], expected)
    assert wrong is not None
    assert (wrong[1].name, wrong[2].image_id) == ("nginx", "nginx")


def test_running_tasks_are_those_in_status_running() -> None:
    tasks = [task("t1"), task("t2", status="PENDING"), task("t3", status="DEACTIVATING")]
    described = view(service(running=1, deployments=[primary()]), tasks)
    assert running_tasks(described) == (tasks[0],)
    assert all_described(described)


def test_running_task_that_was_not_described_is_noticed() -> None:
    assert not all_described(view(service(running=2), [task("t1")]))
    assert not all_described(view(service(running=1), None))
    assert all_described(view(service(running=0), None))
