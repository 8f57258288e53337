"""Which command made a deployment. A small module, because options name it and `--help` imports those."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Which command made a deployment. A rollback never goes back to another rollback."""

    DEPLOY = "deploy"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
