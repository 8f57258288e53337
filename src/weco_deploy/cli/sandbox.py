"""The commands of `weco-deploy sandbox`, which never call AWS; `push` and `trouble` have files of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from weco_deploy.cli.command import Group
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.sandbox_directory import (
    directory,
    directory_of,
    project_file,
    say,
    warn_if_project_file_changed,
)
from weco_deploy.cli.sandbox_push import push
from weco_deploy.cli.sandbox_trouble import trouble
from weco_deploy.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from weco_deploy.report.documents import Document
    from weco_deploy.sandbox.running import Sandbox


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
    help="Where ECR and DynamoDB will be on this machine.  [default: any free port]",
)
@click.option(
    "--without-env-tags",
    envvar="WECO_DEPLOY_WITHOUT_ENV_TAGS",
    is_flag=True,
    help="Leave out the env.* tags, as in an environment that was never deployed to.",
)
@click.option(
    "--addresses",
    envvar="WECO_DEPLOY_ADDRESSES",
    type=click.Choice(["tags", "names"]),
    default="tags",
    show_default=True,
    help="How services can be found: by their ECS tags deployment:*, or by their names alone, without these tags.",
)
@click.option(
    "--cluster-name",
    envvar="WECO_DEPLOY_CLUSTER_NAME",
    metavar="TEMPLATE",
    default="{project}-{environment}",
    show_default=True,
    help="The names of clusters, with {project} and {environment}.",
)
@click.option(
    "--service-name",
    envvar="WECO_DEPLOY_SERVICE_NAME",
    metavar="TEMPLATE",
    default="{service}",
    show_default=True,
    help="The names of services, with {project}, {environment} and {service}.",
)
@click.option(
    "--environment-name",
    "environment_names",
    envvar="WECO_DEPLOY_ENVIRONMENT_NAME",
    metavar="ID=NAME",
    multiple=True,
    help="What {environment} stands for in names, if not its id. May be given for several environments.",
)
@click.option(
    "--tags",
    envvar="WECO_DEPLOY_TAGS",
    type=click.Choice(["ref", "bare"]),
    default="ref",
    show_default=True,
    help="How images are tagged: by the project file's refs, usually ref.COMMIT, or with the bare commit.",
)
@click.option(
    "--load-balancers",
    envvar="WECO_DEPLOY_LOAD_BALANCERS",
    is_flag=True,
    help="Put each service behind a load balancer, with a target group of its own.",
)
@click.option(
    "--strategy",
    envvar="WECO_DEPLOY_STRATEGY",
    type=click.Choice(["rolling", "blue-green", "linear", "canary"]),
    default="rolling",
    show_default=True,
    help="How ECS deploys the services.",
)
@directory
@click.pass_obj
def start(
    invocation: Invocation,
    *,
    detach: bool,
    port: int | None,
    without_env_tags: bool,
    addresses: str,
    cluster_name: str,
    service_name: str,
    environment_names: tuple[str, ...],
    tags: str,
    load_balancers: bool,
    strategy: str,
    directory: str | None,
) -> None:
    """Start the sandbox, with all that the project file names; Ctrl-C ends it.

    Without a project file it gets a sample project. If it runs already, it gets what is new in the project file.
    """
    from weco_deploy import config
    from weco_deploy.cli import gc_pause
    from weco_deploy.cli.project_context import load_project_file
    from weco_deploy.sandbox import commands
    from weco_deploy.sandbox.estate import Estate

    settings = invocation.settings
    estate = Estate(
        tagged=addresses == "tags",
        cluster_name=cluster_name,
        service_name=service_name,
        environment_names=_environment_names(environment_names),
        bare_commits=tags == "bare",
        env_tags=not without_env_tags,
        load_balancers=load_balancers,
        strategy=strategy.upper().replace("-", "_"),
    )
    where, write = directory_of(settings, directory), say(settings)
    if project_file(settings) is None:
        file = config.load(commands.sample(where, write, dry_run=settings.dry_run))
    else:
        file = load_project_file(settings)
    projects = (
        list(file.projects.values()) if settings.project_id is None else [file.project(settings.project_id)]
    )
    gc_pause.resume()
    commands.start(
        projects,
        where,
        write,
        project_file=file.path.absolute(),  # commands elsewhere compare it, too
        port=port,
        detach=detach,
        estate=estate,
        dry_run=settings.dry_run,
    )
    _print_sandbox(settings, where)


@sandbox.command("stop", short_help="End it, and everything in it.")
@directory
@click.pass_obj
def stop(invocation: Invocation, *, directory: str | None) -> None:
    """End a sandbox, and everything in it."""
    from weco_deploy.sandbox import commands

    settings = invocation.settings
    where = directory_of(settings, directory)
    commands.stop(where, say(settings), dry_run=settings.dry_run)
    _print_sandbox(invocation.settings, where)


@sandbox.command("env", short_help="Print what makes a shell use it.")
@directory
@click.pass_obj
def env(invocation: Invocation, *, directory: str | None) -> None:
    """Print the variables that make a shell use the sandbox: eval "$(weco-deploy sandbox env)"."""
    from weco_deploy.cli.streams import write_result
    from weco_deploy.sandbox import commands

    where = directory_of(invocation.settings, directory)
    warn_if_project_file_changed(invocation.settings, where)
    lines = commands.env(where)
    if not invocation.settings.json:
        write_result(lines)
    _print_sandbox(invocation.settings, where)


sandbox.add_command(push)
sandbox.add_command(trouble)


@sandbox.command("demo", short_help="A tour: the main job, told step by step.")
@click.pass_obj
def demo(invocation: Invocation) -> int:
    """A tour on a sandbox of its own: the main job, told step by step."""
    from weco_deploy.cli.streams import write_result
    from weco_deploy.sandbox.demo import demo

    return demo(write_result, dry_run=invocation.settings.dry_run)  # always text, regardless of --output


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


def _environment_names(given: Iterable[str]) -> dict[str, str]:
    """The names by id, from texts `ID=NAME`."""
    names = {}
    for text in given:
        environment_id, _, name = text.partition("=")
        if not (environment_id and name):
            raise UsageError(f"--environment-name {text!r} is not valid", "ID=NAME, such as stage=staging")
        names[environment_id] = name
    return names
