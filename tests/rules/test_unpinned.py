"""Services that could start the release while a task runs before the restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import digest, key, planned_image, planned_service
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.expected import Expected
from weco_deploy.model.launch import Launch
from weco_deploy.model.plan import Action, PlannedImage, Snapshot
from weco_deploy.model.planned_task import Pinning, PlannedTask, TaskAction
from weco_deploy.model.service import DefinedContainer, ResolvedImage, TaskDefinition
from weco_deploy.rules.unpinned import early_images, unpinned_services

NAME = "uk.ac.wellcome/search:env.prod"
IMAGE = f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/{NAME}"
EXPECTED = Expected(image_id="search", image=NAME, digests=frozenset({digest("b")}), registry=None)
SERVICE = replace(planned_service("search", Action.REDEPLOY, "other images run"), expected=(EXPECTED,))
MOVES = (planned_image("search", "a", "b"),)
TASK = PlannedTask(
    id="migrate",
    action=TaskAction.RUN,
    why="",
    definition=TaskDefinition(arn="arn:aws:ecs:eu-west-1:1:task-definition/m:7", family="m", containers=()),
    container=DefinedContainer("app", IMAGE),
    command=None,
    launch=Launch(cluster="shop"),
    images=("search",),
    expected=(EXPECTED,),
    replicas=(),
    timeout=60,
    key="1f2e",
)
APP = DefinedContainer("app", IMAGE)
UNPINNED = replace(APP, pinned=False)


def found(
    pinning: Pinning | None,
    *,
    moves: tuple[PlannedImage, ...] = MOVES,
    task: PlannedTask = TASK,
    desired: int = 2,
) -> list[str]:
    known = {key("search-prod"): pinning} if pinning else {}
    observed = Snapshot(
        record=EnvironmentRecord(environment="prod"), images={}, repositories={}, services={}, pinning=known
    )
    return list(unpinned_services([replace(SERVICE, desired=desired)], [task], moves, observed))


@pytest.mark.parametrize(
    ("pinning", "why"),
    [
        (Pinning(defined=(UNPINNED,)), "versionConsistency of the container app is disabled"),
        (
            Pinning(defined=(APP,), resolved=(ResolvedImage("app", IMAGE, None),)),
            "its deployment has not resolved the image of the container app",
        ),
    ],
)
def test_service_that_resolves_its_tag_for_each_task_is_found(pinning: Pinning, why: str) -> None:
    (reason,) = found(pinning)
    assert reason.startswith(f"search: catalogue/search-prod is not pinned ({why})")


@pytest.mark.parametrize(
    "pinning",
    [
        Pinning(defined=(APP,), resolved=(ResolvedImage("app", IMAGE, digest("a")),)),
        Pinning(defined=(APP,)),
        Pinning(defined=(DefinedContainer("proxy", "proxy:1", pinned=False),)),
        None,
    ],
    ids=["resolved", "resolution not known", "another image", "not read"],
)
def test_service_that_is_pinned_or_not_known_to_be_unpinned_is_not_found(pinning: Pinning | None) -> None:
    assert found(pinning) == []


def test_service_is_exposed_only_while_a_task_runs_after_its_tag_has_moved() -> None:
    pinning = Pinning(defined=(UNPINNED,))
    assert found(pinning, moves=()) == []
    assert found(pinning, task=replace(TASK, action=TaskAction.SKIP)) == []
    assert found(pinning, desired=0) == []
    assert list(early_images([TASK], ())) == []
    assert len(list(early_images([TASK], MOVES))) == 1
