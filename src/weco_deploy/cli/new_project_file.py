"""Makes a project file from what AWS has, and prints or writes it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from weco_deploy import config, connect
from weco_deploy.cli import gc_pause
from weco_deploy.cli.invocation import PROGRAM, Invocation, Settings
from weco_deploy.cli.output import announce_dry_run
from weco_deploy.cli.project_context import check_account_options
from weco_deploy.cli.streams import write_notice, write_result
from weco_deploy.config import default_names, patterns
from weco_deploy.errors import DeployError, UsageError
from weco_deploy.model.inventory import Proposal, Selection
from weco_deploy.model.project import DEFAULT_REGION, Project
from weco_deploy.operations.init import init
from weco_deploy.report.documents import json_text, proposal_document
from weco_deploy.report.listing_progress import listing_progress
from weco_deploy.report.proposal_text import left_out_text, proposal_text
from weco_deploy.report.screen import Screen


@dataclass(frozen=True, slots=True)
class _NewFile:
    path: Path
    project: Project
    proposal: Proposal
    text: str

    def document(self, written: str | None) -> str:
        return json_text(proposal_document(self.project, self.proposal, self.text, written))


def print_project_file(invocation: Invocation, selection: Selection) -> None:
    """Print the file. What is not in it goes to stderr, so that stdout can become the file."""
    new = _new_file(invocation, selection)
    if invocation.settings.json:
        write_result(new.document(None))
        return
    announce_dry_run(invocation.settings)
    write_result(new.text)
    if new.proposal.unplaced:
        write_notice(left_out_text(new.proposal.unplaced, Screen.of(sys.stderr)))


def write_project_file(invocation: Invocation, selection: Selection) -> None:
    """Write the file. Raises UsageError if there is one, also if it was created meanwhile."""
    path = _path(invocation.settings)
    if os.path.lexists(path):
        raise _exists(path)
    new = _new_file(invocation, selection)
    _create(path, new.text)
    if invocation.settings.json:
        write_result(new.document(str(path)))
        return
    commands = _next_commands(invocation.settings, new.project)
    write_result(proposal_text(new.project, new.proposal, Screen.of(sys.stdout), str(path), commands))


def _new_file(invocation: Invocation, selection: Selection) -> _NewFile:
    settings = invocation.settings
    path = _path(settings)
    project_id = _project_id(settings, path)
    check_account_options(settings)
    template = Project(
        id=project_id,
        name=project_id,
        role_arn=settings.role_arn,
        region_name=settings.region_name or connect.configured_region() or DEFAULT_REGION,
        release_table=default_names.release_table(project_id),
    )
    with listing_progress(sys.stderr) as report:
        template, reader = connect.inventory_reader(
            template,
            invocation.signals,
            purpose=f"init {project_id}",
            report=report,
            trace=write_notice if settings.verbose else None,
            waiting=write_notice,
        )
        gc_pause.resume()
        proposal = init(reader, template, selection)
    project = proposal.project or template
    text = config.project_text(project, proposal.comments)
    config.load_text(path, text)  # what can't be loaded must not be written
    return _NewFile(path, project, proposal, text)


def _path(settings: Settings) -> Path:
    return Path(settings.project_file or config.PROJECT_FILE)


def _project_id(settings: Settings, path: Path) -> str:
    """The given id, or else the name of the file's directory, without characters that an id can't have."""
    if settings.project_id is not None:
        if not _makes_table(settings.project_id):
            raise UsageError(
                f"--project-id {settings.project_id!r}: expected letters, digits and . _ - "
                "(it becomes part of a table's name)"
            )
        return settings.project_id
    project_id = re.sub("[^A-Za-z0-9_.-]+", "-", path.absolute().parent.name).strip("-")
    if not _makes_table(project_id):
        raise UsageError("the directory has no name for the project", "give one with --project-id")
    return project_id


def _makes_table(project_id: str) -> bool:
    return patterns.PROJECT_ID.matches(project_id) and patterns.TABLE.matches(
        default_names.release_table(project_id)
    )


def _create(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise DeployError(
            f"{path} could not be written: {error.strerror or error}", "--print shows what would be in it"
        ) from error


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{path} exists already, and is not overwritten",
        "--print shows what init would write; or name another file with --project-file",
    )


def _next_commands(settings: Settings, project: Project) -> list[str]:
    """Commands that use the new file."""
    file = ("--project-file", settings.project_file) if settings.project_file else ()
    environment = project.environments[0].id
    return [
        shlex.join((PROGRAM, *file, *words))
        for words in (
            ("doctor",),
            ("prepare",),
            ("plan", "--environment-id", environment),
            ("release-deploy", "--environment-id", environment),
        )
    ]
