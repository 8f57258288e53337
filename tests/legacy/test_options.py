"""All commands and options of 5.x are accepted, so that scripts continue to work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import pytest

from tests.legacy import history
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.main import weco_deploy
from weco_deploy.local.interrupts import Signals

OPTIONS = history.read(history.ACCOUNT).options
VALUES = {
    "--limit": "3",
    "--confirmation-wait-for": "3600",
    "--confirmation-interval": "5",
    "--label": "env.stage",
    "--from-label": "env.stage",
    "release_id": "latest",
}
"""The values of some options; the others get a word."""


def lines(options: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A command line for each name of each option, with a value if it takes a value."""
    for option in options:
        for name in option["names"]:
            value = VALUES.get(name, "word")
            if option["argument"]:
                yield [value]
            else:
                yield [name] if option["flag"] else [name, value]


def parse(command: click.Command, line: Sequence[str]) -> click.Context:
    """Raises click.UsageError if the command does not accept the line."""
    return command.make_context("weco-deploy", list(line), obj=Invocation(Signals(lambda _: None)))


def subcommand(name: str) -> click.Command:
    found = weco_deploy.get_command(click.Context(weco_deploy), name)
    assert found is not None, f"there is no command {name}"
    return found


@pytest.mark.parametrize(
    "line",
    list(lines([option for option in OPTIONS["global"] if option["names"] != ["--version"]])),
    ids=" ".join,
)
def test_global_option_of_5_x_is_accepted(line: list[str]) -> None:
    parse(weco_deploy, [*line, "show-deployments"])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        pytest.param(name, line, id=" ".join((name, *line)))
        for name, options in OPTIONS["commands"].items()
        for line in ([], *lines(options))
    ],
)
def test_command_of_5_x_is_accepted_with_each_of_its_options(name: str, line: list[str]) -> None:
    parse(subcommand(name), line)


def test_stored_options_of_5_x_are_complete() -> None:
    assert set(OPTIONS["commands"]) == {
        "publish",
        "prepare",
        "update",
        "deploy",
        "release-deploy",
        "confirm-deploy",
        "show-release",
        "show-deployments",
        "show-images",
    }
    assert {name for option in OPTIONS["global"] for name in option["names"]} >= {
        "--project-file",
        "-f",
        "-i",
        "-y",
        "-d",
    }
