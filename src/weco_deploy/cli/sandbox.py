"""The commands of `weco-deploy sandbox`."""

from __future__ import annotations

import click

from weco_deploy.cli.command import Group
from weco_deploy.cli.invocation import Invocation
from weco_deploy.errors import UsageError

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
    from weco_deploy.cli import sandboxing

    sandboxing.start(invocation, detach=detach, port=port, env_tags=not without_env_tags, directory=directory)


@sandbox.command("stop", short_help="End it, and everything in it.")
@directory
@click.pass_obj
def stop(invocation: Invocation, *, directory: str | None) -> None:
    """End a sandbox, and everything in it."""
    from weco_deploy.cli import sandboxing

    sandboxing.stop(invocation, directory=directory)


@sandbox.command("env", short_help="Print what makes a shell use it.")
@directory
@click.pass_obj
def env(invocation: Invocation, *, directory: str | None) -> None:
    """Print the variables that make a shell use the sandbox: eval "$(weco-deploy sandbox env)"."""
    from weco_deploy.cli import sandboxing

    sandboxing.env(invocation, directory=directory)


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
    from weco_deploy.cli import sandboxing

    if all_images == bool(image_ids):
        raise UsageError(
            "either name the images to push or say --all" if image_ids else "no image is named",
            "weco-deploy sandbox push IMAGE_ID..., or: weco-deploy sandbox push --all",
        )
    if all_images:
        sandboxing.push_all(invocation, behaviour=behaviour, directory=directory)
    else:
        sandboxing.push(invocation, image_ids=image_ids, behaviour=behaviour, directory=directory)


@sandbox.command("demo", short_help="A tour: the main job, told step by step.")
@click.pass_obj
def demo(invocation: Invocation) -> int:
    """A tour on a sandbox of its own: the main job, told step by step."""
    from weco_deploy.cli import sandboxing

    return sandboxing.demo(invocation)
