"""The digests that tasks report, compared with the expected ones."""

from __future__ import annotations

import pytest

from tests.rules.states import (
    CHILD,
    NEW,
    OLD,
    OTHER,
    container,
    expecting,
    primary,
    service,
    task,
    view,
)
from weco_deploy.model.service import Container
from weco_deploy.rules.digests import Match, all_described, compare, running_tasks, wrong_container

EXPECTED = (expecting(),)


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
    "no container at all": ([], Match.UNKNOWN),
}


@pytest.mark.parametrize(("containers", "match"), COMPARED.values(), ids=COMPARED.keys())
def test_containers_match_if(containers: list[Container], match: Match) -> None:
    tasks = [task(f"t{place}", containers=[shown]) for place, shown in enumerate(containers)]
    assert compare(tasks, EXPECTED) is match


@pytest.mark.parametrize("reported", [NEW, CHILD])
def test_containers_match_any_accepted_digest(reported: str) -> None:
    assert compare([task("t1", digest=reported)], [expecting(NEW, CHILD)]) is Match.RIGHT


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
