"""Groups what is read together: services by their cluster, and as many of anything as a call takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from weco_deploy.model.service import ServiceKey

ItemT = TypeVar("ItemT")


def by_cluster(keys: Iterable[ServiceKey]) -> dict[str, list[ServiceKey]]:
    """These services by the ARN of their cluster, each once, sorted."""
    clusters: dict[str, list[ServiceKey]] = {}
    for key in sorted(set(keys)):
        clusters.setdefault(key.cluster, []).append(key)
    return clusters


def batches_of(items: Sequence[ItemT], size: int) -> Iterator[Sequence[ItemT]]:
    """The items in order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
