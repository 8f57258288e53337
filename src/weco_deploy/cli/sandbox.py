"""The commands of `weco-deploy sandbox`. They never call AWS, and ignore --dry-run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from weco_deploy.cli.command import Group
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from weco_deploy.report.documents import Document
    from weco_deploy.sandbox.running import PushedImage, Sandbox

directory = click.option(
    "--dir",
    "directory",
    envvar="WECO_DEPLOY_DIR",
    metavar="PATH",
    help="Where the sandbox keeps its state.  [default: .weco-sandbox beside the project file]",
)


@click.group("sandbox", cls=Group, no_args_is_help=False, short_help="A local AWS to try everything on.")
def sandbox() -> None:
    """A local AWS, with the project's repositories, services and tasks, to try everything on.

    It needs the extra: pip install "weco-deploy[sandbox]".
    """


@sandbox.command("start", short_help="Start it, with all that the project file names.")
@click.option(
    "--detach",
    envvar="WECO_DEPLOY_DETACH",
    is_flag=True,
    help="Come back once it is ready, and leave it running.",
)
@click.option(
    "--port",
    envvar="WECO_DEPLOY_PORT",
    type=click.IntRange(1, 65535),
    help="Where AWS will be on this machine.  [default: any free port]",
)
@click.option(
    "--without-env-tags",
    envvar="WECO_DEPLOY_WITHOUT_ENV_TAGS",
    is_flag=True,
    help="Leave out the env.* tags, as in an environment that was never deployed to.",
)
@directory
@click.pass_obj
def start(
    invocation: Invocation, *, detach: bool, port: int | None, without_env_tags: bool, directory: str | None
) -> None:
    """Start the sandbox, with all that the project file names; Ctrl-C ends it.

    Without a project file it gets a sample project.
    """
    from weco_deploy import config
    from weco_deploy.cli import gc_pause
    from weco_deploy.cli.project_context import load_project_file
    from weco_deploy.sandbox import commands
    from weco_deploy.sandbox.provision import Estate

    settings = invocation.settings
    where, say = _directory(settings, directory), _say(settings)
    sample_needed = _project_file(settings) is None
    file = config.load(commands.sample(where, say)) if sample_needed else load_project_file(settings)
    projects = (
        list(file.projects.values()) if settings.project_id is None else [file.project(settings.project_id)]
    )
    gc_pause.resume()
    commands.start(
        projects,
        where,
        say,
        project_file=file.path,
        port=port,
        detach=detach,
        estate=Estate(env_tags=not without_env_tags),
    )
    _print_sandbox(settings, where)


@sandbox.command("stop", short_help="End it, and everything in it.")
@directory
@click.pass_obj
def stop(invocation: Invocation, *, directory: str | None) -> None:
    """End a sandbox, and everything in it."""
    from weco_deploy.sandbox import commands

    where = _directory(invocation.settings, directory)
    commands.stop(where, _say(invocation.settings))
    _print_sandbox(invocation.settings, where)


@sandbox.command("env", short_help="Print what makes a shell use it.")
@directory
@click.pass_obj
def env(invocation: Invocation, *, directory: str | None) -> None:
    """Print the variables that make a shell use the sandbox: eval "$(weco-deploy sandbox env)"."""
    from weco_deploy.cli.streams import write_result
    from weco_deploy.sandbox import commands

    where = _directory(invocation.settings, directory)
    lines = commands.env(where)
    if not invocation.settings.json:
        write_result(lines)
    _print_sandbox(invocation.settings, where)


@sandbox.command("push", short_help="Push new images, as a build pipeline would.")
@click.argument("image_ids", nargs=-1, metavar="IMAGE_ID...")
@click.option(
    "--all",
    "all_images",
    envvar="WECO_DEPLOY_ALL",
    is_flag=True,
    help="A new image for each repository of the sandbox.",
)
@click.option(
    "--behaviour",
    envvar="WECO_DEPLOY_BEHAVIOUR",
    default="good",
    show_default=True,
    help="What its containers do: good, slow=SECONDS, crash, unpullable.",
)
@directory
@click.pass_obj
def push(
    invocation: Invocation,
    *,
    image_ids: tuple[str, ...],
    all_images: bool,
    behaviour: str,
    directory: str | None,
) -> None:
    """Push new images as a build pipeline would, tagged ref.<commit> and latest: those named, or --all."""
    from weco_deploy.sandbox import commands

    if all_images == bool(image_ids):
        raise UsageError(
            "either name the images to push or say --all" if image_ids else "no image is named",
            "weco-deploy sandbox push IMAGE_ID..., or: weco-deploy sandbox push --all",
        )
    settings = invocation.settings
    where, say = _directory(settings, directory), _say(settings)
    if all_images:
        pushed = commands.push_all(where, say, behaviour=behaviour, project_id=settings.project_id)
    else:
        pushed = commands.push(
            where, say, image_ids=image_ids, behaviour=behaviour, project_id=settings.project_id
        )
    _print_pushed(settings, pushed)


@sandbox.command("demo", short_help="A tour: the main job, told step by step.")
@click.pass_obj
def demo(_: Invocation) -> int:
    """A tour on a sandbox of its own: the main job, told step by step."""
    from weco_deploy.cli.streams import write_result
    from weco_deploy.sandbox.demo import demo

    return demo(write_result)  # always text, regardless of --output


def _say(settings: Settings) -> Callable[[str], None]:
    """Return a function that writes a line for the user: to stdout, or to stderr if stdout is for JSON."""
    from weco_deploy.cli.streams import write_notice, write_result

    return write_notice if settings.json else write_result


def _project_file(settings: Settings) -> Path | None:
    """The given project file, or the nearest project file upwards, if any."""
    from pathlib import Path

    from weco_deploy import config
    from weco_deploy.errors import ProjectFileError

    if settings.project_file:
        return Path(settings.project_file)
    try:
        return config.find(Path.cwd())
    except ProjectFileError:
        return None  # the sandbox uses its sample project


def _directory(settings: Settings, given: str | None) -> Path:
    """The sandbox's directory: the given one, or a directory next to the project file or in the working directory."""
    from pathlib import Path

    from weco_deploy.sandbox import commands

    if given:
        return Path(given).absolute()  # the sandbox's processes have another working directory
    found = _project_file(settings)
    return (found.parent if found else Path.cwd()) / commands.DIRECTORY


def _print_sandbox(settings: Settings, directory: Path) -> None:
    """With JSON, write the sandbox's current state. The text has been written already."""
    if not settings.json:
        return
    from weco_deploy.cli.streams import write_result
    from weco_deploy.report.documents import json_text
    from weco_deploy.sandbox import running

    write_result(json_text(_sandbox_document(running.load(directory))))


def _sandbox_document(sandbox: Sandbox | None) -> Document:
    if sandbox is None:
        return {"sandbox": None}
    return {
        "sandbox": {
            "directory": str(sandbox.directory),
            "endpoint": sandbox.endpoint,
            "environment": sandbox.environment(),
        }
    }


def _print_pushed(settings: Settings, pushed: Sequence[PushedImage]) -> None:
    """With JSON, write the pushed images. The text has been written already."""
    if not settings.json:
        return
    from weco_deploy.cli.streams import write_result
    from weco_deploy.report.documents import json_text

    images = [{"image_id": image.image_id, "ref": image.ref, "digest": image.digest} for image in pushed]
    write_result(json_text({"pushed": images}))
