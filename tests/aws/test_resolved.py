"""The digests that a deployment resolved its tags to, used only if they are certainly that deployment's."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.aws.scripted import LOST, Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import NoCredentials
from weco_deploy.model.service import EcsDeployment, ResolvedImage, Service, ServiceKey

DIGEST = "sha256:" + "a" * 64
SERVICE = Service(
    key=ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/acme", "search"),
    arn="arn:aws:ecs:eu-west-1:111122223333:service/acme/search",
    status="ACTIVE",
    desired=1,
    running=1,
    deployments=(
        EcsDeployment(
            id="ecs-svc/2",
            status="PRIMARY",
            rollout_state="IN_PROGRESS",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
    ),
)
REVISION = "arn:aws:ecs:eu-west-1:111122223333:service-revision/acme/search/7"
IMAGES = [
    {"containerName": "app", "image": "app:env.stage", "imageDigest": DIGEST},
    {"containerName": "sidecar", "image": "fluent:1"},
]


def deployment(status: str = "IN_PROGRESS") -> dict[str, str]:
    return {"status": status, "targetServiceRevisionArn": REVISION}


@pytest.fixture
def runtime(aws: ScriptedAws) -> EcsRuntime:
    aws.says("ListServiceDeployments", json_answer(serviceDeployments=[deployment()]))
    aws.says(
        "DescribeServiceRevisions",
        json_answer(
            serviceRevisions=[{"serviceRevisionArn": REVISION, "containerImages": IMAGES}], failures=[]
        ),
    )
    return EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def test_resolved_images_are_those_of_the_primary_deployments_revision(runtime: EcsRuntime) -> None:
    assert runtime.resolved(SERVICE) == (
        ResolvedImage("app", "app:env.stage", DIGEST),
        ResolvedImage("sidecar", "fluent:1", None),
    )


def test_service_deployment_is_found_by_the_primary_deployments_time(
    aws: ScriptedAws, runtime: EcsRuntime
) -> None:
    begun = SERVICE.deployments[0].created_at.timestamp()

    runtime.resolved(SERVICE)

    assert aws.calls == ["ListServiceDeployments", "DescribeServiceRevisions"]
    window = json.loads(aws.bodies[0])["createdAt"]
    assert begun - 60 < window["after"] < begun < window["before"] < begun + 60
    assert json.loads(aws.bodies[1]) == {"serviceRevisionArns": [REVISION]}


@pytest.mark.parametrize(
    "deployments",
    [
        [],
        [deployment(), deployment()],
        [deployment("ROLLBACK_IN_PROGRESS")],
        [deployment("ROLLBACK_SUCCESSFUL")],
        [deployment("STOPPED")],
        [deployment("A_STATUS_TO_COME")],
    ],
    ids=["none", "two", "rolling back", "rolled back", "stopped", "unknown"],
)
def test_no_image_is_resolved_if_it_may_be_another_revision(
    aws: ScriptedAws, runtime: EcsRuntime, deployments: list[object]
) -> None:
    aws.says("ListServiceDeployments", json_answer(serviceDeployments=deployments))

    assert runtime.resolved(SERVICE) == ()


@pytest.mark.parametrize("operation", ["ListServiceDeployments", "DescribeServiceRevisions"])
@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        Answer(500, "<html>not implemented</html>"),
        refusal("AccessDeniedException", "no"),
        refusal("ThrottlingException", "Rate exceeded"),
        refusal("UnknownOperationException"),
        Answer(200, "{}"),
    ],
    ids=["lost", "500", "denied", "throttled", "unknown operation", "empty"],
)
def test_failed_call_resolves_no_image_and_is_not_retried(
    aws: ScriptedAws, runtime: EcsRuntime, operation: str, answer: Answer
) -> None:
    aws.says(operation, answer)

    assert runtime.resolved(SERVICE) == ()
    assert aws.calls.count(operation) == 1


def test_expired_credentials_are_raised(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("ListServiceDeployments", refusal("ExpiredTokenException", "The security token is expired"))

    with pytest.raises(NoCredentials):
        runtime.resolved(SERVICE)
