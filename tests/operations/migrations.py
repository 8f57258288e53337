"""A world whose deployments to stage run a migration before the services restart."""

from __future__ import annotations

from dataclasses import replace

from tests.world import Behaviour, World
from tests.world.behaviour import START
from tests.world.projects import project
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import DefinedContainer
from weco_deploy.sandbox.ecs.state import Task

MIGRATE = BeforeTask(
    id="migrate", task_definition="migrate-{environment}", command=("migrate",), like="search-api"
)
FAMILY = "migrate-stage"


def with_tasks(*tasks: BeforeTask) -> Project:
    """Two images and services; deployments to stage run these tasks."""
    stage = Environment(id="stage", name="Stage", before=tasks)
    return project(images={"search": ["search-api"], "items": ["items-api"]}, environments=[stage, "prod"])


def migrating(*tasks: BeforeTask) -> World:
    """A world with a release of both images in stage, and the task definition of a task that uses one of them."""
    world = World.of(with_tasks(*(tasks or (MIGRATE,))))
    define(world)
    return world


def define(world: World, *, image: str | None = None, **container: object) -> str:
    """A new revision of the migration's task definition. Its ARN."""
    defined = DefinedContainer(
        name="migrate",
        image=image or f"{world.host}/{world.repository_name('search')}:env.stage",
        log_driver="awslogs",
        log_group="/ecs/migrate",
        log_region=world.place.region,
        log_stream_prefix="ecs",
    )
    return world.ecs.define(world.place, FAMILY, [replace(defined, **container)])  # type: ignore[arg-type]  # fields of the container


def behaviour(code: int = 0, seconds: float = 10.0, lines: tuple[str, ...] = ("migrating",)) -> Behaviour:
    """A good image, whose migration runs for so many seconds and exits with `code`."""
    return Behaviour(start=START, command_seconds=seconds, command_code=code, lines=lines)


def migrations(world: World) -> list[Task]:
    """The tasks that deployments ran, in order, also those that ECS has forgotten."""
    region = world.ecs.simulation.region(world.place.account, world.place.region)
    return [task for _, tasks in region.run_tasks.values() for task in tasks]
