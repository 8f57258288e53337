"""The page about all commands, from their declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from documentation.markdown import code, escaped, page, table
from weco_deploy import exit_codes
from weco_deploy.cli.invocation import PROGRAM
from weco_deploy.cli.main import weco_deploy

INTRODUCTION = f"""{code("weco-deploy COMMAND --help")} says the same at a terminal. The global options precede the command. The others follow it.

Every option can also be set by an environment variable: {code("--release-id")} by {code("WECO_DEPLOY_RELEASE_ID")}. A flag needs a value such
as `1` or `true` there. The command line comes first, then the environment, then the project file."""


def commands_page() -> str:
    """All commands, with their arguments and options, as Markdown."""
    # With its settings, as when it runs: click remembers the names of --help from the first time that a command is asked.
    root = click.Context(weco_deploy, info_name=PROGRAM, **weco_deploy.context_settings)
    parts = [
        "# Commands",
        INTRODUCTION,
        escaped(" ".join(exit_codes.IN_WORDS.split())),
        "## Global options",
        _options(root),
    ]
    for context in _commands(root, weco_deploy):
        level = "##" if context.parent is root else "###"
        name = context.command_path.removeprefix(f"{PROGRAM} ")
        parts += [f"{level} {name}", _usage(context), _help(context.command), _options(context)]
    return page(*parts)


def _commands(parent: click.Context, group: click.Group) -> Iterator[click.Context]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is None:
            raise ValueError(f"{parent.command_path} lists {name}, and has no such command")
        context = click.Context(command, info_name=name, parent=parent)
        yield context
        if isinstance(command, click.Group):
            yield from _commands(context, command)


def _usage(context: click.Context) -> str:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return f"```text\n{context.command_path} {pieces}\n```"


def _help(command: click.Command) -> str:
    return "\n\n".join(_paragraph(text) for text in re.split(r"\n\s*\n", command.help or "") if text.strip())


def _paragraph(text: str) -> str:
    # click keeps the lines of a paragraph that begins with this control character.
    if text.startswith("\b"):
        return f"```console\n{_dedented(text.removeprefix(chr(8)).strip(chr(10)))}\n```"
    return escaped(" ".join(text.split()))


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.split("\n"))


def _options(context: click.Context) -> str:
    records = [
        record
        for parameter in context.command.get_params(context)
        if parameter.name != "help" and (record := parameter.get_help_record(context))
    ]
    rows = [(code(names), *map(escaped, _meaning_and_default(text))) for names, text in records]
    return table(("option", "does", "default"), rows) if rows else ""


def _meaning_and_default(text: str) -> tuple[str, str]:
    """The help of an option without the brackets at its end, and what these contain: the default, the range of a number."""
    meaning, _, brackets = text.partition("  [")
    return meaning, brackets.removesuffix("]").removeprefix("default: ")
