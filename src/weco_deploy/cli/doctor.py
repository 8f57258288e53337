from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.repeated_options import options_for

if TYPE_CHECKING:
    from weco_deploy.config import ProjectFile
    from weco_deploy.model.checks import Check


@click.command("doctor", cls=Command, short_help="Check the set-up, and say how to put it right.")
@options.environment("Check the services of this environment only.  [default: all]")
@click.option(
    "--offline",
    envvar="WECO_DEPLOY_OFFLINE",
    is_flag=True,
    help="Check only the project file, without AWS, for example as a pre-commit hook.",
)
@click.pass_obj
def doctor(invocation: Invocation, *, environment_id: str | None, offline: bool) -> int:
    """Check the set-up, and say how to put right what is wrong: a line for each check, and changes nothing.

    OK is as it should be, WARN works, but may fail some day, FAIL keeps deployments from working, SKIP could not be checked.
    The exit code is 1 if anything is FAIL.
    """
    from weco_deploy.cli.output import print_result
    from weco_deploy.errors import UsageError
    from weco_deploy.model.checks import failed
    from weco_deploy.report.documents import checks_document
    from weco_deploy.report.screen import Screen

    if offline and environment_id is not None:
        raise UsageError("--offline checks only the project file, so it takes no --environment-id")
    file, checks = _checked_file(invocation)
    if file is not None and not offline:
        checks += _online(invocation, file, environment_id)
    project_options = invocation.settings.project_options

    def text(screen: Screen) -> str:
        from weco_deploy.report.checks_text import checks_text

        return checks_text(checks, screen, options_for(sys.stdout, invocation.settings))

    print_result(invocation.settings, lambda: checks_document(checks, project_options), text)
    return exit_codes.FAILED if failed(checks) else exit_codes.DONE


def _checked_file(invocation: Invocation) -> tuple[ProjectFile | None, list[Check]]:
    """The project file, or None if it can't be used, and the checks of it."""
    from weco_deploy import config
    from weco_deploy.cli.project_context import project_file_path
    from weco_deploy.errors import ProjectFileError
    from weco_deploy.rules.doctor.project_file import invalid_file, valid_file

    try:
        file = config.load(project_file_path(invocation.settings))
    except ProjectFileError as error:
        return None, list(invalid_file(error.message.split("\n")[0], error.problems, error.hint))
    return file, list(valid_file(str(file.path), list(file.projects.values()), file.warnings))


def _online(invocation: Invocation, file: ProjectFile, environment_id: str | None) -> Iterator[Check]:
    """The checks that need AWS."""
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations.doctor import doctor as check

    context = ProjectContext(invocation, "doctor", file)
    if environment_id is not None:
        context.project.environment(environment_id)
    yield from check(context.connected, environment_id)
