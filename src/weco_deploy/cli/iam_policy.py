from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("iam-policy", cls=Command, short_help="Print the least IAM policy for the project.")
@options.environment("Allow redeploying the services of this environment only.  [default: all]")
@click.option(
    "--read-only",
    envvar="WECO_DEPLOY_READ_ONLY",
    is_flag=True,
    help="Allow only commands that show something, and dry runs.",
)
@click.pass_obj
def iam_policy(invocation: Invocation, *, environment_id: str | None, read_only: bool) -> None:
    """Print the least IAM policy with which the tool works for the project, as JSON.

    AWS is asked only for the account, and only if the project file has neither account_id nor role_arn.
    """
    import json

    from weco_deploy import connect
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.streams import write_notice, write_result
    from weco_deploy.report.untrusted import one_line

    context = ProjectContext(invocation, "iam-policy")
    project = context.project
    environments = [project.environment(environment_id)] if environment_id else list(project.environments)
    document = connect.iam_policy(project, environments, lambda: context.ports.caller(), read_only=read_only)
    for environment in environments:
        if environment.role_arn and environment.role_arn != project.role_arn:
            write_notice(
                one_line(
                    f"note: give this policy to {environment.role_arn}, too: it deploys services to {environment.id}"
                )
            )
    write_result(json.dumps(document, indent=2))
