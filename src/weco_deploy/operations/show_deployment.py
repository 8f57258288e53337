"""Finds a deployment, and everything that explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from weco_deploy.errors import AwsError, Command, NotFound, UsageError
from weco_deploy.model.deployment import Deployment, Failure
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.log_location import UNREADABLE, container_logging_to
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.model.steps import StepOutcome
from weco_deploy.operations.release import PREFIX_LENGTH, choose, prefix_hint
from weco_deploy.ports import Ports
from weco_deploy.rules.lock import blocking_lock
from weco_deploy.rules.rollback import can_go_back_from

REACH = 200
"""How many of the newest deployments a prefix is compared with, and how many are looked at if an older one is shown."""
FIRST_REACH = 50
"""How many are looked at first. With these, a long history costs no more calls than a short one."""
LOG_LINES = 20


def show(ports: Ports, deployment_id: str | None, environment_id: str | None) -> DeploymentDetails:
    """The deployment with that id, or whose id begins so and no other's does, or the last one.

    Args:
        ports: the project's.
        deployment_id: an id, or at least its first four characters; None for the last deployment.
        environment_id: only deployments to this environment count; None for all.

    Raises:
        NotFound: there is no such deployment or environment. UsageError: the prefix fits several deployments.

    """
    chosen = _choose(ports, deployment_id, environment_id)
    newest = ports.calls.begin(partial(ports.store.deployments, [chosen.environment], FIRST_REACH))
    release = ports.calls.begin(partial(ports.store.release, chosen.release_id))
    record = ports.calls.begin(partial(ports.store.environment, chosen.environment))
    (explained,) = with_log_lines(ports, [chosen])
    others = ports.calls.answer(newest)
    if others and all(other.date_created > chosen.date_created for other in others):
        others = ports.store.deployments([chosen.environment], REACH)
    found = details(
        explained,
        others=others,
        release=ports.calls.answer(release),
        subjects=ports.history.subjects(new_commits(chosen)),
    )
    lock = blocking_lock(ports.calls.answer(record), ports.clock.utc())
    return replace(found, lock=lock if lock is not None and lock.deployment_id is None else None)


def details(
    chosen: Deployment,
    *,
    others: Sequence[Deployment],
    release: Release | None,
    subjects: Mapping[str, str],
) -> DeploymentDetails:
    """The deployment with what happened around it.

    Args:
        chosen: the deployment, with its log lines.
        others: the newest deployments to its environment, the newest first.
        release: its release; None if the record of that is gone.
        subjects: the first lines of commit messages, by commit.

    """
    later = [other for other in others if other.date_created > chosen.date_created]
    # The rollback of a failed deployment belongs to that deployment: it is shown with it, not as what followed.
    rollback_id = chosen.rollback.deployment_id if chosen.rollback else None
    following = [other for other in later if other.deployment_id != rollback_id]
    # Next commands are shown only for the last deployment, so the history tells as much as the environment's record.
    record = EnvironmentRecord(environment=chosen.environment, current=DeployedRelease.of(chosen))
    possible = can_go_back_from(chosen, record, others)
    return DeploymentDetails(
        deployment=replace(chosen, can_roll_back=possible),
        release=release,
        undid=next((other for other in others if _rolled_back_by(other, chosen)), None),
        following=following[-1] if following else None,
        last=following[0] if following else None,
        subjects=subjects,
    )


def _choose(ports: Ports, deployment_id: str | None, environment_id: str | None) -> Deployment:
    environments = [environment_id] if environment_id else None
    if deployment_id is None:
        newest = ports.store.deployments(environments, 1)
        if newest:
            return newest[0]
        where = f" to {ports.project.environment(environment_id).id}" if environment_id else ""
        raise NotFound(
            f"project {ports.project.id} has no deployment{where} yet", ("make one with: ", Command("deploy"))
        )
    exact = ports.store.deployment(deployment_id)
    if exact is not None and environment_id in (None, exact.environment):
        return exact
    found: list[Deployment] = []
    if len(deployment_id) >= PREFIX_LENGTH:
        newest = ports.store.deployments(environments, REACH)
        found = [other for other in newest if other.deployment_id.startswith(deployment_id.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(other.deployment_id for other in found)
        raise UsageError(
            f"{deployment_id!r} may be any of these deployments: {ids}", "give more of the deployment's id"
        )
    where = f" to {environment_id}" if environment_id else ""
    if _is_release(ports, deployment_id):
        raise NotFound(
            f"{deployment_id!r} is a release, not a deployment{where}",
            ("list its deployments with their ids: ", Command("show-deployments", deployment_id)),
        )
    raise NotFound(
        f"there is no deployment {deployment_id!r}{where} of project {ports.project.id}",
        (prefix_hint(deployment_id), "list deployments with their ids: ", Command("show-deployments")),
    )


def _is_release(ports: Ports, text: str) -> bool:
    try:
        return choose(ports, text).release_id.startswith(text.lower())
    except (NotFound, UsageError):
        return False


def _rolled_back_by(other: Deployment, chosen: Deployment) -> bool:
    return other.rollback is not None and other.rollback.deployment_id == chosen.deployment_id


def new_commits(deployment: Deployment) -> list[str]:
    """The commits of its images' new versions, where they are known."""
    return [change.to_commit for change in deployment.images.values() if change.to_commit]


