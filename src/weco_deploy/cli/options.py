"""Options and value types that several commands share. Each names its environment variable."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, TypeVar

import click

WEEK = 7 * 24 * 3600

Command = TypeVar("Command", bound=Callable[..., Any])


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
    """Something, not nothing: where a script's variable is not set, that must not count as an answer."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).strip():
            self.fail("it is empty: say something, or leave it out", param, ctx)
        return str(value)


class Names(click.ParamType):  # type: ignore[type-arg]  # as above
    """Names with commas between them, each once, in the order given."""

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


from_label = click.option(
    "--from-label",
    envvar="WECO_DEPLOY_FROM_LABEL",
    type=Text(),
    metavar="LABEL",
    help="The tag of the images to take: latest, env.stage, ref.<commit>.  [default: latest]",
)
description = click.option(
    "--description",
    envvar="WECO_DEPLOY_DESCRIPTION",
    metavar="TEXT",
    help="What it is about, for the history.",
)
release_id = click.option(
    "--release-id",
    envvar="WECO_DEPLOY_RELEASE_ID",
    type=Text(),
    metavar="RELEASE",
    help="An id, the first characters of one (4 or more), or latest.  [default: latest]",
)
environment_id = click.option(
    "--environment-id",
    envvar="WECO_DEPLOY_ENVIRONMENT_ID",
    type=Text(),
    metavar="ENVIRONMENT",
    help="Where to.  [default: stage, if the project has it]",
)
environment_to_name = click.option(
    "--environment-id",
    envvar="WECO_DEPLOY_ENVIRONMENT_ID",
    type=Text(),
    metavar="ENVIRONMENT",
    help="Which environment; there is no default.",
)
override_gate = click.option(
    "--override-gate",
    envvar="WECO_DEPLOY_OVERRIDE_GATE",
    type=Text(),
    metavar="REASON",
    help="Go on where a gate says no: the release has not succeeded where it must, or the environment that it "
    "comes from is in doubt. The reason is recorded.",
)
limit = click.option(
    "--limit",
    envvar="WECO_DEPLOY_LIMIT",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="How many, newest first.",
)
interval = click.option(
    "--confirmation-interval",
    envvar="WECO_DEPLOY_CONFIRMATION_INTERVAL",
    type=Seconds(0.1),
    default=10.0,
    show_default=True,
    help="Seconds between two looks at the services.",
)


def wait_for(default: float) -> Callable[[Command], Command]:
    """`--confirmation-wait-for`, with as many seconds by default."""
    return click.option(
        "--confirmation-wait-for",
        envvar="WECO_DEPLOY_CONFIRMATION_WAIT_FOR",
        type=Seconds(),
        default=default,
        show_default=True,
        help="Seconds to watch the services for; still not done then is exit code 3.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployFlags:
    """What every command that deploys can be told, wherever to. None: not given. Times are in seconds."""

    description: str | None
    confirmation_wait_for: float
    confirmation_interval: float
    rollback_on_failure: bool
    wait_for_lock: float
    lock_lease: int
    force_redeploy: bool
    allow_missing: bool
    override_gate: str | None


_DEPLOY_OPTIONS = (
    description,
    wait_for(600.0),
    interval,
    click.option(
        "--rollback-on-failure",
        envvar="WECO_DEPLOY_ROLLBACK_ON_FAILURE",
        is_flag=True,
        help="If it fails or takes too long, go back to the last release that worked.",
    ),
    click.option(
        "--wait-for-lock",
        envvar="WECO_DEPLOY_WAIT_FOR_LOCK",
        type=Seconds(),
        default=0.0,
        show_default=True,
        help="Seconds to wait for somebody else's deployment; still locked then is exit code 4.",
    ),
    click.option(
        "--lock-lease",
        envvar="WECO_DEPLOY_LOCK_LEASE",
        type=click.IntRange(1, 24 * 3600),
        default=120,
        show_default=True,
        help="Seconds that our lock outlives us if we are killed.",
    ),
    click.option(
        "--force-redeploy",
        envvar="WECO_DEPLOY_FORCE_REDEPLOY",
        is_flag=True,
        help="Redeploy services that run the release already.",
    ),
    click.option(
        "--allow-missing",
        envvar="WECO_DEPLOY_ALLOW_MISSING",
        is_flag=True,
        help="Go on though services deployed last time are gone.",
    ),
    override_gate,
)


def deploy_options(function: Callable[..., object]) -> Callable[..., object]:
    """The options of every command that deploys, given to it as one argument, `flags`."""
    names = [each.name for each in fields(DeployFlags)]

    @wraps(function)
    def command(*arguments: object, **values: Any) -> object:
        flags = DeployFlags(**{name: values.pop(name) for name in names})
        return function(*arguments, flags=flags, **values)

    for option in reversed(_DEPLOY_OPTIONS):
        command = option(command)
    return command
