"""Rules for all commands and options."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from typing import cast

import click
import pytest

from weco_deploy.cli.main import weco_deploy
from weco_deploy.cli.options import Names, Seconds
from weco_deploy.model import requests

SHORTHANDS = defaultdict(set, {"to_release": {"--to"}})
"""Other spellings without a variable: WECO_DEPLOY_TO is for `promote` and must not affect `rollback`."""
OWN = {"help", "version"}  # they print and exit, so a variable makes no sense


def commands(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name or "weco-deploy", group
    context = click.Context(group)
    for sub_name in group.list_commands(context):
        command = group.get_command(context, sub_name)
        assert command is not None
        path = f"{name} {sub_name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, path)
        else:
            yield path, command


ALL = dict(commands(weco_deploy))
OPTIONS = [
    pytest.param(option, id=f"{name} {option.opts[-1]}")
    for name, command in ALL.items()
    for option in command.params
    if isinstance(option, click.Option) and option.name not in OWN
]


def default(command: str, flag: str) -> object:
    (option,) = [option for option in ALL[command].params if flag in option.opts]
    context = click.Context(ALL[command])
    return option.type_cast_value(context, option.get_default(context))


def test_help_shows_seconds_without_a_fraction() -> None:
    help_text = ALL["deploy"].get_help(click.Context(ALL["deploy"]))
    for seconds in (600, 10, 0):
        assert f"[default: {seconds}]" in help_text


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_has_the_environment_variable_of_its_name(option: click.Option) -> None:
    long = [flag for flag in option.opts if flag.startswith("--") and flag not in SHORTHANDS[option.name]]
    wanted = [f"WECO_DEPLOY_{flag[2:].replace('-', '_').upper()}" for flag in long]
    given = [option.envvar] if isinstance(option.envvar, str) else list(cast("list[str]", option.envvar))
    assert given == wanted


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_has_a_help_text(option: click.Option) -> None:
    assert option.help


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_a_help_text(name: str) -> None:
    assert ALL[name].help
    assert name == "weco-deploy" or ALL[name].get_short_help_str()


def test_commands_of_the_tool_exist() -> None:
    assert set(ALL) == {
        "weco-deploy",
        "prepare",
        "update",
        "deploy",
        "release-deploy",
        "promote",
        "publish",
        "rollback",
        "confirm-deploy",
        "verify",
        "plan",
        "status",
        "changes",
        "show-release",
        "show-releases",
        "show-deployments",
        "show-deployment",
        "show-images",
        "board",
        "lock",
        "unlock",
        "init",
        "doctor",
        "notify",
        "github",
        "iam-policy",
        "schema",
        "sandbox",
        "sandbox start",
        "sandbox stop",
        "sandbox env",
        "sandbox push",
        "sandbox trouble",
        "sandbox demo",
    }


def test_options_of_5_x_still_exist() -> None:
    flags = {
        name: {flag for option in command.params for flag in option.opts} for name, command in ALL.items()
    }
    assert flags["weco-deploy"] >= {
        "-f", "--project-file", "-i", "--project-id", "--region-name", "--role-arn",
        "-v", "--verbose", "-y", "--confirm", "-d", "--dry-run",
    }  # fmt: skip
    assert flags["prepare"] >= {"--from-label", "--description"}
    assert flags["update"] >= {"--release-id", "--service-ids", "--image-ids", "--from-label"}
    confirmation = {"--confirmation-wait-for", "--confirmation-interval"}
    assert flags["deploy"] >= {"--release-id", "--environment-id", "--description"} | confirmation
    assert flags["release-deploy"] >= {"--from-label", "--environment-id", "--description"} | confirmation
    assert flags["confirm-deploy"] >= {"--release-id", "--environment-id"} | confirmation
    assert flags["show-images"] >= {"--label"}


@pytest.mark.parametrize("name", ["deploy", "release-deploy", "promote", "rollback", "plan"])
def test_deploying_commands_have_an_option_for_each_flag_of_the_request(name: str) -> None:
    options = {option.name: option for option in ALL[name].params}
    for field in dataclasses.fields(requests.DeployRequest):
        if "flag" in field.metadata:
            flag: requests.Flag = field.metadata["flag"]
            option = options[field.name]
            assert isinstance(option, click.Option)
            assert (option.opts, option.envvar, option.help) == ([flag.name], flag.variable, flag.help)


def test_option_defaults_are_those_of_the_requests() -> None:
    assert default("deploy", "--confirmation-wait-for") == requests.DEFAULT_WAIT
    assert default("deploy", "--confirmation-interval") == requests.DEFAULT_INTERVAL
    assert default("deploy", "--lock-lease") == requests.DEFAULT_LEASE
    assert default("confirm-deploy", "--confirmation-wait-for") == requests.DEFAULT_CONFIRM_WAIT
    assert default("confirm-deploy", "--confirmation-interval") == requests.DEFAULT_INTERVAL


@pytest.mark.parametrize("name", ["release-deploy", "promote", "rollback"])
def test_deploying_commands_have_the_options_of_deploy(name: str) -> None:
    theirs, ours = ({option.name for option in ALL[command].params} for command in (name, "deploy"))
    assert ours - theirs <= {"release_id", "environment_id"}


def test_plan_has_every_option_of_deploy() -> None:
    names = {name: {option.name for option in ALL[name].params} for name in ("plan", "deploy")}
    assert names["plan"] - names["deploy"] == {"detailed_exitcode"}
    assert names["deploy"] <= names["plan"]


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "a minute", "", "1e9", "604801"])
def test_seconds_are_a_number_up_to_a_week(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds().convert(text, None, None)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("0.5", 0.5), ("604800", 604800.0), (5, 5.0)])
def test_seconds_may_have_a_fraction(text: object, seconds: float) -> None:
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["a,b", " a , b ", "a b", "a,,b,", "a,b,a"])
def test_names_are_separated_by_commas_and_not_repeated(text: str) -> None:
    assert Names().convert(text, None, None) == ("a", "b")


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_names_must_not_be_empty(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Names().convert(text, None, None)
