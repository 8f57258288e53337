"""Whatever command line 5.x accepted is accepted: scripts go on working."""

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
"""What some options are given; the others get a word."""


def lines(options: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Each option alone, by each of its names, with a value if it takes one."""
    for option in options:
        for name in option["names"]:
            value = VALUES.get(name, "word")
            if option["argument"]:
                yield [value]
            else:
                yield [name] if option["flag"] else [name, value]


def parsed(command: click.Command, line: Sequence[str]) -> click.Context:
    """Raises click's UsageError if the command does not accept the line."""
    return command.make_context("weco-deploy", list(line), obj=Invocation(Signals(lambda _: None)))


def subcommand(name: str) -> click.Command:
    found = weco_deploy.get_command(click.Context(weco_deploy), name)
    assert found is not None, f"there is no {name}"
    return found


@pytest.mark.parametrize(
    "line", list(lines([each for each in OPTIONS["global"] if each["names"] != ["--version"]])), ids=" ".join
)
def test_a_global_option_of_5_x_is_accepted(line: list[str]) -> None:
    parsed(weco_deploy, [*line, "show-deployments"])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        pytest.param(name, line, id=" ".join((name, *line)))
        for name, options in OPTIONS["commands"].items()
        for line in ([], *lines(options))
    ],
)
def test_a_command_of_5_x_is_accepted_with_each_of_its_options(name: str, line: list[str]) -> None:
    parsed(subcommand(name), line)


def test_the_options_were_read_from_5_x_and_are_all_of_them() -> None:
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
