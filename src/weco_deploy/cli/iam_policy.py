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
@click.option(
    "--board",
    envvar="WECO_DEPLOY_BOARD",
    type=options.BoardPlace(),
    metavar="PLACE",
    help="Also allow writing the board to this place in S3, s3://bucket/prefix.",
)
@click.option(
    "--part",
    envvar="WECO_DEPLOY_PART",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Print only this one of the parts of a policy that is too long: each part fits a managed policy.",
)
@click.pass_obj
def iam_policy(
    invocation: Invocation,
    *,
    environment_id: str | None,
    read_only: bool,
    board: str | None,
    part: int | None,
) -> None:
    """Print the least IAM policy with which the tool works for the project, as JSON.

    AWS is asked only for the account, and only if the project file has neither account_id nor role_arn.
    If the policy is too long for a managed policy, a note says in how many parts it can be printed.
    """
    import json

    from weco_deploy import connect
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.streams import write_notice, write_result
    from weco_deploy.errors import UsageError
    from weco_deploy.model.bucket import bucket_of
    from weco_deploy.report.untrusted import one_line
    from weco_deploy.report.wording import count

    context = ProjectContext(invocation, "iam-policy")
    project = context.project
    environments = [project.environment(environment_id)] if environment_id else list(project.environments)
    policy = connect.iam_policy(
        project,
        environments,
        lambda: context.ports.caller(),
        read_only=read_only,
        board=bucket_of(board) if board else None,
    )
    parts = policy.parts()
    if part is not None and part > len(parts):
        raise UsageError(f"--part: the policy has {count(len(parts), 'part')}")
    for environment in environments:
        if environment.role_arn and environment.role_arn != project.role_arn:
            write_notice(
                one_line(
                    f"note: give this policy to {environment.role_arn}, too: it deploys services to {environment.id}"
                )
            )
    if part is None and len(parts) > 1:
        inline = "attach it inline, or " if policy.length <= policy.MOST_INLINE else ""
        write_notice(
            f"note: IAM allows {policy.MOST_MANAGED:,} characters in a managed policy, and {policy.MOST_INLINE:,} in all inline policies "
            f"of a role. This policy has {policy.length:,}: {inline}print it as {len(parts)} managed policies, with --part 1 to "
            f"--part {len(parts)}"
        )
    printed = policy if part is None else parts[part - 1]
    write_result(json.dumps(printed.json, indent=2))
