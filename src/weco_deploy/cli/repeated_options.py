"""The options of this run that suggested commands repeat, where a person reads them and where a build or a file keeps them.

At a person's terminal, environment variables such as `WECO_DEPLOY_PROJECT_ID` are still set when the command is pasted. So commands
there are shorter: they leave out what came from variables. Elsewhere commands are complete.
"""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import TYPE_CHECKING, TextIO

from weco_deploy.cli.invocation import Invocation, Settings

if TYPE_CHECKING:
    from weco_deploy.model.requests import ConfirmRequest, DeployRequest

_ALWAYS = frozenset({"force_redeploy", "rollback_on_failure"})
"""Fields of requests that change what a deployment does. Whoever repeats it should see them."""


def options_for(stream: TextIO, settings: Settings) -> tuple[str, ...]:
    """The options that identify the project, for the reader of a stream."""
    if not settings.from_variables or not _has_the_variables(stream):
        return settings.project_options
    return settings.typed_project_options


def request_for(stream: TextIO, invocation: Invocation) -> DeployRequest | ConfirmRequest | None:
    """The request whose flags are repeated for the reader of a stream."""
    request = invocation.request
    if request is None or not invocation.settings.from_variables or not _has_the_variables(stream):
        return request
    defaults = {field.name: field.default for field in fields(request) if field.default is not MISSING}
    left_out = invocation.settings.from_variables - _ALWAYS
    return replace(request, **{name: default for name, default in defaults.items() if name in left_out})


def _has_the_variables(stream: TextIO) -> bool:
    """Whether a person reads the stream in the shell that this process got its variables from."""
    from weco_deploy.report.progress import can_be_redrawn

    return can_be_redrawn(stream)
