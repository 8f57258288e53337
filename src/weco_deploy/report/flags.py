"""The flags of a request that differ from their defaults. Suggested commands repeat them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from weco_deploy.model.requests import ConfirmRequest, DeployRequest, flags

_FOR_ANY = ("wait", "interval", "wait_for_lock", "lease", "allow_missing")
_FOR_THIS = ("force_redeploy", "rollback_on_failure")


def flags_for_any(request: DeployRequest) -> tuple[str, ...]:
    """Flags that hold for every next deployment to the environment: waiting times, missing services."""
    return _given(request, _FOR_ANY)


def flags_for_this(request: DeployRequest) -> tuple[str, ...]:
    """Flags that were meant for this deployment only."""
    return _given(request, _FOR_THIS)


def flags_for_watching(request: DeployRequest | ConfirmRequest) -> tuple[str, ...]:
    """Flags for watching on. The waiting time of a deployment is not repeated, that of a `confirm-deploy` is."""
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