def with_log_lines(ports: Ports, deployments: Sequence[Deployment]) -> tuple[Deployment, ...]:
    """The deployments with the log lines of what failed in them, and in their rollbacks. All logs are read side by side."""
    environments = {environment.id: environment for environment in ports.project.environments}
    # The account and region of an environment that left the project file are unknown, so its logs can't be read.
    places = dict.fromkeys(
        (deployment.environment, place)
        for deployment in deployments
        if deployment.environment in environments
        for place in _log_places(deployment)
    )
    read = ports.calls.read(partial(_log, ports, environments[known], place) for known, place in places)
    logs = dict(zip(places, read, strict=True))
    return tuple(_with_logs(deployment, logs) for deployment in deployments)


def _log_places(deployment: Deployment) -> Iterator[str]:
    """The `log_location`s of everything that failed in a deployment and in its rollback."""
    for attempt in (deployment, *([deployment.rollback] if deployment.rollback else [])):
        failures = (failure for outcome in attempt.services for failure in outcome.failures)
        places = [failure.log_location for failure in failures]
        places += [step.log_location for step in attempt.steps if step.bad]
        yield from filter(None, places)


def _with_logs(deployment: Deployment, logs: Mapping[tuple[str, str], _Log]) -> Deployment:
    """The deployment and its rollback, with the `logs` by environment and `log_location`."""

    def failure_with_log(failure: Failure) -> Failure:
        log = logs.get((deployment.environment, failure.log_location or ""))
        return replace(failure, log_location=log.location, log_lines=log.lines) if log else failure

    def step_with_log(step: StepOutcome) -> StepOutcome:
        log = logs.get((deployment.environment, step.log_location or "")) if step.bad else None
        return replace(step, log_location=log.location, log_lines=log.lines) if log else step

    return replace(
        deployment,
        services=tuple(
            replace(outcome, failures=tuple(map(failure_with_log, outcome.failures)))
            for outcome in deployment.services
        ),
        steps=tuple(map(step_with_log, deployment.steps)),
        rollback=_with_logs(deployment.rollback, logs) if deployment.rollback else None,
    )


@dataclass(frozen=True, slots=True)
class _Log:
    """The last lines of a log, and its place. Where the log can't be read, the place says why."""

    location: str
    lines: tuple[str, ...]


def _log(ports: Ports, environment: Environment, location: str) -> _Log:
    logging = container_logging_to(location)
    if logging is None:
        return _Log(location, ())
    container, task_id = logging
    try:
        return _Log(location, ports.logs(environment).tail(container, task_id, LOG_LINES))
    except AwsError as error:
        return _Log(f"{location.partition(UNREADABLE)[0]}{UNREADABLE}{error.message})", ())
