"""Settings of an AWS account that `doctor` checks, as they were observed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose credentials are used in an account.

    `ahead` is by how much this machine's clock is ahead of AWS's, to the second; None if AWS's answer doesn't tell the time.
    """

    arn: str
    account: str
    ahead: timedelta | None
