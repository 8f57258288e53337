"""Loads a project file: runs all stages in order, and returns the projects or raises one error with all problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path

from weco_deploy.config import default_names
from weco_deploy.config.addresses import address_problems
from weco_deploy.config.before import before_problems
from weco_deploy.config.checks import check_problems
from weco_deploy.config.code_deploy import code_deploy_problems
from weco_deploy.config.consistency import inconsistencies
from weco_deploy.config.location import read
from weco_deploy.config.nodes import Problem
from weco_deploy.config.notify import notify_problems
from weco_deploy.config.outline import outlines
from weco_deploy.config.schema import (
    BeforeEntry,
    CheckEntry,
    EnvironmentEntry,
    ExpectEntry,
    ImageEntry,
    NotifyEntry,
    ProjectEntry,
    RequirementEntry,
    ServiceEntry,
)
from weco_deploy.config.sharing import shared_tables, shared_tags
from weco_deploy.config.spelling import did_you_mean, unknown_keys
from weco_deploy.config.syntax import InvalidYaml, parse
from weco_deploy.config.templates import template_problems
from weco_deploy.config.validation import validate
from weco_deploy.errors import ProjectFileError, UsageError
from weco_deploy.model.before_task import BeforeTask, On, Once
from weco_deploy.model.code_deploy import DeploymentGroup
from weco_deploy.model.direction import Backwards
from weco_deploy.model.github import GitHubSettings
from weco_deploy.model.notification import DEFAULT_EVENTS, Destination, NotifyEvent
from weco_deploy.model.project import (
    DEFAULT_NAMESPACE,
    DEFAULT_REGION,
    Address,
    Environment,
    Image,
    Project,
)
from weco_deploy.model.rollout_check import HttpRequest, Probe, Program, RolloutCheck
from weco_deploy.model.tags import DEFAULT_REFS, DEFAULT_TAG

MAX_PROBLEMS = 100  # a wrong file can have thousands, which nobody reads


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A valid file: its projects by id, in the order of the file, and warnings for people."""

    path: Path
    projects: Mapping[str, Project]
    warnings: tuple[str, ...] = ()

    def project(self, project_id: str | None) -> Project:
        """The project with this id or, without an id, the file's only project.

        Raises UsageError if the file has no such project, or has several and `project_id` is None.
        """
        known = ", ".join(self.projects)
        if project_id is None and len(self.projects) > 1:
            raise UsageError(f"{self.path} has several projects", f"choose one with --project-id: {known}")
        if project_id is None:
            return next(iter(self.projects.values()))
        if project_id not in self.projects:
            suggestion = did_you_mean(project_id, self.projects)
            raise UsageError(
                f"{self.path} has no project {project_id!r}{suggestion}", f"its projects: {known}"
            )
        return self.projects[project_id]


SMALLEST_FILE = (
    "my_project: {name: My project, environments: [{id: stage, name: Staging}], "
    "image_repositories: [{id: my_image, services: [my-service]}]}"
)
"""A project file with only what is required, for the hint."""


def load(path: Path) -> ProjectFile:
    """The projects in the file at `path`.

    Raises ProjectFileError if the file can't be read or is invalid. The error's `problems` are sorted by line. They
    include unknown keys, which are often the cause of other problems.
    """
    return load_text(path, read(path))


def load_text(path: Path, text: str) -> ProjectFile:
    """The projects in `text`, which is or will be the file at `path`. Raises ProjectFileError if it is invalid."""
    try:
        root, syntax_problems = parse(text)
    except InvalidYaml as error:
        raise _invalid(path, [error.problem]) from error
    if root is None:
        raise ProjectFileError(
            f"the project file {path} is empty",
            hint=f"begin with: {SMALLEST_FILE}",
        )
    entries, schema_problems = validate(root)
    projects = outlines(root)
    unknown = tuple(islice(unknown_keys(root), MAX_PROBLEMS))
    inconsistent = chain.from_iterable(
        [
            *map(inconsistencies, projects),
            *map(template_problems, projects),
            *map(address_problems, projects),
            *map(code_deploy_problems, projects),
            *map(notify_problems, projects),
            *map(before_problems, projects),
            *map(check_problems, projects),
            shared_tags(projects),
            shared_tables(projects),
        ]
    )
    problems = (*syntax_problems, *schema_problems, *islice(inconsistent, MAX_PROBLEMS + 1))
    if problems or entries is None:
        raise _invalid(path, (*problems, *unknown))
    return ProjectFile(
        path,
        {project_id: _project(project_id, entry) for project_id, entry in entries.root.items()},
        tuple(f"{path}, {warning}" for warning in unknown),
    )


