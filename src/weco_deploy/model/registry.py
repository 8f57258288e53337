"""Registries, and the names of images in task definitions: `<registry>/<repository>:<tag>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ECR = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<domain>[a-z0-9.-]+)")
_DOMAINS = frozenset(
    {
        # The domain of each partition, then the one of its dual-stack names. The ECS agent accepts the same ones.
        *("amazonaws.com", "on.aws"),
        *("amazonaws.com.cn", "on.amazonwebservices.com.cn"),
        *("amazonaws.eu", "amazonwebservices.eu", "on.amazonwebservices.eu"),
        *("c2s.ic.gov", "on.aws.ic.gov"),
        *("sc2s.sgov.gov", "on.aws.scloud"),
        *("cloud.adc-e.uk", "on.cloud-aws.adc-e.uk"),
        *("csp.hci.ic.gov", "on.aws.hci.ic.gov"),
    }
)
_KEPT = 4096
"""Names that are parsed once: each poll compares those of all containers with those of all expected images."""


@dataclass(frozen=True, slots=True)
class EcrAddress:
    """The account and region of an ECR registry. A registry has several host names: IPv4 or dual-stack, and with FIPS."""

    account: str
    region: str

    @classmethod
    @lru_cache(_KEPT)
    def parse(cls, host: str) -> EcrAddress | None:
        """The registry with that host name; None if it is not one of ECR's. A region is in one partition only."""
        found = _ECR.fullmatch(host)
        if found is None or found["domain"] not in _DOMAINS:
            return None
        return cls(found["account"], found["region"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """An image's name. `registry` is a host name, empty for Docker Hub; `tag` is empty without one."""

    registry: str
    repository: str
    tag: str
    by_digest: bool

    @classmethod
    @lru_cache(_KEPT)
    def parse(cls, text: str) -> ImageName:
        """The parts of any text that ECS takes for the name of an image."""
        name, at, _ = text.partition("@")
        host, slash, path = name.partition("/")
        # Like Docker: the first part is a registry if it looks like a host.
        has_registry = slash and ("." in host or ":" in host or host == "localhost")
        repository, _, tag = (path if has_registry else name).partition(":")
        return cls(
            registry=host.lower() if has_registry else "", repository=repository, tag=tag, by_digest=bool(at)
        )


def same_registry(host: str, other: str) -> bool:
    """Whether two host names are the same registry's."""
    address = EcrAddress.parse(host)
    return host == other or (address is not None and address == EcrAddress.parse(other))
