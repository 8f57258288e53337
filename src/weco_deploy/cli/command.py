"""Base classes of commands and groups. Each command decides how its own errors are reported.

An error in the arguments must be reported although they can't be parsed. So a command searches its own arguments for the
options that change the report. The arguments of other commands, and the values of their options, have no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise, takewhile

import click
from click.core import ParameterSource

from weco_deploy.cli.invocation import PROGRAM, Invocation
from weco_deploy.errors import UsageError
from weco_deploy.exit_codes import DISTINCT_ERROR

BAD_USAGE = (click.UsageError, UsageError)


class ExitCodeFlag(click.Option):
    """A flag that makes a command's exit code its answer. All errors of the command then have a distinct exit code."""

    def given(self, ctx: click.Context, arguments: Sequence[str]) -> bool:
        """Whether the flag is in the environment, or among arguments that click could not parse.

        Invalid values (`--flag=yes`, `VARIABLE=perhaps`) count, too: their author expects these exit codes.
        """
        if any(word.partition("=")[0] in self.opts for word in _options(arguments)):
            return True
        try:
            return bool(self.type_cast_value(ctx, self.resolve_envvar_value(ctx)))
        except click.BadParameter:
            return True


class Command(click.Command):
    """A command that is not a group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        arguments = tuple(args)
        flags = [parameter for parameter in self.params if isinstance(parameter, ExitCodeFlag)]
        with json_errors_if_asked(ctx, arguments):
            try:
                check_text(arguments)
                with global_options_explained(ctx):
                    rest = super().parse_args(ctx, args)
            except BAD_USAGE:
                if any(flag.given(ctx, arguments) for flag in flags):
                    ctx.obj.error_exit_code = DISTINCT_ERROR
                raise
        if any(ctx.params[flag.name] for flag in flags if flag.name):
            ctx.obj.error_exit_code = DISTINCT_ERROR
        invocation: Invocation = ctx.obj
        invocation.settings = replace(invocation.settings, from_variables=from_variables(ctx))
        return rest


class Group(click.Group):
    """A group of commands. Its own arguments are those before a command's name."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        arguments = tuple(args)
        with json_errors_if_asked(ctx, arguments):
            rest = super().parse_args(ctx, args)
            check_text(arguments[: len(arguments) - len(rest)])
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        with json_errors_if_asked(ctx, tuple(args)):
            return super().resolve_command(ctx, args)


@contextmanager
def json_errors_if_asked(ctx: click.Context, arguments: Sequence[str]) -> Iterator[None]:
    """Report an error in parsing `arguments` as JSON, if `--output json` is among them.

    `--output` is a global option, but users may write it after a command's name by mistake.
    """
    try:
        yield
    except BAD_USAGE:
        if requested_output(arguments) == "json":
            invocation: Invocation = ctx.obj
            invocation.settings = replace(invocation.settings, json=True)
        raise


@contextmanager
def global_options_explained(ctx: click.Context) -> Iterator[None]:
    """Say of an option that a command does not know, but the program does, that it belongs before the command."""
    try:
        yield
    except click.NoSuchOption as error:
        root = ctx.find_root()
        name = error.option_name
        if not any(name in parameter.opts for parameter in root.command.params):
            raise
        command = ctx.command_path.removeprefix(f"{root.command_path} ")
        raise UsageError(
            f"{name} is an option for every command",
            f"put {name} before the command: {PROGRAM} {name} … {command}",
        ) from error


def requested_output(arguments: Sequence[str]) -> str | None:
    """The last value of `--output` among arguments that click could not parse."""
    options = _options(arguments)
    values = [
        after if word == "--output" else word.removeprefix("--output=")
        for word, after in pairwise([*options, ""])
        if word == "--output" or word.startswith("--output=")
    ]
    return values[-1] if values else None


def from_variables(ctx: click.Context | None) -> frozenset[str]:
    """The parameters of the program and the command whose values came from environment variables."""
    if ctx is None:
        return frozenset()
    names = (parameter.name for parameter in ctx.command.params if parameter.name)
    here = {name for name in names if ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT}
    return from_variables(ctx.parent) | here


def check_text(arguments: Sequence[str]) -> None:
    """Raise UsageError for bytes that are not UTF-8.

    Python represents them as lone surrogates, which neither AWS nor a terminal accepts.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"the argument {argument!r} is not valid UTF-8 text") from error


def _options(arguments: Sequence[str]) -> list[str]:
    return list(takewhile(lambda argument: argument != "--", arguments))
