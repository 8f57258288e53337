"""Why a replica does not have a release yet, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.states import OLD
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.replica import Replica, Replication
from weco_deploy.rules.replication import explained, not_there

REPLICA = Replica(
    image_id="search",
    repository="acme/search",
    tag="env.stage",
    source=EcrAddress("123456789012", "eu-west-1"),
    address=EcrAddress("123456789012", "us-east-1"),
)


def test_tag_that_points_elsewhere_or_nowhere_is_named_with_both_digests() -> None:
    assert not_there(REPLICA, OLD) == (
        "env.stage in the replica of acme/search in us-east-1 points at sha256:6f6c64000000, not at the release's image"
    )
    assert "points at nothing, not at" in not_there(REPLICA, None)


def test_replica_in_another_account_is_named_with_its_account() -> None:
    other = replace(REPLICA, address=EcrAddress("999999999999", "us-east-1"))
    assert str(other) == "the replica of acme/search in us-east-1 (account 999999999999)"


@pytest.mark.parametrize(
    ("replication", "said"),
    [
        (None, "ECR does not replicate this image there: look at the registry's replication rules"),
        (Replication(status="COMPLETE"), "ECR has replicated the image, but not yet its tag"),
        (Replication(status="IN_PROGRESS"), "ECR is still replicating the image"),
        (
            Replication(status="FAILED", failure_code="KmsKey"),
            "ECR could not replicate the image (KmsKey)",
        ),
        (Replication(status="FAILED"), "ECR could not replicate the image"),
        (Replication(status="PAUSED"), "ECR says of its replication: PAUSED"),
    ],
)
def test_replication_is_explained_by_its_status(replication: Replication | None, said: str) -> None:
    assert explained(replication) == said
