"""Requests to the operations, and the command line's flags for their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from weco_deploy.model.kind import Kind

if TYPE_CHECKING:
    from weco_deploy.model.release import Release  # `--help` imports the requests, and needs no release

DONE, RUN = "done", "run"
"""What can be said of a step."""
DEFAULT_LABEL = "latest"
DEFAULT_DESCRIPTION = "No description provided"
DEFAULT_ROLLBACK_DESCRIPTION = "Rollback"
DEFAULT_INTERVAL = 10.0
DEFAULT_WAIT = 600.0
DEFAULT_CONFIRM_WAIT = 60.0
DEFAULT_LEASE = 120
LEAVE, ROLLBACK = "leave", "rollback"
"""What an interrupted deployment leaves behind."""
DEFAULT_STABLE_FOR = 10.0
"""Seconds for which tasks must have been running, as in Nomad's `min_healthy_time`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The command line's flag for a field of a request.

    The command line builds its option from the flag and the field's default, and suggested commands use the flag, too.
    Numbers are between `least` and `most`. If there are `choices`, a text is one of them. Another text must not be empty unless `may_be_empty` is set. A field that the project
    file may set, too, has the default None: `switch` means that it is turned on or off, `seconds` that it is a number of
    seconds.
    """

    name: str
    help: str
    metavar: str | None = None
    least: float = 0.0
    most: float | None = None
    may_be_empty: bool = False
    switch: bool = False
    seconds: bool = False
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"WECO_DEPLOY_{self.name.removeprefix('--').replace('-', '_').upper()}"

    @property
    def metadata(self) -> dict[str, Flag]:
        """The metadata of the dataclass field."""
        return {"flag": self}


def flags(request: type[DeployOptions | ConfirmRequest]) -> dict[str, Flag]:
    """The flags of a request, by field name. Fields without a flag are left out."""
    return {field.name: field.metadata["flag"] for field in fields(request) if "flag" in field.metadata}


_WAIT = Flag(
    name="--confirmation-wait-for",
    help="How many seconds to watch the services. If they are not done by then, the exit code is 3.",
)
_STABLE_FOR = Flag(
    name="--stable-for",
    help="How many seconds the tasks must have been running.  [default: stable_for in the project file, else"
    f" {DEFAULT_STABLE_FOR:g}]",
    seconds=True,
)
_INTERVAL = Flag(
    name="--confirmation-interval", help="Longest time between two polls of a service, in seconds.", least=0.1
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOptions:
    """The options that all commands that deploy have in common. Times are in seconds.

    `wait` is how long to watch after the last service was redeployed; `wait_for_lock` is how long to wait for somebody
    else's lock. `override_gate` is the reason for passing a closed gate. `step` has texts such as `migrate=done`.
    `on_interrupt` is LEAVE or ROLLBACK.
    """

    wait: float = field(default=DEFAULT_WAIT, metadata=_WAIT.metadata)
    interval: float = field(default=DEFAULT_INTERVAL, metadata=_INTERVAL.metadata)
    stable_for: float | None = field(default=None, metadata=_STABLE_FOR.metadata)
    rollback_on_failure: bool | None = field(
        default=None,
        metadata=Flag(
            name="--rollback-on-failure",
            help="Go back to the last release that worked if the deployment fails or takes too long, and something speaks "
            "against an image.  [default: on_failure in the project file]",
            switch=True,
        ).metadata,
    )
    on_interrupt: str = field(
        default=LEAVE,
        metadata=Flag(
            name="--on-interrupt",
            help="What a signal that ends the run (Ctrl-C, or a cancelled job) leaves behind: everything as it is then, or the tags put "
            "back and ECS told to roll back the deployments in progress that lead back to the images before.",
            choices=(LEAVE, ROLLBACK),
        ).metadata,
    )
    wait_for_lock: float = field(
        default=0.0,
        metadata=Flag(
            name="--wait-for-lock",
            help="How many seconds to wait for somebody else's deployment. If it still holds the lock then, the exit code "
            "is 4.",
        ).metadata,
    )
    lease: int = field(
        default=DEFAULT_LEASE,
        metadata=Flag(
            name="--lock-lease",
            help="How many seconds the lock stays after this run is killed.",
            least=1,
            most=24 * 3600,
        ).metadata,
    )
    force_redeploy: bool = field(
        default=False,
        metadata=Flag(
            name="--force-redeploy", help="Also redeploy services that run the release already."
        ).metadata,
    )
    allow_missing: bool = field(
        default=False,
        metadata=Flag(
            name="--allow-missing",
            help="Leave out services that are not found or use none of their images. At least one must be found.",
        ).metadata,
    )
    allow_unpinned: bool = field(
        default=False,
        metadata=Flag(
            name="--allow-unpinned",
            help="Run the tasks in `before` although a service could start the release's images before they have succeeded.",
        ).metadata,
    )
    step: tuple[str, ...] = field(
        default=(),
        metadata=Flag(
            name="--step",
            metavar="ID=done|run",
            help="What to do about a task in `before`: count it as done, or run it whatever became of an earlier run. May be given "
            "several times.",
        ).metadata,
    )
    override_gate: str | None = field(
        default=None,
        metadata=Flag(
            name="--override-gate",
            metavar="REASON",
            help="Deploy although a gate is closed: the release has not succeeded where it must, its images would go "
            "backwards, or the environment it comes from is in doubt. The reason is recorded.",
        ).metadata,
    )

    @property
    def steps(self) -> Mapping[str, str]:
        """What to do about steps, by id: `DONE` or `RUN`."""
        return {step_id: said for step_id, _, said in (text.rpartition("=") for text in self.step)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """Make a release of the images that have a label, or of those of a commit: exactly one of the two is given.

    `commit` is an id, an abbreviation of one, a branch, a tag or `HEAD`. `wait_for_images` is for how many seconds to wait until
    each image has the label, or a version of the commit itself. `overrides` is the reason why a closed gate was passed; the
    description keeps it.
    """

    description: str
    from_label: str | None = None
    commit: str | None = None
    wait_for_images: float = 0.0
    allow_partial: bool = False
    overrides: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest(DeployOptions):
    """Deploy `release` to an environment.

    `new_release` means that the release is not recorded yet. Claiming the environment records it. `lock_afterwards` is the
    reason for a lock by hand that holds from the end of the deployment, however it ends. `source` is the environment that
    `promote` takes the release from. `board` is the board that this run updates; suggested commands name it, too.
    """

    release: Release
    environment_id: str
    description: str = field(
        metadata=Flag(
            name="--description",
            metavar="TEXT",
            help="A description for the history.",
            may_be_empty=True,
        ).metadata
    )
    new_release: bool = False
    kind: Kind = Kind.DEPLOY
    lock_afterwards: str | None = None
    source: str | None = None
    board: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """Run the checks of an environment again."""

    environment_id: str
    lease: int = DEFAULT_LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRequest:
    """Watch an earlier deployment: that of `release_id` or, if it is None, the environment's last deployment.

    If `recorded` is False, the result is not recorded.
    """

    environment_id: str
    release_id: str | None = None
    wait: float = field(default=DEFAULT_CONFIRM_WAIT, metadata=_WAIT.metadata)
    interval: float = field(default=DEFAULT_INTERVAL, metadata=_INTERVAL.metadata)
    stable_for: float | None = field(default=None, metadata=_STABLE_FOR.metadata)
    lease: int = DEFAULT_LEASE
    recorded: bool = True
