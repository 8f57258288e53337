"""A run of the command line: the global options, and the state that an error report needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weco_deploy.local.event_sinks import EventDispatcher, Sink
    from weco_deploy.local.interrupts import Signals
    from weco_deploy.model.deployment import Deployment
    from weco_deploy.model.requests import ConfirmRequest, DeployRequest

PROGRAM = "weco-deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The global options; None for an option that was not given. `confirm` means to ask no questions.

    `output_file` gets the result as JSON, too. It is an option of the commands that a pipeline runs. `board` is where commands that deploy
    update the board. `from_variables` has the parameters, of the program and of the command, whose values came from environment variables.
    """

    project_file: str | None = None
    project_id: str | None = None
    region_name: str | None = None
    role_arn: str | None = None
    verbose: bool = False
    confirm: bool = False
    dry_run: bool = False
    json: bool = False
    output_file: str | None = None
    board: str | None = None
    from_variables: frozenset[str] = frozenset()

    @property
    def project_options(self) -> tuple[str, ...]:
        """The options that identify the project. Suggested commands repeat them."""
        return self._project_options()

    @property
    def typed_project_options(self) -> tuple[str, ...]:
        """Those of `project_options` that did not come from environment variables."""
        return self._project_options(left_out=self.from_variables)

    def _project_options(self, left_out: frozenset[str] = frozenset()) -> tuple[str, ...]:
        given = {
            "project_file": self.project_file,
            "project_id": self.project_id,
            "region_name": self.region_name,
            "role_arn": self.role_arn,
        }
        return tuple(
            word
            for name, value in given.items()
            if value is not None and name not in left_out
            for word in (f"--{name.replace('_', '-')}", value)
        )


@dataclass(slots=True)
class Invocation:
    """A run of the command line. `main` makes it before anything is parsed.

    Args:
        signals: the process's signal handlers.
        settings: the global options; the defaults until they are parsed.
        progress: how many services are redeployed, while that goes on: `214 of 300 redeployed`.
        recorded: the deployment in its latest event. Once there is one, it is the JSON document, even after an error.
        request: the request for this deployment. Suggested commands repeat its flags.
        error_exit_code: the exit code of all errors, if the command's exit code is an answer; None for each error's own.
        event_sinks: the sinks besides the terminal, by name.
        dispatchers: the dispatchers to close in the end.
        update_board: updates the board in the end, if a deployment was recorded; None without `--board`.

    """

    signals: Signals
    settings: Settings = field(default_factory=Settings)
    progress: str = ""
    recorded: Deployment | None = None
    request: DeployRequest | ConfirmRequest | None = None
    error_exit_code: int | None = None
    event_sinks: Mapping[str, Sink] = field(default_factory=dict)
    dispatchers: list[EventDispatcher] = field(default_factory=list)
    update_board: Callable[[], None] | None = None
