"""The type of boto3's IAM client, as far as the tool uses it: for one method, a package of types would be too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class IamClient(Protocol):
    """boto3's IAM client."""

    @property
    def meta(self) -> Any: ...

    def simulate_principal_policy(
        self,
        *,
        PolicySourceArn: str,  # noqa: N803 - boto3's names
        ActionNames: Sequence[str],  # noqa: N803
        ResourceArns: Sequence[str],  # noqa: N803
        ContextEntries: Sequence[Mapping[str, object]],  # noqa: N803
        MaxItems: int,  # noqa: N803
    ) -> Any: ...
