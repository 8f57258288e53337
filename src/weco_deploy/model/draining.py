"""Old tasks that keep running for a while after all new tasks of their service run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StaysBecause(StrEnum):
    """Why ECS lets an old task run: it is protected from scale-in, or ECS removes it after an early success."""

    SCALE_IN_PROTECTION = "scale_in_protection"
    EARLY_SUCCESS = "early_success"


@dataclass(frozen=True, slots=True)
class DrainingTask:
    """An old task, by its id. `until` is when it ends at the latest, as long as nobody extends that; None if unknown."""

    task: str
    until: datetime | None
    why: StaysBecause


@dataclass(frozen=True, slots=True)
class TaskProtection:
    """A task, by its ARN, that is protected from scale-in until then; None if that is unknown."""

    task: str
    until: datetime | None
