"""What `sandbox start` says: what the sandbox has, how to use it, what was added to it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from weco_deploy.model.project import Project
from weco_deploy.sandbox.directory import command, dir_option
from weco_deploy.sandbox.running import Sandbox
from weco_deploy.sandbox.updating import Update

PROJECT_FILE = ".wellcome_project"


def welcome(sandbox: Sandbox, projects: Sequence[Project], project_file: Path) -> list[str]:
    directory = dir_option(sandbox.directory)
    project = projects[0]
    tool = f"weco-deploy{_file_option(sandbox, project_file)}"
    if len(projects) > 1:
        tool += f" --project-id {shlex.quote(project.id)}"
    first_image = project.images[0].id if project.images else "IMAGE_ID"
    first_environment = project.environments[0].id if project.environments else "ENVIRONMENT_ID"
    return [
        f"The sandbox is ready: {sandbox.endpoint}",
        *contents(projects),
        f'Use it in a shell:      eval "$(weco-deploy sandbox env{directory})"',
        "                        (again after each start, because its ports change)",
        f"Push a new image:       weco-deploy sandbox push {first_image}{directory}",
        f"Deploy what is latest:  {tool} release-deploy --from-label latest --environment-id {first_environment}",
    ]


def contents(projects: Sequence[Project]) -> Iterator[str]:
    """A line for each project."""
    for project in projects:
        ids = [environment.id for environment in project.environments]
        where = ids[0] if len(ids) == 1 else f"each of {', '.join(ids) or 'no environments'}"
        yield (
            f"  {project.id}: {_count_text(len(project.images), 'image')}, "
            f"{_count_text(len(project.services), 'service')} in {where}"
        )


def update_lines(update: Update, directory: Path, *, dry_run: bool) -> list[str]:
    """What was added to a running sandbox, and what differs from the project file. Empty if nothing does."""
    added = [
        *(f"  image {image.image_id}: the repository {image.repository}" for image in update.images),
        *(
            f"  image {image.image_id}: {_tags_text(image.env_tags)}, at its latest image"
            for image in update.tags
        ),
        *(
            f"  service {service.service_id} in {service.environment_id}: {service.cluster}/{service.name}"
            for service in update.services
        ),
        *(f"  task definition {task.family} in {task.cluster}" for task in update.tasks),
    ]
    kept = [
        *(
            f"  service {service.service_id} in {service.environment_id}: the file gives it other images now"
            for service in update.changed
        ),
        *(
            f"  service {service.service_id} in {service.environment_id}: the file does not name it any more"
            for service in update.gone
        ),
    ]
    lines = []
    if added:
        would = "It would get" if dry_run else "It now has"
        lines += [f"{would} what is new in the project file:", *added]
    if kept:
        lines += [
            "These stay as they were when it was started:",
            *kept,
            f"To start it anew: {command(directory, 'stop').line()}, then {command(directory, 'start').line()}",
        ]
    return lines


def _file_option(sandbox: Sandbox, project_file: Path) -> str:
    """The option that names the project file; empty if commands find it here, or by the sandbox's variables."""
    found = {Path.cwd() / PROJECT_FILE, Path(sandbox.sample_project.get("WECO_DEPLOY_PROJECT_FILE", ""))}
    return "" if project_file.absolute() in found else f" -f {shlex.quote(str(project_file))}"


def _tags_text(tags: Sequence[str]) -> str:
    return f"the tag{'' if len(tags) == 1 else 's'} {', '.join(tags)}"


def _count_text(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
