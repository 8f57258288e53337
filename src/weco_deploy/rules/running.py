"""What does a service run? The first evidence that exists decides.

1. the digests that its running tasks report;
2. the digests that its primary deployment resolved its tags to;
3. our own record, if the primary deployment is the one that it noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from weco_deploy.model.digest import short_digest
from weco_deploy.model.environment import KnownService
from weco_deploy.model.plan import Expected
from weco_deploy.model.service import (
    Container,
    DefinedContainer,
    EcsDeployment,
    ResolvedImage,
    Service,
    ServiceView,
    Task,
)


class Match(Enum):
    """Whether something runs the digests that are expected; UNTOLD if it does not say."""

    RIGHT = auto()
    WRONG = auto()
    UNTOLD = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence says and where it comes from, in words that a plan can show."""

    match: Match
    why: str


def belongs(task: Task, deployment: EcsDeployment) -> bool:
    """Whether the deployment started the task.

    `startedBy` says so. Where it does not name a deployment, the time does: a task made before the
    deployment can't be its.
    """
    if task.deployment_id is not None:
        return task.deployment_id == deployment.id
    return task.created_at is not None and task.created_at >= deployment.created_at.replace(microsecond=0)


def certainly(task: Task, deployment: EcsDeployment) -> bool:
    """Whether the deployment started the task beyond doubt: one whose starter isn't told must be made later."""
    if task.deployment_id is not None:
        return task.deployment_id == deployment.id
    return task.created_at is not None and task.created_at > deployment.created_at


def wrong_container(
    tasks: Iterable[Task], expected: Iterable[Expected]
) -> tuple[Task, Container, Expected] | None:
    """The first container that reports another digest than it should."""
    wanted = tuple(expected)
    for task in tasks:
        for container in task.containers:
            for one in wanted:
                if one.concerns(container.image) and container.digest and container.digest not in one.digests:
                    return task, container, one
    return None


def compare(tasks: Iterable[Task], expected: Iterable[Expected]) -> Match:
    """Whether all the containers that are ours report an expected digest.

    UNTOLD if there is no such container, or one that does not tell its digest (and none is wrong).
    """
    seen = tuple(tasks)
    wanted = tuple(expected)
    if wrong_container(seen, wanted):
        return Match.WRONG
    ours = [
        container
        for task in seen
        for container in task.containers
        if any(one.concerns(container.image) for one in wanted)
    ]
    return Match.RIGHT if ours and all(container.digest for container in ours) else Match.UNTOLD


def running(view: ServiceView) -> tuple[Task, ...]:
    """Its tasks that run now."""
    return tuple(task for task in view.tasks or () if task.status == "RUNNING")


def all_described(view: ServiceView) -> bool:
    """Whether as many running tasks were described as ECS counts: else one of them may run something else."""
    return len(running(view)) == view.service.running


def evidence(
    view: ServiceView,
    expected: tuple[Expected, ...],
    resolved: tuple[ResolvedImage, ...],
    known: KnownService | None,
) -> Finding:
    """Whether the service runs what is expected, or its primary deployment is about to.

    While a rollout goes on, only the primary deployment's own tasks count: the others are on their way out.
    """
    primary = view.service.primary
    if primary is None:
        return Finding(Match.UNTOLD, "it has no primary deployment")
    for finding in (
        _by_tasks(view, primary, expected),
        _by_revision(resolved, expected),
        _by_record(primary, expected, known),
    ):
        if finding.match is not Match.UNTOLD:
            return finding
    return Finding(Match.UNTOLD, "nothing tells what it runs" if view.service.desired else "no task runs")


def _by_tasks(view: ServiceView, primary: EcsDeployment, expected: tuple[Expected, ...]) -> Finding:
    tasks = sure = running(view)
    if not rested(view.service):
        tasks = tuple(task for task in tasks if belongs(task, primary))
        sure = tuple(task for task in tasks if certainly(task, primary))
    wrong = wrong_container(sure, expected)
    if wrong:
        _, container, one = wrong
        digest = container.digest or ""
        return Finding(Match.WRONG, f"runs {short_digest(digest)} of {one.image_id}")
    match = compare(tasks, expected)
    # What is wrong now may still be a task of the deployment before.
    return Finding(Match.UNTOLD if match is Match.WRONG else match, "its tasks run the release")


def _by_revision(resolved: tuple[ResolvedImage, ...], expected: tuple[Expected, ...]) -> Finding:
    ours = [(image, one) for image in resolved for one in expected if one.concerns(image.image)]
    for image, one in ours:
        if image.digest and image.digest not in one.digests:
            return Finding(
                Match.WRONG, f"its deployment resolved {one.image_id} to {short_digest(image.digest)}"
            )
    right = bool(ours) and all(image.digest for image, _ in ours)
    return Finding(Match.RIGHT if right else Match.UNTOLD, "its deployment resolved to the release")


def _by_record(primary: EcsDeployment, expected: tuple[Expected, ...], known: KnownService | None) -> Finding:
    if known is None or known.ecs_deployment_id != primary.id or not expected:
        return Finding(Match.UNTOLD, "")
    right = all(known.digests.get(one.image_id) in one.digests for one in expected)
    return Finding(
        Match.RIGHT if right else Match.WRONG,
        "recorded as deployed with the release" if right else "recorded as deployed with another release",
    )


def rolling(service: Service) -> bool:
    """Whether a rollout goes on: the primary deployment is not complete, or another one still runs something.

    Without a rollout state (Classic Load Balancer) being alone counts as complete.
    """
    primary = service.primary
    if primary is None or primary.rollout_state not in ("COMPLETED", None):
        return True
    return any(one.running or one.pending for one in service.deployments if one is not primary)


def rested(service: Service) -> bool:
    """Whether nothing moves: no rollout goes on, and all tasks are up.

    Complete alone says little: its tasks may have crashed since.
    """
    return not rolling(service) and service.running == service.desired and service.pending == 0


def shown(view: ServiceView) -> tuple[Task, ...]:
    """Its tasks of the service's present task definition: they show its containers."""
    return tuple(task for task in view.tasks or () if task.task_definition == view.service.task_definition)


def uses_any(
    view: ServiceView, defined: tuple[DefinedContainer, ...], expected: tuple[Expected, ...]
) -> bool | None:
    """Whether any container of the service uses one of the expected images; None if its containers are unknown.

    What counts is its task definition, as its tasks show it, or as it was asked for (`defined`): tasks of an
    earlier one, which run on where the rollout of the present one failed, say nothing of it.
    """
    images = [container.image for task in shown(view) for container in task.containers]
    images += [container.image for container in defined]
    if not images:
        return None
    return any(one.concerns(image) for one in expected for image in images)


def expectation(image_id: str, repository: str, tag: str, digests: frozenset[str]) -> Expected:
    """What containers that use `repository:tag` must run."""
    return Expected(image_id=image_id, image=f"{repository}:{tag}", digests=digests)
