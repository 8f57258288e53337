"""A request in the words of the command line: the flags that differ from their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from weco_deploy.model.requests import ConfirmRequest, DeployRequest, flags

_CIRCUMSTANCES = ("wait", "interval", "wait_for_lock", "lease", "allow_missing")
_WISHES = ("force_redeploy", "rollback_on_failure")


def circumstances(request: DeployRequest) -> tuple[str, ...]:
    """What holds for whatever is deployed there next: how long to watch and to wait, that services may be gone."""
    return _given(request, _CIRCUMSTANCES)


def wishes(request: DeployRequest) -> tuple[str, ...]:
    """What was wanted of this deployment alone."""
    return _given(request, _WISHES)


def looks(request: DeployRequest | ConfirmRequest) -> tuple[str, ...]:
    """How to go on watching. How long a deployment was watched says nothing of that."""
    return _given(request, ("interval",) if isinstance(request, DeployRequest) else ("wait", "interval"))


def _given(request: DeployRequest | ConfirmRequest, names: Sequence[str]) -> tuple[str, ...]:
    """The flags of the fields with these names, in this order, where the value is not the default."""
    defaults = {field.name: field.default for field in fields(request)}
    spelled = flags(type(request))
    values = {name: getattr(request, name) for name in names}
    return tuple(
        word
        for name, value in values.items()
        if value != defaults[name]
        for word in _words(spelled[name].name, value)
    )


def _words(flag: str, value: object) -> tuple[str, ...]:
    return (flag,) if value is True else (flag, str(value).removesuffix(".0"))
