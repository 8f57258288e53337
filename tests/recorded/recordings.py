"""Recorded answers, as the tool would have read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weco_deploy.aws.ecs_answers import parse_deployment, parse_service, parse_task
from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Action, PlannedService
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.rollout.reading import Reads, reads
from weco_deploy.rules.rollout.track import Track

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef, TaskTypeDef

ANSWERS = Path(__file__).parent / "answers"
EVERYTHING = Reads(tasks=True, stopped=True)
SECONDS_BETWEEN_POLLS = 0.5
STABLE_FOR = 0.5
"""The containers of the recordings crash sooner than tasks usually have to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """boto3's answers: the service, its tasks that should run, and its stopped tasks. `at` is about when they were read."""

    at: datetime
    service: ServiceTypeDef
    running: tuple[TaskTypeDef, ...]
    stopped: tuple[TaskTypeDef, ...]

    def view(self, read: Reads = EVERYTHING) -> ServiceView:
        """The poll in the tool's types, without tasks that were not read."""
        return ServiceView(
            service=parse_service(self.service, self.at),
            tasks=tuple(map(parse_task, self.running)) if read.tasks else None,
            stopped=tuple(map(parse_task, self.stopped)) if read.stopped else None,
        )

    def as_watched(self, track: Track) -> ServiceView:
        """The poll as a watch reads it, with only the tasks that it needs."""
        return self.view(reads(track, parse_service(self.service)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded rollout. `digests` are those of the release, beginning with the image's own; `polls` are `SECONDS_BETWEEN_POLLS` apart."""

    image: str
    digests: tuple[str, ...]
    deployment_id: str
    previous_id: str
    polls: tuple[Poll, ...]

    def track(self) -> Track:
        """The track of the rollout before its first poll."""
        service = self.polls[0].service
        described = parse_service(service)
        ours = next(
            deployment for deployment in service["deployments"] if deployment["id"] == self.deployment_id
        )
        return Track(
            service=PlannedService(
                service_id="web-api",
                key=described.key,
                images=("web",),
                action=Action.REDEPLOY,
                why="it runs another image",
                expected=(
                    Expected(
                        image_id="web",
                        image=self.image,
                        digests=frozenset(self.digests),
                        registry="111122223333.dkr.ecr.eu-west-1.amazonaws.com",
                    ),
                ),
                desired=described.desired,
                breaker=described.breaker,
                ecs_deployment_id=self.previous_id,
            ),
            deployment_id=self.deployment_id,
            previous_id=self.previous_id,
            since=ours["createdAt"],
            stable_for=STABLE_FOR,
            made=parse_deployment(ours),
        )


def recording(name: str) -> Recording:
    answers = json.loads((ANSWERS / f"{name}.json").read_text(), object_hook=_with_times)
    return Recording(
        image=answers["image"],
        digests=tuple(answers["digests"]),
        deployment_id=answers["deployment_id"],
        previous_id=answers["previous_id"],
        polls=tuple(_polls(answers["polls"])),
    )


def _polls(recorded: list[Any]) -> Iterator[Poll]:
    number = 0
    for poll in recorded:
        (service,) = poll["describe_services"]["services"]
        began = max(deployment["createdAt"] for deployment in service["deployments"])
        for _ in range(poll["times"]):
            yield Poll(
                service=service,
                running=_tasks(poll["running"]),
                stopped=_tasks(poll["stopped"]),
                at=began + timedelta(seconds=number * SECONDS_BETWEEN_POLLS),
            )
            number += 1


def _tasks(recorded: Any) -> tuple[TaskTypeDef, ...]:
    return tuple(recorded["describe_tasks"].get("tasks", ()))


def _with_times(recorded: dict[str, object]) -> dict[str, object]:
    """The answer with times as datetimes, as in boto3. The names of AWS's times all end with `At`."""
    return {
        name: datetime.fromisoformat(value) if name.endswith("At") and isinstance(value, str) else value
        for name, value in recorded.items()
    }
