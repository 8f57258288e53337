"""Options and value types that several commands share.

Options that set a field of a request are made from the field's flag in `model/requests.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from functools import wraps
from typing import Any, TypeAlias

import click

from weco_deploy.cli import completion
from weco_deploy.errors import UsageError
from weco_deploy.model.requests import (
    DONE,
    RUN,
    ConfirmRequest,
    DeployOptions,
    DeployRequest,
    Flag,
    flags,
)

WEEK = 7 * 24 * 3600

Decorator: TypeAlias = Callable[[Callable[..., object]], Callable[..., object]]


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic for mypy, not at run time before click 8.4
    """A number of seconds, up to a week."""

    name = "seconds"

    def __init__(self, least: float = 0.0) -> None:
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            seconds = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not (math.isfinite(seconds) and self._least <= seconds <= WEEK):
            self.fail(f"{value} is not between {self._least:g} and {WEEK} seconds (a week)", param, ctx)
        return seconds


class Text(click.ParamType):  # type: ignore[type-arg]  # as above
    """A text that must not be empty, so that a script's unset variable doesn't count as a value."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).strip():
            self.fail("it is empty: say something, or leave it out", param, ctx)
        return str(value)


class ImageTag(Text):
    """A tag of images in ECR, or an image's digest."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}", text):
            self.fail(f"{text!r} is not a tag: letters, digits, '.', '_' and '-', at most 128", param, ctx)
        return text


class BoardPlace(Text):
    """A directory, or `s3://bucket/prefix`."""

    name = "place"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if text.startswith("s3:"):
            from weco_deploy.model.bucket import bucket_of

            try:
                bucket_of(text)
            except UsageError as error:
                self.fail(f"{error.message}: {error.hint}", param, ctx)
        return text


class Names(click.ParamType):  # type: ignore[type-arg]  # as above
    """Names separated by commas, in the given order, without duplicates."""

    name = "a,b"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(str(value).replace(",", " ").split()))
        if not names:
            self.fail("it names nothing", param, ctx)
        return names


class StepResult(Text):
    """What to do about a step, such as `migrate=done`."""

    name = "step"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        step_id, _, said = text.rpartition("=")
        if not step_id or said not in (DONE, RUN):
            self.fail(f"{text!r} is not the id of a step with ={DONE} or ={RUN}", param, ctx)
        return text


from_label = click.option(
    "--from-label",
    envvar="WECO_DEPLOY_FROM_LABEL",
    type=ImageTag(),
    metavar="LABEL",
    help="The tag of the images to take: latest, ref.<commit>, or an environment's, such as env.stage.  [default: latest]",
)
commit = click.option(
    "--commit",
    envvar="WECO_DEPLOY_COMMIT",
    type=Text(),
    metavar="COMMIT",
    shell_complete=completion.commits,
    help="Use the images of this commit instead of a label: an id, HEAD, a branch or a tag of the git repository here. "
    "An image that was not built for it is taken from the nearest earlier commit.",
)
wait_for_images = click.option(
    "--wait-for-images",
    envvar="WECO_DEPLOY_WAIT_FOR_IMAGES",
    type=Seconds(),
    default="0",
    show_default=True,
    metavar="SECONDS",
    help="How long to wait until each image that is not optional has a version of the commit itself (or the label). "
    "If one is still missing then, the exit code is 3.",
)
allow_partial = click.option(
    "--allow-partial",
    envvar="WECO_DEPLOY_ALLOW_PARTIAL",
    is_flag=True,
    help="Make the release even if it lacks images of the project that are not optional.",
)
release_id = click.option(
    "--release-id",
    envvar="WECO_DEPLOY_RELEASE_ID",
    type=Text(),
    metavar="RELEASE",
    shell_complete=completion.releases,
    help="An id, the first characters of one (4 or more), or latest.  [default: latest]",
)


def environment(help_text: str) -> Decorator:
    """The option that names an environment."""
    return click.option(
        "--environment-id",
        envvar="WECO_DEPLOY_ENVIRONMENT_ID",
        type=Text(),
        metavar="ENVIRONMENT",
        shell_complete=completion.environments,
        help=help_text,
    )


environment_id = environment(
    "The environment.  [default: stage if the project has it, or its only environment]"
)
environment_to_name = environment("The environment. It has no default.")
limit = click.option(
    "--limit",
    envvar="WECO_DEPLOY_LIMIT",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="How many to list, the newest first.",
)


def of_field(request: type[DeployOptions | ConfirmRequest], name: str) -> Decorator:
    """The option that sets a field of a request. The command gets the value as the argument with the field's name."""
    flag = flags(request)[name]
    (default,) = [field.default for field in fields(request) if field.name == name]
    if default is False:
        return click.option(flag.name, name, envvar=flag.variable, is_flag=True, help=flag.help)
    if flag.switch:
        both = f"{flag.name}/--no-{flag.name.removeprefix('--')}"
        return click.option(both, name, envvar=flag.variable, default=None, help=flag.help)
    if default == ():
        return click.option(
            flag.name,
            name,
            envvar=flag.variable,
            type=StepResult(),
            multiple=True,
            metavar=flag.metavar,
            help=flag.help,
        )
    return click.option(
        flag.name,
        name,
        envvar=flag.variable,
        type=_type(flag, default),
        default=_shown(default),
        show_default=isinstance(default, int | float) or bool(flag.choices),
        metavar=flag.metavar,
        help=flag.help,
    )


