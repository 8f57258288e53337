"""The world as a test speaks of it."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Self, Unpack

from tests.world.disturbed import Disturbed
from tests.world.ecs import ServiceOptions
from tests.world.gate import Call
from weco_deploy.aws.ecs_answers import parse_service
from weco_deploy.model.project import Project
from weco_deploy.model.service import Service
from weco_deploy.sandbox.ecs import service_state
from weco_deploy.sandbox.ecs.views import service_view

SETTLES_WITHIN = timedelta(hours=2)
"""A world that is not steady after so long never will be."""


class World(Disturbed):
    """Declares (declared.py), disturbs (disturbed.py), and here: lets time pass and tells what is true."""

    @classmethod
    def of(cls, project: Project, **options: Unpack[ServiceOptions]) -> Self:
        """The project up and running: a first image everywhere, all services steady, nothing recorded."""
        world = cls(project)
        for image in project.images:
            world.image(image.id, *(image.tag_in(environment) for environment in project.environments))
        for environment in project.environments:
            for service_id, image_ids in project.services.items():
                world.service(service_id, environment.id, list(image_ids), **options)
        return world

    def pass_time(self, seconds: float) -> None:
        self.schedule.pass_until(self.now() + timedelta(seconds=seconds))

    def settle_down(self) -> None:
        """Let time pass until no service moves any more."""
        end = self.now() + SETTLES_WITHIN
        while not all(steady(service) for service in self.ecs.services()):
            due = self.schedule.next_due()
            if due is None or due > end:
                moving = [service.arn for service in self.ecs.services() if not steady(service)]
                message = f"these services never come to rest: {', '.join(moving)}"
                raise AssertionError(message)
            self.schedule.pass_until(due)

    def running(self, service_id: str, environment: str) -> set[str]:
        """The digests that the service's running tasks report."""
        return {
            container.digest
            for task in self.declared(service_id, environment).tasks.values()
            if task.running
            for container in task.containers
            if container.digest
        }

    def look(self, service_id: str, environment: str) -> Service:
        """The service as DescribeServices would answer it without any lag."""
        return parse_service(service_view(self.declared(service_id, environment)))  # type: ignore[arg-type]  # a plain dict

    def tag(self, image_id: str, tag: str) -> str | None:
        """The digest that a tag of the image points at."""
        return self.stored(image_id).tags.get(tag)

    @property
    def calls(self) -> list[Call]:
        """All calls of all runs, in order."""
        return self.gate.calls

    def count(self, name: str = "*") -> int:
        """How many calls of that name (`store.*` and the like are names too) there were."""
        return sum(1 for call in self.calls if fnmatchcase(call.name, name))

    def measure_rounds(self) -> None:
        """From now on calls that go side by side are counted as one round: see `rounds`."""
        self.gate.rounds.begin()

    @property
    def rounds(self) -> tuple[int, ...]:
        """How many calls went side by side, round by round: its length is the depth of the sequence."""
        return self.gate.rounds.sizes


def steady(service: service_state.Service) -> bool:
    """Whether nothing moves any more: one completed deployment (or one that gave up), all tasks up."""
    primary = service.primary
    tasks = service.tasks.values()
    if service.status != "ACTIVE" or (primary.halted and not any(task.pending for task in tasks)):
        return True
    up = len(tasks) == service.desired and all(task.running and task.wanted for task in tasks)
    return primary.completed and len(service.deployments) == 1 and up
