"""Reports an error: a line on stderr, a document on stdout (with `--output json`), and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from weco_deploy import exit_codes
from weco_deploy.cli.build_output import report_to_build
from weco_deploy.cli.invocation import Invocation, Settings
from weco_deploy.cli.output import write_output_file
from weco_deploy.cli.repeated_options import options_for, request_for
from weco_deploy.cli.streams import write_notice, write_result
from weco_deploy.cli.tracebacks import message_of, traceback_of
from weco_deploy.errors import Declined, DeployError, InternalError, Interrupted, NoCredentials, UsageError
from weco_deploy.local.interrupts import interrupted
from weco_deploy.report.documents import Document, deployment_document, error_document, json_text
from weco_deploy.report.next_steps import next_steps
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.report.build_report import BuildReport


def report(error: BaseException, invocation: Invocation) -> int:
    """Write the error, and return the exit code."""
    translated = _translated(error, invocation)
    if invocation.settings.verbose and not isinstance(error, click.ClickException):
        write_notice(traceback_of(error))
    options = options_for(sys.stderr, invocation.settings)
    write_notice(_line(translated, options))
    if isinstance(translated, NoCredentials):
        _mention_sandbox(invocation.settings)
    try:
        write_output_file(invocation.settings, lambda: _document(translated, invocation))
    except DeployError as write_error:
        write_notice(_line(write_error, options))
    if invocation.settings.json:
        try:
            write_result(json_text(_document(translated, invocation)))
        except DeployError as write_error:
            write_notice(_line(write_error, options))
    elif invocation.recorded is not None:
        for step in next_steps(invocation.recorded, options, request_for(sys.stderr, invocation)):
            write_notice(str(step))
    report_to_build(lambda: _build_report(translated, invocation))
    return exit_codes.of_error(translated, invocation.error_exit_code)


def _mention_sandbox(settings: Settings) -> None:
    """Say how to use the sandbox of this project if one runs: its `eval` was probably forgotten."""
    from weco_deploy.cli import sandbox_directory

    with suppress(DeployError):  # an unreadable directory is no news here
        running = sandbox_directory.running(settings)
        if running:
            write_notice(f"a sandbox of this project is running; to use it: {running}")


def _build_report(error: DeployError, invocation: Invocation) -> BuildReport:
    from weco_deploy.report import build_summary

    recorded, options = invocation.recorded, invocation.settings.project_options
    if recorded is None:
        return build_summary.error_report(error, options)
    # The commits are in the repository, which is not asked any more after an error.
    return build_summary.deployment_report(recorded, {}, None, options, invocation.request)


def _document(error: DeployError, invocation: Invocation) -> Document:
    recorded, options = invocation.recorded, invocation.settings.project_options
    if recorded is None:
        return error_document(error, options)
    return deployment_document(recorded, options, invocation.request)


def _translated(error: BaseException, invocation: Invocation) -> DeployError:
    """The error as one of ours."""
    if invocation.signals.requested() and invocation.recorded is None:
        # A library may have translated the interruption into another error, such as a broken connection.
        return error if isinstance(error, Interrupted) else interrupted()
    match error:
        case DeployError():
            return error
        case click.ClickException():
            return _usage_error(error)
        case click.Abort():
            return Declined("the input ended before every question was answered", "--confirm asks none")
        case KeyboardInterrupt():
            return interrupted()
    return InternalError(
        f"internal error: {message_of(error)}",
        "this is a fault of weco-deploy, please report it; --verbose shows where it happened",
    )


def _usage_error(error: click.ClickException) -> UsageError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"see {context.command_path} --help" if context is not None else ""
    return UsageError(error.format_message().rstrip("."), hint)


def _line(error: DeployError, options: Sequence[str]) -> str:
    """The error as a line. An error that lists problems has a further line for each problem."""
    first, *rest = error.message.split("\n")
    hint = error.hinted(options)
    if not rest:
        return one_line(f"error: {first}; {hint}" if hint else f"error: {first}")
    indented = [f"  {one_line(problem)}" for problem in rest]
    return "\n".join((f"error: {one_line(first)}", *indented, *([one_line(hint)] if hint else [])))