def _invalid(path: Path, problems: Iterable[Problem]) -> ProjectFileError:
    texts = [str(problem) for problem in sorted(problems, key=lambda problem: problem.line)]
    shown = texts[:MAX_PROBLEMS]
    if len(texts) > MAX_PROBLEMS:
        shown.append("… and more, which show when these are gone")
    return ProjectFileError(f"the project file {path} can't be used:", shown)


def _project(project_id: str, entry: ProjectEntry) -> Project:
    namespace, tag = entry.namespace or DEFAULT_NAMESPACE, entry.tag or DEFAULT_TAG
    refs = _listed(entry.refs) or DEFAULT_REFS
    return Project(
        id=project_id,
        name=entry.name or project_id,
        role_arn=entry.role_arn,
        region_name=entry.region_name or entry.aws_region_name or DEFAULT_REGION,
        account_id=entry.account_id,
        namespace=namespace,
        release_table=entry.release_table or default_names.release_table(project_id),
        clusters=tuple(entry.clusters),
        environments=tuple(_environment(environment) for environment in entry.environments),
        images=tuple(_image(namespace, tag, refs, image) for image in entry.image_repositories),
        tag=tag,
        branch=entry.branch,
        notify=tuple(_destinations(entry)),
        github=_github(entry),
        overdue=_duration(entry.overdue),
        addresses=_addresses(entry),
        optional_services=frozenset(service.id for service in _services(entry) if service.optional),
        services_of_others=frozenset(service.id for service in _services(entry) if service.deployed_by),
        after=_after(entry),
        code_deploy={
            service.id: DeploymentGroup(service.code_deploy.application, service.code_deploy.deployment_group)
            for service in _services(entry)
            if service.code_deploy
        },
    )


def _github(entry: ProjectEntry) -> GitHubSettings | None:
    given = entry.github
    if given is None or not (given.deployments or given.labels or given.comments):
        return None
    return GitHubSettings(deployments=given.deployments, labels=given.labels, comments=given.comments)


def _duration(text: str | None) -> timedelta | None:
    """The duration of `12h` or `3d`."""
    if text is None:
        return None
    number = int(text[:-1])
    return timedelta(hours=number) if text.endswith("h") else timedelta(days=number)


def _destinations(entry: ProjectEntry) -> Iterator[Destination]:
    """The project's destinations, then those of each environment."""
    environments = [environment.id for environment in entry.environments]
    yield from (_destination(given, given.environments or environments) for given in entry.notify)
    for environment in entry.environments:
        yield from (_destination(given, [environment.id]) for given in environment.notify)


def _destination(entry: NotifyEntry, environments: Sequence[str]) -> Destination:
    return Destination(
        url_from=entry.url_from,
        events=tuple(map(NotifyEvent, entry.events)) or DEFAULT_EVENTS,
        environments=tuple(environments),
        templates={NotifyEvent(event): text for event, text in entry.templates.items()},
    )


def _services(entry: ProjectEntry) -> Iterator[ServiceEntry]:
    """The services that are mappings. A service of several images needs its keys only at one of them."""
    for image in entry.image_repositories:
        yield from (service for service in image.services if isinstance(service, ServiceEntry))


