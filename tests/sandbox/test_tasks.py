"""The task definitions that the sandbox makes for tasks before the restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.world.projects import project
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.project import Environment, Project
from weco_deploy.sandbox import state
from weco_deploy.sandbox.estate import USUAL
from weco_deploy.sandbox.provision import task_requests, tasks_of_project
from weco_deploy.sandbox.running import new_state
from weco_deploy.sandbox.state import MadeTask, Ports
from weco_deploy.sandbox.updating import compare
from weco_deploy.sandbox.welcome import update_lines

ACCOUNT = "111122223333"
MIGRATE = BeforeTask(id="migrate", task_definition="migrate-{environment}:3", like="items-api")
WARM_UP = BeforeTask(id="warm-up", task_definition="warm-up", cluster="jobs-{environment}", container="app")


def shop(*tasks: BeforeTask) -> Project:
    stage = Environment(id="stage", name="Stage", before=tasks)
    images = {"search": ["search-api"], "items": ["items-api"]}
    return project(images, environments=(stage,), project_id="shop")


def made(*tasks: BeforeTask) -> list[MadeTask]:
    return list(tasks_of_project(shop(*tasks), ACCOUNT, USUAL))


def test_task_has_an_image_and_the_cluster_of_the_service_that_it_is_like() -> None:
    (task,) = made(MIGRATE)
    assert (task.family, task.cluster, task.container) == ("migrate-stage", "shop-stage", "items")
    assert task.image.endswith("/uk.ac.wellcome/items:env.stage")


def test_task_of_its_own_has_its_cluster_and_container_and_the_first_image() -> None:
    (task,) = made(WARM_UP)
    assert (task.family, task.cluster, task.container) == ("warm-up", "jobs-stage", "app")
    assert task.image.endswith("/uk.ac.wellcome/search:env.stage")


def test_tasks_of_one_family_share_its_definition() -> None:
    (request,) = [
        request
        for request in task_requests(made(MIGRATE, replace(MIGRATE, id="again")))
        if request["operation"] == "ecs:RegisterTaskDefinition"
    ]
    assert request["request"]["family"] == "migrate-stage"


def test_task_has_a_command_so_that_it_ends() -> None:
    *_, register = task_requests(made(WARM_UP))
    assert register["request"]["containerDefinitions"][0]["command"]


def test_new_tasks_are_added_to_a_running_sandbox_and_said(tmp_path: Path) -> None:
    ports = Ports(emulator=1, simulation=2)
    before, after = (new_state([shop(*tasks)], ports, ACCOUNT) for tasks in ((MIGRATE,), (MIGRATE, WARM_UP)))
    state.write(tmp_path, before)
    known = state.read(tmp_path)
    assert known == before

    update = compare(before, after)

    assert [task.family for task in update.tasks] == ["warm-up"]
    assert "  task definition warm-up in jobs-stage" in update_lines(update, tmp_path, dry_run=False)
    assert compare(after, after).tasks == ()
