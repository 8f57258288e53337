"""Loading: every stage in order, then `Project`s or one error with all that was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from weco_deploy.config import default_names
from weco_deploy.config.consistency import contradictions
from weco_deploy.config.nodes import Fault, Spot
from weco_deploy.config.outline import outlines
from weco_deploy.config.schema import EnvironmentEntry, ImageEntry, ProjectEntry
from weco_deploy.config.shape import shape
from weco_deploy.config.sharing import shared_tables, shared_tags
from weco_deploy.config.source import read
from weco_deploy.config.spelling import meant, unknown_keys
from weco_deploy.config.syntax import SyntaxFault, parse
from weco_deploy.errors import ProjectFileError, UsageError
from weco_deploy.model.project import DEFAULT_NAMESPACE, DEFAULT_REGION, Environment, Image, Project

MAX_FAULTS = 100  # a wrong file can have thousands, and nobody reads those


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file without faults: its projects by id, in the file's order, and warnings for a person."""

    path: Path
    projects: Mapping[str, Project]
    warnings: tuple[str, ...] = ()

    def project(self, project_id: str | None) -> Project:
        """The project of that id; without an id the only one there is.

        Raises UsageError if there is no such project, or there are several and none was named.
        """
        known = ", ".join(self.projects)
        if project_id is None and len(self.projects) > 1:
            raise UsageError(f"{self.path} has several projects", f"choose one with --project-id: {known}")
        if project_id is None:
            return next(iter(self.projects.values()))
        if project_id not in self.projects:
            likely = meant(project_id, self.projects)
            raise UsageError(f"{self.path} has no project {project_id!r}{likely}", f"its projects: {known}")
        return self.projects[project_id]


SMALLEST = (
    "my_project: {name: My project, environments: [{id: stage, name: Staging}], "
    "image_repositories: [{id: my_image, services: [my-service]}]}"
)
"""A project file to begin with."""


def load(path: Path) -> ProjectFile:
    """The projects in the file at `path`, which is not looked for elsewhere.

    Raises ProjectFileError if it can't be read or has faults: `problems` has all of them by line, and
    the unknown keys, which are often the cause.
    """
    try:
        node, faults = parse(read(path))
    except SyntaxFault as error:
        raise _unusable(path, [error.fault]) from error
    if node is None:
        raise ProjectFileError(
            f"the project file {path} is empty",
            hint=f"begin with: {SMALLEST}",
        )
    root = Spot(node)
    entries, misshapen = shape(root)
    projects = outlines(root)
    unknown = tuple(islice(unknown_keys(root), MAX_FAULTS))
    related = chain.from_iterable(
        [*map(contradictions, projects), shared_tags(projects), shared_tables(projects)]
    )
    wrong = (*faults, *misshapen, *islice(related, MAX_FAULTS + 1))
    if wrong or entries is None:
        raise _unusable(path, (*wrong, *unknown))
    return ProjectFile(
        path,
        {project_id: _project(project_id, entry) for project_id, entry in entries.root.items()},
        tuple(f"{path}, {warning}" for warning in unknown),
    )


def _unusable(path: Path, faults: Iterable[Fault]) -> ProjectFileError:
    problems = [str(each) for each in sorted(faults, key=lambda each: each.line)]
    shown = problems[:MAX_FAULTS]
    if len(problems) > MAX_FAULTS:
        shown.append("… and more, which show when these are gone")
    return ProjectFileError(f"the project file {path} can't be used:", shown)


def _project(project_id: str, entry: ProjectEntry) -> Project:
    namespace = entry.namespace or DEFAULT_NAMESPACE
    return Project(
        id=project_id,
        name=entry.name or project_id,
        role_arn=entry.role_arn,
        region_name=entry.region_name or entry.aws_region_name or DEFAULT_REGION,
        account_id=entry.account_id,
        namespace=namespace,
        release_table=entry.release_table or default_names.release_table(project_id),
        clusters=tuple(entry.clusters),
        environments=tuple(_environment(each) for each in entry.environments),
        images=tuple(_image(namespace, each) for each in entry.image_repositories),
    )


def _environment(entry: EnvironmentEntry) -> Environment:
    return Environment(
        id=entry.id,
        name=entry.name or entry.id,
        role_arn=entry.role_arn,
        region_name=entry.region_name,
        requires=(entry.requires,) if isinstance(entry.requires, str) else tuple(entry.requires),
        on_failure=entry.on_failure,
    )


def _image(namespace: str, entry: ImageEntry) -> Image:
    services = tuple(each if isinstance(each, str) else each.id for each in entry.services)
    return Image(
        id=entry.id,
        repository=entry.repository or default_names.repository(namespace, entry.id),
        services=services,
    )
