"""The flags of a request that differ from their defaults, which suggested commands repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from weco_deploy.model.requests import ConfirmRequest, DeployRequest, flags

_FOR_ANY = ("wait", "interval", "stable_for", "wait_for_lock", "lease", "allow_missing", "allow_unpinned")
_FOR_THIS = ("force_redeploy", "rollback_on_failure", "on_interrupt")


def flags_for_any(request: DeployRequest) -> tuple[str, ...]:
    """The flags that also apply to the next deployment to the environment: waiting times, missing services, the board."""
    board = () if request.board is None else ("--board", request.board)
    return (*_given(request, _FOR_ANY), *board)


def flags_for_this(request: DeployRequest) -> tuple[str, ...]:
    """The flags that apply only to this deployment."""
    return _given(request, _FOR_THIS)


def flags_for_watching(request: DeployRequest | ConfirmRequest) -> tuple[str, ...]:
    """The flags for watching further: the interval and, for `confirm-deploy`, its waiting time."""
    return _given(
        request,
        ("interval", "stable_for")
        if isinstance(request, DeployRequest)
        else ("wait", "interval", "stable_for"),
    )


def _given(request: DeployRequest | ConfirmRequest, names: Sequence[str]) -> tuple[str, ...]:
    """The flags of the named fields whose values are not the defaults, in the order of `names`."""
    defaults = {field.name: field.default for field in fields(request)}
    flag_of = flags(type(request))
    values = {name: getattr(request, name) for name in names}
    return tuple(
        word
        for name, value in values.items()
        if value != defaults[name]
        for word in _words(flag_of[name].name, value)
    )


def _words(flag: str, value: object) -> tuple[str, ...]:
    if value is False:
        return (f"--no-{flag.removeprefix('--')}",)
    return (flag,) if value is True else (flag, str(value).removesuffix(".0"))
