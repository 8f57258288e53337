"""What the commands of `weco-deploy sandbox` share: which sandbox, and where its lines go."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from weco_deploy.cli.invocation import Settings

if TYPE_CHECKING:
    from pathlib import Path

directory = click.option(
    "--dir",
    "directory",
    envvar="WECO_DEPLOY_DIR",
    metavar="PATH",
    help="Where the sandbox keeps its state.  [default: .weco-sandbox beside the project file]",
)


def say(settings: Settings) -> Callable[[str], None]:
    """Return a function that writes a line for the user: to stdout, or to stderr if stdout is for JSON."""
    from weco_deploy.cli.streams import write_notice, write_result

    return write_notice if settings.json else write_result


def project_file(settings: Settings) -> Path | None:
    """The absolute path of the given project file, or of the nearest project file upwards, if any."""
    from pathlib import Path

    from weco_deploy import config
    from weco_deploy.errors import ProjectFileError

    if settings.project_file:
        return Path(
            settings.project_file
        ).absolute()  # the sandbox's processes have another working directory
    try:
        return config.find(Path.cwd())
    except ProjectFileError:
        return None  # the sandbox uses its sample project


def directory_of(settings: Settings, given: str | None) -> Path:
    """The sandbox's directory: the given one, or a directory next to the project file or in the working directory."""
    from pathlib import Path

    from weco_deploy.sandbox import commands

    if given:
        return Path(given).absolute()
    found = project_file(settings)
    return (found.parent if found else Path.cwd()) / commands.DIRECTORY


def running(settings: Settings) -> str:
    """What makes a shell use the sandbox of the project file, if one runs in its default directory; otherwise empty."""
    from weco_deploy.sandbox import supervisor
    from weco_deploy.sandbox.directory import dir_option

    where = directory_of(settings, None)
    return f'eval "$(weco-deploy sandbox env{dir_option(where)})"' if supervisor.running(where) else ""


def warn_if_project_file_changed(settings: Settings, where: Path) -> None:
    """Write a notice if the project file is not what the sandbox was started with."""
    from weco_deploy.cli.streams import write_notice
    from weco_deploy.sandbox import running
    from weco_deploy.sandbox.directory import command

    sandbox = running.load(where)
    if sandbox is not None and sandbox.project_file_changed():
        start = command(where, "start").line(settings.project_options)
        write_notice(
            f"note: {sandbox.state.project_file} has changed since the sandbox was started; "
            f"to add what is new in it: {start}"
        )
