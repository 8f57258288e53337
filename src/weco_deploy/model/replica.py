"""Replicas of a repository in other regions, which ECR makes of images when they are pushed, and of tags when they move."""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.model.registry import EcrAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A replica of an image's repository, with the same name, from which services pull the environment's tag.

    `source` is the registry in which the tag moves, `address` the registry of the replica.
    """

    image_id: str
    repository: str
    tag: str
    source: EcrAddress
    address: EcrAddress

    def __str__(self) -> str:
        account = "" if self.address.account == self.source.account else f" (account {self.address.account})"
        return f"the replica of {self.repository} in {self.address.region}{account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """How far ECR is with replicating an image to a replica: `status` is IN_PROGRESS, COMPLETE, FAILED, or a new one."""

    status: str
    failure_code: str = ""
