"""Checks the set-up of a project: reads side by side, and lets `rules/doctor/` judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from weco_deploy.errors import AwsError, DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.image import TaggedImage
from weco_deploy.model.planned_task import ObservedTask
from weco_deploy.model.project import Environment
from weco_deploy.model.service import TaskDefinition
from weco_deploy.model.setup import Identity, ServicesSetup
from weco_deploy.operations.destinations import destination_problem
from weco_deploy.pipeline.attempts import begin_attempt
from weco_deploy.pipeline.before_tasks import read_definition
from weco_deploy.pipeline.permission_reads import simulate, try_reads
from weco_deploy.pipeline.services_setup import read_services
from weco_deploy.pipeline.stored_settings import StoredSettings, begin_settings, read_revisions
from weco_deploy.ports import GitHubError, Ports
from weco_deploy.rules.doctor import (
    access,
    github,
    images,
    lifecycle,
    messages,
    permissions,
    rollout_checks,
    rollouts,
    services,
    table,
    tasks,
)
from weco_deploy.rules.doctor.findings import not_checked
from weco_deploy.rules.doctor.git_history import git_history

_IN_ACCOUNT = (*table.IDS, *images.IDS, lifecycle.ID, *services.IDS, *rollouts.IDS, permissions.ID)
"""The checks that are made only in the project's own account."""


@dataclass(frozen=True, slots=True)
class _Access:
    """Whose credentials are used: the caller's, the project's, and by their ARN those of all roles."""

    caller: Answer[str]
    home: Answer[Identity]
    roles: Mapping[str, Answer[Identity]]


def doctor(ports: Ports, environment_id: str | None) -> tuple[Check, ...]:
    """All checks but those of the project file. Errors by AWS are results of checks.

    Args:
        ports: the ports of the project, whose account was not checked.
        environment_id: the environment whose services are checked; None for all.

    Raises NotFound if there is no such environment.

    """
    project = ports.project
    environments = [project.environment(environment_id)] if environment_id else project.environments
    return tuple(_checks(ports, environments))


def _checks(ports: Ports, environments: Sequence[Environment]) -> Iterator[Check]:
    exists = ports.history.exists()
    yield git_history(exists=exists, shallow=exists and ports.history.shallow())
    yield from _rollout_checks(ports, environments)
    found = _access(ports, environments)
    yield access.credentials(found.caller)
    yield from access.roles(found.roles)
    account = access.account(ports.project, found.home)
    yield account
    yield access.clock(found.home)
    if account.result is Result.OK:
        begun = begin_settings(ports, environments)
        setups = read_services(ports, begun.records)
        stored = begun.answer(ports)
        yield from _stored(ports, environments, stored)
        yield from _services(ports, setups, stored)
        yield from _messages(ports, environments)
        yield from _github(ports)
    else:
        why = access.NO_ACCESS if account.result is Result.SKIP else "not in the project's account"
        yield from not_checked(_IN_ACCOUNT, why)


def _rollout_checks(ports: Ports, environments: Sequence[Environment]) -> Iterator[Check]:
    """Whether this machine has the programs of the environments' checks; nothing if there are none. Runs none of them."""
    needed = rollout_checks.programs(environments)
    missing = {program for program in needed if not ports.programs.installed(program)}
    yield from rollout_checks.rollout_checks(environments, missing)


def _messages(ports: Ports, environments: Sequence[Environment]) -> Iterator[Check]:
    """The checks of the environments' destinations of messages; none if there are none. Sends nothing."""
    ids = {environment.id for environment in environments}
    destinations = [it for it in ports.project.notify if ids.intersection(it.environments)]
    if destinations:
        problems = ports.calls.read(partial(destination_problem, ports, it) for it in destinations)
        yield from messages.messages(dict(zip(destinations, problems, strict=True)))


def _github(ports: Ports) -> Iterator[Check]:
    """The check of what is needed for GitHub, if the project uses it. Makes no request."""
    if ports.project.github is not None:
        problem = ""
        try:
            ports.github()
        except GitHubError as error:
            problem = str(error)
        yield github.github(problem)


def _stored(ports: Ports, environments: Sequence[Environment], found: StoredSettings) -> Iterator[Check]:
    """The checks of the project's table and repositories."""
    project = ports.project
    nameless = {
        image: tagged.digest
        for image, tagged in found.latest.items()
        if isinstance(tagged, TaggedImage) and not images.names_version(image, tagged)
    }
    yield from table.table(project, found.table, found.recovers)
    yield from images.repositories(project, environments, found.repositories)
    yield from images.labels(found.latest)
    yield from images.refs(found.latest, read_revisions(ports, nameless))
    yield from lifecycle.lifecycle(project, found.policies, found.used)


def _services(
    ports: Ports, setups: Mapping[Environment, Answer[ServicesSetup]], stored: StoredSettings
) -> Iterator[Check]:
    """The checks of the environments' services, and of the permissions for everything."""
    # Without the repositories, images of any registry count as the project's.
    repositories = {} if isinstance(stored.repositories, DeployError) else stored.repositories
    yield from services.services(ports.project, setups, repositories)
    yield from rollouts.rollouts(ports.project, setups, repositories)
    observed = _tasks(ports, setups)
    yield from tasks.tasks(observed)
    simulated = simulate(ports, setups, _definitions(observed))
    unknown = any(isinstance(answer, AwsError) for answer in simulated.values())
    yield from permissions.permissions(simulated, try_reads(ports, setups) if unknown else {})


def _tasks(
    ports: Ports, setups: Mapping[Environment, Answer[ServicesSetup]]
) -> Mapping[Environment, Mapping[BeforeTask, Answer[ObservedTask]]]:
    """The tasks before the restart, of the environments whose services could be read."""
    begun = {
        (environment, task): begin_attempt(
            ports.calls, partial(read_definition, task, setup.observed, environment, ports)
        )
        for environment, setup in setups.items()
        if not isinstance(setup, DeployError)
        for task in environment.before
    }
    answers = dict(zip(begun, ports.calls.answers(begun.values()), strict=True))
    found: dict[Environment, dict[BeforeTask, Answer[ObservedTask]]] = {}
    for (environment, task), answer in answers.items():
        found.setdefault(environment, {})[task] = answer
    return found


def _definitions(
    found: Mapping[Environment, Mapping[BeforeTask, Answer[ObservedTask]]],
) -> Mapping[Environment, Sequence[TaskDefinition]]:
    return {
        environment: [
            observed.definition
            for observed in known.values()
            if isinstance(observed, ObservedTask) and observed.definition
        ]
        for environment, known in found.items()
    }


def _access(ports: Ports, environments: Sequence[Environment]) -> _Access:
    calls, project = ports.calls, ports.project
    readers = {project.role_arn: ports.setup(None)}
    for environment in environments:
        readers.setdefault(environment.role_arn or project.role_arn, ports.setup(environment))
    caller = begin_attempt(calls, lambda: ports.caller().requested_by)
    identities = {role_arn: begin_attempt(calls, reader.identity) for role_arn, reader in readers.items()}
    answers = dict(zip(identities, calls.answers(identities.values()), strict=True))
    return _Access(
        caller=calls.answer(caller),
        home=answers[project.role_arn],
        roles={role_arn: answer for role_arn, answer in answers.items() if role_arn is not None},
    )
