"""The steps of a deployment besides moving tags and redeploying services, such as a task that runs before the restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

WAVE = "wave"
"""The kind of a step that is a wave of services. Other kinds are keys of the project file."""


class StepStatus(StrEnum):
    """The status of a step. `skipped`: it did not have to run. `unknown`: it began, and how it ended can't be found out."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


GOOD_STEPS = frozenset({StepStatus.SUCCEEDED, StepStatus.SKIPPED})
BAD_STEPS = frozenset({StepStatus.FAILED, StepStatus.TIMED_OUT, StepStatus.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """A step of a deployment, with its result. Its `id` is unique in the deployment.

    Args:
        id: its id in the project file.
        kind: what it is, as the key of the project file that declares it, or WAVE.
        status: how far it is.
        started: when it began; None if it has not.
        finished: when it ended; None if it has not.
        exit_code: the exit code that decided about it; None if there is none, or it is not known.
        detail: why it failed, was skipped, or is unknown; empty if there is nothing to say.
        log_location: the place of its log.
        log_lines: its last log lines. The terminal and JSON show them, but the record never contains them.
        output: its last log lines, if the project file says that the record gets them.
        advisory: whether the deployment may succeed without it.

    """

    id: str
    kind: str
    status: StepStatus = StepStatus.PENDING
    started: datetime | None = None
    finished: datetime | None = None
    exit_code: int | None = None
    detail: str = ""
    log_location: str | None = None
    log_lines: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    advisory: bool = False

    @property
    def bad(self) -> bool:
        """Whether it ended, or may have ended, without success."""
        return self.status in BAD_STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """A task that a step ran, as it is recorded apart from deployments, so that a later one can go on with it.

    Args:
        key: names what was run: a deployment with the same key has the same command and images.
        token: makes ECS run one task at most, see `NewTask`.
        deployment_id: the deployment that began it.
        status: how far it is.
        begun: when ECS was first asked to run it.
        cluster: the cluster, as ECS was asked.
        definition: the ARN of its task definition's revision.
        task: the ARN of the task; None as long as ECS's answer is not known.

    """

    key: str
    token: str
    deployment_id: str
    status: StepStatus
    begun: datetime
    cluster: str
    definition: str
    task: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is StepStatus.SUCCEEDED
