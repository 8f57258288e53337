"""A request in the words of the command line: the flags that differ from their defaults."""

from __future__ import annotations

from dataclasses import fields

from weco_deploy.model.requests import ConfirmRequest, DeployRequest

_CIRCUMSTANCES = {
    "wait": "--confirmation-wait-for",
    "interval": "--confirmation-interval",
    "wait_for_lock": "--wait-for-lock",
    "lease": "--lock-lease",
    "allow_missing": "--allow-missing",
}
_WISHES = {"force_redeploy": "--force-redeploy", "rollback_on_failure": "--rollback-on-failure"}
_LOOKS = {"interval": "--confirmation-interval"}


def circumstances(request: DeployRequest) -> tuple[str, ...]:
    """What holds for whatever is deployed there next: how long to watch and to wait, that services may be gone."""
    return _given(request, _CIRCUMSTANCES)


def wishes(request: DeployRequest) -> tuple[str, ...]:
    """What was wanted of this deployment alone."""
    return _given(request, _WISHES)


def looks(request: DeployRequest | ConfirmRequest) -> tuple[str, ...]:
    """How to go on watching. How long a deployment was watched says nothing of that."""
    if isinstance(request, DeployRequest):
        return _given(request, _LOOKS)
    return _given(request, {"wait": "--confirmation-wait-for", **_LOOKS})


def _given(request: DeployRequest | ConfirmRequest, flags: dict[str, str]) -> tuple[str, ...]:
    defaults = {field.name: field.default for field in fields(request)}
    values = {name: getattr(request, name) for name in flags}
    return tuple(
        word
        for name, value in values.items()
        if value != defaults[name]
        for word in _words(flags[name], value)
    )


def _words(flag: str, value: object) -> tuple[str, ...]:
    return (flag,) if value is True else (flag, str(value).removesuffix(".0"))
