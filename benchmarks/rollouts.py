"""Measures whole deployments in virtual time: what they cost, and how soon they end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from statistics import mean
from typing import Any
from unittest.mock import patch

from benchmarks import estate
from benchmarks.aws import Aws, Call
from weco_deploy.aws import api
from weco_deploy.model.deployment import GOOD as GOOD_STATUSES
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.events import Event, ServiceSettled
from weco_deploy.model.project import Project
from weco_deploy.model.requests import DEFAULT_STABLE_FOR, DeployRequest, ReleaseRequest
from weco_deploy.model.tags import LATEST
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.prepare import make_release
from weco_deploy.pipeline import poll
from weco_deploy.pipeline import watched as watched_services
from weco_deploy.rules.rollout.track import Track
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.images import GOOD

INTERVAL = 10.0
WAIT = 1800.0
DEFINITIONS = "ecs:DescribeTaskDefinition"


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll of a watch: S services that were still moving, whether it read them or not, T their tasks, and its calls by name.

    `definitions` are the task definitions that it read; a deployment reads each one once, so they are no part of the bound.
    """

    services: int
    tasks: int
    calls: Counter[str]
    definitions: int = 0

    @property
    def total(self) -> int:
        return self.calls.total()

    @property
    def reads_tasks(self) -> bool:
        return bool(self.calls["ecs:ListTasks"] + self.calls["ecs:DescribeTasks"])

    @property
    def bound(self) -> int:
        """What the poll may cost."""
        described = ceil(self.services / 10) + ceil(self.services / 20)
        return described + (2 * ceil(self.tasks / 100) if self.reads_tasks else 0)

    @property
    def excess(self) -> int:
        return self.calls.total() - self.bound


