"""The tool itself: its global options and commands, and the entry point, which turns arguments into an exit code.

A new command needs a file and a line in `WecoDeploy.modules`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import click

from weco_deploy import __version__, exit_codes
from weco_deploy.cli import completion, gc_pause
from weco_deploy.cli.command import BAD_USAGE, requested_output
from weco_deploy.cli.invocation import PROGRAM, Invocation, Settings
from weco_deploy.cli.lazy import LazyGroup
from weco_deploy.errors import Interrupted
from weco_deploy.local.interrupts import Signals, leave


class WecoDeploy(LazyGroup):
    modules = {  # noqa: RUF012 - never written to
        "prepare": "weco_deploy.cli.prepare",
        "update": "weco_deploy.cli.update",
        "deploy": "weco_deploy.cli.deploy",
        "release-deploy": "weco_deploy.cli.release_deploy",
        "promote": "weco_deploy.cli.promote",
        "rollback": "weco_deploy.cli.rollback",
        "confirm-deploy": "weco_deploy.cli.confirm_deploy",
        "verify": "weco_deploy.cli.verify",
        "plan": "weco_deploy.cli.plan",
        "status": "weco_deploy.cli.status",
        "board": "weco_deploy.cli.board",
        "changes": "weco_deploy.cli.changes",
        "show-release": "weco_deploy.cli.show_release",
        "show-releases": "weco_deploy.cli.show_releases",
        "show-deployments": "weco_deploy.cli.show_deployments",
        "show-deployment": "weco_deploy.cli.show_deployment",
        "show-images": "weco_deploy.cli.show_images",
        "publish": "weco_deploy.cli.publish",
        "lock": "weco_deploy.cli.lock",
        "unlock": "weco_deploy.cli.unlock",
        "init": "weco_deploy.cli.init",
        "doctor": "weco_deploy.cli.doctor",
        "notify": "weco_deploy.cli.notify",
        "github": "weco_deploy.cli.github",
        "iam-policy": "weco_deploy.cli.iam_policy",
        "schema": "weco_deploy.cli.schema",
        "sandbox": "weco_deploy.cli.sandbox",
    }

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # An error before all options are parsed, such as an unknown command, must also be reported as JSON if requested.
        invocation: Invocation = ctx.obj
        arguments = tuple(args)
        try:
            rest = super().parse_args(ctx, args)
        except BAD_USAGE:
            output = requested_output(arguments) or os.environ.get("WECO_DEPLOY_OUTPUT")
            invocation.settings = Settings(json=output == "json")
            raise
        invocation.settings = Settings(json=ctx.params["output"] == "json")
        return rest


@click.group(
    cls=WecoDeploy, epilog=exit_codes.IN_WORDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "-f",
    "--project-file",
    envvar="WECO_DEPLOY_PROJECT_FILE",
    metavar="PATH",
    help="The project file.  [default: .wellcome_project here or in a directory above]",
)
@click.option(
    "-i",
    "--project-id",
    envvar="WECO_DEPLOY_PROJECT_ID",
    metavar="PROJECT",
    shell_complete=completion.projects,
    help="The project, if the file has several.",
)
@click.option(
    "--region-name",
    envvar="WECO_DEPLOY_REGION_NAME",
    metavar="REGION",
    help="Use this AWS region instead of the project's.",
)
@click.option(
    "--role-arn",
    envvar="WECO_DEPLOY_ROLE_ARN",
    metavar="ARN",
    help="Assume this role instead of the project's.",
)
@click.option(
    "-v",
    "--verbose",
    envvar="WECO_DEPLOY_VERBOSE",
    is_flag=True,
    help="Show each call to AWS, where an error comes from, and everything that a text counts or leaves out.",
)
@click.option(
    "-y",
    "--confirm",
    envvar="WECO_DEPLOY_CONFIRM",
    is_flag=True,
    help="Ask nothing: go on as if you answered yes, and use the defaults.",
)
@click.option(
    "-d",
    "--dry-run",
    envvar="WECO_DEPLOY_DRY_RUN",
    is_flag=True,
    help="Show what would be done, and change nothing.",
)
@click.option(
    "--output",
    envvar="WECO_DEPLOY_OUTPUT",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout; progress goes to stderr.",
)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_obj
def weco_deploy(
    invocation: Invocation,
    *,
    project_file: str | None,
    project_id: str | None,
    region_name: str | None,
    role_arn: str | None,
    verbose: bool,
    confirm: bool,
    dry_run: bool,
    output: str,
) -> None:
    """Deploy sets of Docker images to Amazon ECS as releases, and watch until they really run.

    Every option can also be set in the environment: --release-id as WECO_DEPLOY_RELEASE_ID.
    """
    invocation.settings = Settings(
        project_file=project_file,
        project_id=project_id,
        region_name=region_name,
        role_arn=role_arn,
        verbose=verbose,
        confirm=confirm,
        dry_run=dry_run,
        json=output == "json",
    )


def main() -> NoReturn:
    """The entry point: run the command line of this process, and exit with its exit code.

    By then all changes have been awaited. Reads may still be in progress; nobody needs their answers.
    """
    _open_closed_streams()
    if completion.requested():
        completion.complete(weco_deploy, Invocation(Signals(_write_from_handler)))
    leave(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code. Errors are reported, not raised."""
    gc_pause.pause()
    invocation = Invocation(Signals(_write_from_handler))
    try:
        with invocation.signals.installed():
            code = _exit_code(invocation, arguments)
            _close_sinks(invocation)
            if invocation.recorded is not None and invocation.update_board is not None:
                invocation.update_board()  # after everything is written, so that it delays neither a result nor an error
            return code
    except (KeyboardInterrupt, Interrupted):  # during the report of an error
        return exit_codes.INTERRUPTED
    finally:
        gc_pause.resume()


def _exit_code(invocation: Invocation, arguments: Sequence[str]) -> int:
    try:
        code = weco_deploy.main(
            args=list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=invocation
        )
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - every error becomes a line and an exit code
        from weco_deploy.cli.error_report import report

        return report(error, invocation)
    return code if isinstance(code, int) else 0


def _close_sinks(invocation: Invocation) -> None:
    """Close the event sinks after everything is written, so that a slow sink delays neither a result nor an error."""
    if invocation.dispatchers:
        from weco_deploy.cli.event_output import close_sinks

        with suppress(
            Interrupted, KeyboardInterrupt
        ):  # a signal ends the wait, without changing the exit code
            close_sinks(invocation)


def _write_from_handler(line: str) -> None:
    # A signal handler writes to the descriptor, because the stream may be in the middle of a write.
    try:
        os.write(2, f"{line}\n".encode())
    except OSError:
        return  # the reader is gone


def _open_closed_streams() -> None:
    """Open streams that the caller closed (`>&-`). Otherwise the next file or connection would get their descriptors."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            devnull = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - pathlib would cost start-up time; it stays open
            setattr(sys, name, devnull)
