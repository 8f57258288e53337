from __future__ import annotations

import click

from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.options import Text


@click.command("init", cls=Command, short_help="Write a project file from what AWS has.")
@click.option(
    "--print",
    "to_stdout",
    envvar="WECO_DEPLOY_PRINT",
    is_flag=True,
    help="Print the file.",
)
@click.option(
    "--write",
    envvar="WECO_DEPLOY_WRITE",
    is_flag=True,
    help="Write the file: .wellcome_project here, or --project-file. A file that exists is left alone.",
)
@click.option(
    "--cluster",
    "clusters",
    envvar="WECO_DEPLOY_CLUSTER",
    type=Text(),
    multiple=True,
    metavar="PATTERN",
    help="Only services of clusters with such a name, like 'shop-*'. May be given several times.",
)
@click.option(
    "--repository",
    "repositories",
    envvar="WECO_DEPLOY_REPOSITORY",
    type=Text(),
    multiple=True,
    metavar="PATTERN",
    help="Only images of repositories with such a name. May be given several times.",
)
@click.pass_obj
def init(
    invocation: Invocation,
    *,
    to_stdout: bool,
    write: bool,
    clusters: tuple[str, ...],
    repositories: tuple[str, ...],
) -> None:
    """Write a project file that describes the services of the account, and changes nothing in AWS.

    Finds the ECS services whose task definitions use images of ECR by an environment's tag, such as env.stage: their
    environments, names, clusters, and the images' version tags. Says what it leaves out, and why. The project's id is
    --project-id, or else the directory's name; account and region are those of the credentials, --role-arn and --region-name.
    """
    from weco_deploy.cli.new_project_file import print_project_file, write_project_file
    from weco_deploy.errors import UsageError
    from weco_deploy.model.inventory import Selection

    if to_stdout == write:
        raise UsageError(
            "--print and --write: expected one of them",
            "--print shows the project file, --write creates it",
        )
    selection = Selection(clusters, repositories)
    if write and not invocation.settings.dry_run:
        write_project_file(invocation, selection)
    else:
        print_project_file(invocation, selection)