def _shown(default: object) -> object:
    """The default as help shows it: 600 seconds, not 600.0. click converts it, like a given value."""
    match default:
        case float():
            return f"{default:g}"
        case _:
            return None if default is MISSING else default


def _type(flag: Flag, default: object) -> click.ParamType | None:  # type: ignore[type-arg]  # as above
    if flag.choices:
        return click.Choice(flag.choices)
    if flag.seconds:
        return Seconds(flag.least)
    match default:
        case int():
            return click.IntRange(int(flag.least), int(flag.most) if flag.most else None)
        case float():
            return Seconds(flag.least)
        case _:
            return None if flag.may_be_empty else Text()


description = of_field(DeployRequest, "description")
override_gate = of_field(DeployOptions, "override_gate")


def _use_output_file(context: click.Context, option: click.Parameter, path: str | None) -> None:
    """Note the file for the result, and empty it: a path that can't be written is an error before anything changes."""
    if path is None or context.resilient_parsing:
        return
    try:
        with open(path, "w", encoding="utf-8"):  # noqa: PTH123 - pathlib would cost start-up time
            pass
    except OSError as error:
        raise click.BadParameter(f"can't write {path}: {error.strerror or error}", context, option) from error
    context.obj.settings = replace(context.obj.settings, output_file=path)


output_file = click.option(
    "--output-file",
    envvar="WECO_DEPLOY_OUTPUT_FILE",
    type=Text(),
    metavar="PATH",
    expose_value=False,
    is_eager=True,  # so that an error in another option is written to the file, too
    callback=_use_output_file,
    help="Also write the JSON document to this file, whether the command succeeds or fails.",
)


def _use_board(context: click.Context, _: click.Parameter, place: str | None) -> None:
    if place is not None and not context.resilient_parsing:
        context.obj.settings = replace(context.obj.settings, board=place)


board = click.option(
    "--board",
    envvar="WECO_DEPLOY_BOARD",
    type=BoardPlace(),
    metavar="PLACE",
    expose_value=False,
    callback=_use_board,
    help="Update the board in the end, in a directory or in s3://bucket/prefix. If that fails, it is a warning.",
)


def deploy_options(command: Callable[..., object]) -> Callable[..., object]:
    """The options of all commands that deploy: `description`, and the others in one argument, `given`.

    `--output-file` and `--board` are not arguments of the command: the result is written there by `print_result` or the error report,
    and the board is updated after that.
    """
    names = tuple(flags(DeployOptions))

    @wraps(command)
    def with_options(*arguments: object, **values: Any) -> object:
        given = DeployOptions(**{name: values.pop(name) for name in names})
        return command(*arguments, given=given, **values)

    decorated: Callable[..., object] = with_options
    for name in reversed(names):
        decorated = of_field(DeployOptions, name)(decorated)
    return description(output_file(board(decorated)))


def confirm_options(command: Callable[..., object]) -> Callable[..., object]:
    """The options for how long to watch an earlier deployment, each as a separate argument."""
    for name in reversed(flags(ConfirmRequest)):
        command = of_field(ConfirmRequest, name)(command)
    return command