@dataclass(frozen=True, slots=True)
class Case:
    """What is deployed: so many images, with so many services of each, in an account with so many other services.

    `runs` projects are deployed at once; others leave this `part` of AWS's rate limits; with `role` a role is assumed. `behaviour` is
    that of the new versions, in the sandbox's words.
    """

    images: int
    services: int
    others: int = 0
    runs: int = 1
    part: float = 1.0
    role: bool = False
    behaviour: str = GOOD

    @property
    def size(self) -> str:
        return f"{self.images}×{self.services}"

    @property
    def name(self) -> str:
        """The case in words."""
        remarks = (
            f"{self.others:,} other services" if self.others else "",
            f"{self.runs} projects at once" if self.runs > 1 else "",
            f"{self.part:.0%} of the rate limits" if self.part < 1 else "",
            "with a role" if self.role else "",
            f"images {self.behaviour}" if self.behaviour != GOOD else "",
        )
        return ", ".join(filter(None, (self.size, *remarks)))


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What a deployment cost. Times are virtual seconds, `cpu` seconds of this process, with the simulation."""

    case: Case
    statuses: tuple[str, ...]
    calls: int
    total_calls: int
    chain: tuple[str, ...]
    redeploying: float
    dictated: float
    latencies: tuple[float, ...]
    duration: float
    polls: tuple[Poll, ...]
    refused: int
    said: tuple[str, ...]
    cpu: float

    @property
    def ratio(self) -> float | None:
        """The time until the last UpdateService to what the buckets alone dictate; None where they dictate nothing."""
        return self.redeploying / self.dictated if self.dictated else None

    @property
    def latency(self) -> float:
        return mean(self.latencies)


@dataclass
class Watch:
    """The polls of a run."""

    polls: list[Poll] = field(default_factory=list)


def longest_chain(calls: Sequence[Call]) -> tuple[str, ...]:
    """The most calls of which each began after the one before had ended."""
    chain: list[Call] = []
    for call in sorted(calls, key=lambda call: call.ended):
        if not chain or call.began >= chain[-1].ended:
            chain.append(call)
    return tuple(call.name for call in chain)


def by_buckets(images: int, services: int, part: float = 1.0) -> float:
    """Seconds that AWS's rate limits for PutImage and UpdateService alone take, with nothing else."""
    return sum(
        max(0.0, number - limit.burst * part) / (limit.refill * part)
        for number, limit in ((images, api.IMAGE_WRITES), (services, api.SERVICE_MODIFICATIONS))
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """An event, and when it was sent."""

    at: datetime
    event: Event


def release_deploy(aws: Aws, project: Project, events: list[Heard], said: list[str]) -> Deployment:
    """`weco-deploy --confirm release-deploy --environment-id stage`."""
    ports = aws.connect(project, said.append)
    made = make_release(ports, ReleaseRequest(from_label=LATEST, description=""), lambda _: None)
    wanted = DeployRequest(
        release=made, environment_id="stage", new_release=True, interval=INTERVAL, wait=WAIT, description=""
    )
    return deploy(wanted, ports, lambda _: True, lambda event: events.append(Heard(aws.now(), event)))


def rollout(port: int, account: str, case: Case) -> Rollout:
    """Deploy a new version of each image, and measure that.

    The projects were deployed before: a first deployment makes the table, and asks ECR where the tags are.
    """
    with closing(Aws(port, account, case.part)) as aws:
        return _measured(aws, case)


def _measured(aws: Aws, case: Case) -> Rollout:
    account = aws.place.account
    role = f"arn:aws:iam::{account}:role/ci" if case.role else None
    projects = [
        replace(estate.project_of(case.images, case.services, f"bench-{run}"), role_arn=role)
        for run in range(case.runs)
    ]
    state = estate.create(aws, *projects, others=case.others)
    aws.run(*(partial(release_deploy, aws, project, [], []) for project in projects))
    aws.sleep(600)
    aws.calls.clear()
    estate.push(aws, state, case.behaviour)
    start, cpu = aws.now(), time.process_time()
    events: list[list[Heard]] = [[] for _ in projects]
    said: list[str] = []
    with watched(aws) as watch:
        deployments = aws.run(
            *(
                partial(release_deploy, aws, project, heard, said)
                for project, heard in zip(projects, events, strict=True)
            )
        )
    cpu = time.process_time() - cpu
    updates = [call for call in aws.calls if call.name == "ecs:UpdateService" and not call.refused]
    last = max(call.ended for call in updates)
    until = [call for call in aws.calls if call.ended <= last]
    first_run = min(call.run for call in until)
    return Rollout(
        case=case,
        statuses=tuple(deployment.status.value for deployment in deployments),
        calls=len(until),
        total_calls=len(aws.calls),
        chain=longest_chain([call for call in until if call.run == first_run]),
        redeploying=(last - start).total_seconds(),
        dictated=by_buckets(case.images * case.runs, len(updates), case.part),
        latencies=tuple(latencies(aws, [event for heard in events for event in heard])),
        duration=(aws.now() - start).total_seconds(),
        polls=tuple(watch.polls),
        refused=sum(call.refused for call in aws.calls),
        said=tuple(dict.fromkeys(said)),
        cpu=cpu,
    )


def latencies(aws: Aws, events: Sequence[Heard]) -> Iterator[float]:
    """For each service the seconds from when its outcome was certain, to the verdict."""
    services = services_of(aws)
    for heard in events:
        if isinstance(heard.event, ServiceSettled):
            outcome = heard.event.outcome
            decided_at = done_at if outcome.status in GOOD_STATUSES else given_up_at
            yield (heard.at - decided_at(services[outcome.service_id])).total_seconds()


def services_of(aws: Aws) -> dict[str, Service]:
    """The services as they really are, by the service's id."""
    return {
        service.tags["deployment:service"]: service
        for cluster in aws.simulation.region(aws.place.account, aws.place.region).clusters.values()
        for service in cluster.services.values()
    }


def done_at(service: Service) -> datetime:
    """When ECS had completed the rollout, and all tasks of the service had been running for long enough."""
    stable = [
        task.started_at + timedelta(seconds=DEFAULT_STABLE_FOR)
        for task in service.tasks.values()
        if task.started_at is not None
    ]
    return max(service.primary.updated_at, *stable)


def given_up_at(service: Service) -> datetime:
    """When ECS's circuit breaker gave up the rollout, and began to roll it back."""
    begun: list[datetime] = [
        record.rollback["startedAt"] for record in service.service_deployments if record.rollback is not None
    ]
    return max(begun)


@contextmanager
def watched(aws: Aws) -> Iterator[Watch]:
    """Within it the polls of all runs are noted."""
    watch, original = Watch(), poll.Polling.poll
    original_of_watched = watched_services.Watched.poll
    moving_in = threading.local()

    def note_moving(
        of: watched_services.Watched, due: Mapping[str, Track], *arguments: Any, **named: Any
    ) -> None:
        moving_in.this_thread = [*{**of.unsettled, **due}.values()]
        original_of_watched(of, due, *arguments, **named)

    def noted(polling: poll.Polling, moving: Any, calls: Any, *, everything: bool) -> poll.Poll:
        tracks, services = moving_in.this_thread, services_of(aws)
        tasks = sum(len(services[track.service.service_id].tasks) for track in tracks)
        before, run = len(aws.calls), calls.workers.number
        answer = original(polling, moving, calls, everything=everything)
        made = Counter(call.name for call in aws.calls[before:] if call.run == run)
        made = Counter({name: number for name, number in made.items() if name.startswith("ecs:")})
        watch.polls.append(Poll(len(tracks), tasks, made, made.pop(DEFINITIONS, 0)))
        return answer

    with (
        patch.object(watched_services.Watched, "poll", note_moving),
        patch.object(poll.Polling, "poll", noted),
    ):
        yield watch
