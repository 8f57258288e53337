from __future__ import annotations

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("github", cls=Command, short_help="Bring GitHub up to date with an environment.")
@options.environment_to_name
@click.pass_obj
def github(invocation: Invocation, *, environment_id: str | None) -> int:
    """Bring GitHub up to date with an environment's last deployment: its status, labels and comments.

    Deployments do that themselves, but only for a few seconds after their verdict. The project file says what is
    written (github).
    """
    from weco_deploy.cli.github_sink import github_update
    from weco_deploy.cli.output import announce_dry_run, print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.errors import UsageError
    from weco_deploy.operations.github import last_deployment
    from weco_deploy.ports import NotDelivered
    from weco_deploy.report.documents import github_document
    from weco_deploy.report.github_text import github_text

    context = ProjectContext(invocation, "github")
    if context.project.github is None:
        raise UsageError(
            f"project {context.project.id} writes nothing to GitHub",
            "say what in the project file, with the key github",
        )
    environment = context.project.environment(
        context.environment(environment_id, "Environment to write to GitHub", default=None)
    )
    deployment = last_deployment(context.ports, environment)
    announce_dry_run(context.settings)
    problem = ""
    if not context.settings.dry_run:
        try:
            github_update(context.ports, environment).write(deployment)
        except NotDelivered as error:
            problem = str(error)
    written = not (problem or context.settings.dry_run)
    print_result(
        context.settings,
        lambda: github_document(deployment, written=written, problem=problem),
        lambda screen: github_text(deployment, screen, written=written, problem=problem),
    )
    return exit_codes.FAILED if problem else exit_codes.DONE