def _addresses(entry: ProjectEntry) -> dict[str, Address]:
    """The addresses of services with a name, by service id. Services with the name null are found by their tags."""
    names: dict[str, str | None] = {}
    clusters: dict[str, str] = {}
    for service in _services(entry):
        if "name" in service.model_fields_set:
            names[service.id] = service.name
        if service.cluster:
            clusters[service.id] = service.cluster
    ids = [
        service if isinstance(service, str) else service.id
        for image in entry.image_repositories
        for service in image.services
    ]
    found = {
        service_id: (clusters.get(service_id, entry.cluster), names.get(service_id, entry.service_name))
        for service_id in ids
    }
    return {
        service_id: Address(cluster=cluster, name=name)
        for service_id, (cluster, name) in found.items()
        if cluster and name
    }


def _after(entry: ProjectEntry) -> dict[str, tuple[str, ...]]:
    """By service id, the services that must come before it. What the entries of a service at several images say, adds up."""
    found: dict[str, dict[str, None]] = {}
    for service in _services(entry):
        if service.after:
            found.setdefault(service.id, {}).update(dict.fromkeys(service.after))
    return {service_id: tuple(before) for service_id, before in found.items()}


def _environment(entry: EnvironmentEntry) -> Environment:
    return Environment(
        id=entry.id,
        name=entry.name or entry.id,
        role_arn=entry.role_arn,
        region_name=entry.region_name,
        requires=_required(entry),
        requires_verified=_required(entry) if _verified(entry) else (),
        on_failure=entry.on_failure,
        stable_for=entry.stable_for,
        old_tasks=entry.old_tasks,
        variables=entry.variables,
        backwards=Backwards(entry.backwards),
        url=entry.url,
        before=tuple(map(_before, entry.before)),
        checks=tuple(map(_check, entry.checks)),
    )


def _check(entry: CheckEntry) -> RolloutCheck:
    return RolloutCheck(
        id=entry.id,
        probe=_probe(entry),
        timeout=entry.timeout,
        retries=int(entry.retries),
        advisory=entry.advisory,
        record_output=entry.record_output,
        on=frozenset(map(On, entry.on)),
    )


def _probe(entry: CheckEntry) -> Probe:
    if entry.http is None:
        return Program(arguments=tuple(entry.run or ()), credentials=entry.credentials)
    expect = entry.expect or ExpectEntry()
    return HttpRequest(
        url=entry.http,
        status=int(expect.status),
        fields=tuple(expect.fields.items()),
        image=expect.image,
    )


def _before(entry: BeforeEntry) -> BeforeTask:
    return BeforeTask(
        id=entry.id,
        task_definition=entry.task_definition,
        container=entry.container,
        command=None if entry.command is None else tuple(entry.command),
        like=entry.like,
        cluster=entry.cluster,
        launch_type=entry.launch_type,
        capacity_provider=entry.capacity_provider,
        subnets=tuple(entry.subnets),
        security_groups=tuple(entry.security_groups),
        assign_public_ip=entry.assign_public_ip,
        timeout=entry.timeout,
        once=Once(entry.once),
        on=frozenset(map(On, entry.on)),
    )


def _image(namespace: str, tag: str, refs: tuple[str, ...], entry: ImageEntry) -> Image:
    services = tuple(service if isinstance(service, str) else service.id for service in entry.services)
    return Image(
        id=entry.id,
        repository=entry.repository or default_names.repository(namespace, entry.id),
        services=services,
        tag=entry.tag or tag,
        optional=entry.optional,
        refs=_listed(entry.refs) or refs,
    )


def _required(entry: EnvironmentEntry) -> tuple[str, ...]:
    if isinstance(entry.requires, RequirementEntry):
        return (entry.requires.environment,)
    return _listed(entry.requires)


def _verified(entry: EnvironmentEntry) -> bool:
    return isinstance(entry.requires, RequirementEntry) and entry.requires.verified


def _listed(texts: str | Sequence[str]) -> tuple[str, ...]:
    """The texts of a key that takes one text or a list."""
    return (texts,) if isinstance(texts, str) else tuple(texts)
