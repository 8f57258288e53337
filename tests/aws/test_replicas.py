"""Replicas in ECR: where they are read, and as what AWS's answers are taken."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.replicas import EcrReplicas
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.replica import Replica, Replication

DIGEST = "sha256:" + "1" * 64
HERE = Replica(
    image_id="app",
    repository="acme/app",
    tag="env.stage",
    source=EcrAddress("111122223333", "eu-west-1"),
    address=EcrAddress("111122223333", "us-east-1"),
)
OTHER_ACCOUNT = replace(HERE, address=EcrAddress("444455556666", "us-east-1"))


@pytest.fixture
def replicas(aws: ScriptedAws) -> EcrReplicas:
    aws.says("DescribeImages", json_answer(imageDetails=[]))
    login = Login(StillClock(), Rates())
    return EcrReplicas(login.account("eu-west-1"), login.account("us-east-1"))


@pytest.mark.parametrize("replica", [HERE, OTHER_ACCOUNT])
def test_tag_is_read_in_the_registry_of_the_replica(
    aws: ScriptedAws, replicas: EcrReplicas, replica: Replica
) -> None:
    aws.says("DescribeImages", json_answer(imageDetails=[{"imageDigest": DIGEST}]))

    assert replicas.digest(replica) == DIGEST
    (asked,) = (json.loads(body) for body in aws.bodies)
    assert asked == {
        "registryId": replica.address.account,
        "repositoryName": "acme/app",
        "imageIds": [{"imageTag": "env.stage"}],
    }


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ImageNotFoundException"),
        refusal("RepositoryNotFoundException"),
        json_answer(imageDetails=[]),
    ],
)
def test_tag_that_was_not_replicated_yet_points_at_nothing(
    aws: ScriptedAws, replicas: EcrReplicas, answer: Answer
) -> None:
    aws.says("DescribeImages", answer)
    assert replicas.digest(HERE) is None


def test_replica_that_may_not_be_read_is_an_error(aws: ScriptedAws, replicas: EcrReplicas) -> None:
    aws.says("DescribeImages", refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied):
        replicas.digest(HERE)


def test_replication_is_the_one_to_the_account_and_region_of_the_replica(
    aws: ScriptedAws, replicas: EcrReplicas
) -> None:
    statuses = [
        {"region": "us-east-1", "registryId": "999999999999", "status": "COMPLETE"},
        {"region": "us-east-2", "registryId": "111122223333", "status": "COMPLETE"},
        {"region": "us-east-1", "registryId": "111122223333", "status": "FAILED", "failureCode": "KmsKey"},
    ]
    aws.says("DescribeImageReplicationStatus", json_answer(replicationStatuses=statuses))

    assert replicas.replication(HERE, DIGEST) == Replication(status="FAILED", failure_code="KmsKey")
    assert replicas.replication(OTHER_ACCOUNT, DIGEST) is None
