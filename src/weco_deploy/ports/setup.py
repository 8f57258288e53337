"""Settings of one account and region that only `doctor` reads."""

from __future__ import annotations

from typing import Protocol

from weco_deploy.model.setup import Identity


class SetupReader(Protocol):
    """Each method is one AWS call and may raise AwsError."""

    def identity(self) -> Identity:
        """Whose credentials are used, after the role was assumed if there is one."""
