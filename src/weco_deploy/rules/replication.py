"""Explains why a replica does not have a release yet."""

from __future__ import annotations

from weco_deploy.model.digest import short_digest
from weco_deploy.model.replica import Replica, Replication


def not_there(replica: Replica, found: str | None) -> str:
    """What the tag points at in the replica instead of the release's image."""
    now = short_digest(found) if found else "nothing"
    return f"{replica.tag} in {replica} points at {now}, not at the release's image"


def explained(replication: Replication | None) -> str:
    """What ECR says of the replication of the image; None if it does not replicate it to that registry."""
    if replication is None:
        return "ECR does not replicate this image there: look at the registry's replication rules"
    code = f" ({replication.failure_code})" if replication.failure_code else ""
    match replication.status:
        case "COMPLETE":
            return "ECR has replicated the image, but not yet its tag"
        case "IN_PROGRESS":
            return "ECR is still replicating the image"
        case "FAILED":
            return f"ECR could not replicate the image{code}"
        case other:
            return f"ECR says of its replication: {other}{code}"
