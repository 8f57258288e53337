"""StopServiceDeployment and ContinueServiceDeployment: what is sent, what is sent again, and what ECS refuses."""

from __future__ import annotations

import json

import pytest

from tests.aws.scripted import LOST, Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied, LeaseLost, Unreachable
from weco_deploy.model.plan import EcsRollback
from weco_deploy.model.service import ResolvedImage

PREFIX = "arn:aws:ecs:eu-west-1:111122223333"
ARN = f"{PREFIX}:service-deployment/acme/search/NCWGC2ZR-taawPAYrIaU5"
REVISION = f"{PREFIX}:service-revision/acme/search/4980306466373577095"
IN_PROGRESS = EcsRollback(service_deployment_arn=ARN)
PAUSED = EcsRollback(service_deployment_arn=ARN, hook_id="ecs-pause-1")
ACCEPTED = json_answer(serviceDeploymentArn=ARN)


@pytest.fixture
def runtime(aws: ScriptedAws) -> EcsRuntime:
    aws.says("StopServiceDeployment", ACCEPTED)
    aws.says("ContinueServiceDeployment", ACCEPTED)
    return EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def test_deployment_in_progress_is_stopped_with_a_rollback(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    assert runtime.roll_back(IN_PROGRESS)

    assert aws.calls == ["StopServiceDeployment"]
    assert json.loads(aws.bodies[0]) == {"serviceDeploymentArn": ARN, "stopType": "ROLLBACK"}


def test_paused_deployment_is_rolled_back_at_its_hook(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    assert runtime.roll_back(PAUSED)

    assert aws.calls == ["ContinueServiceDeployment"]
    sent = json.loads(aws.bodies[0])
    assert sent == {"serviceDeploymentArn": ARN, "hookId": "ecs-pause-1", "action": "ROLLBACK"}


@pytest.mark.parametrize(
    ("rollback", "code"),
    [
        (IN_PROGRESS, "ConflictException"),
        (IN_PROGRESS, "ServiceDeploymentNotFoundException"),
        (IN_PROGRESS, "UnsupportedFeatureException"),
        (PAUSED, "InvalidParameterException"),
        (PAUSED, "ClientException"),
    ],
)
def test_deployment_that_is_not_in_progress_any_more_is_not_rolled_back(
    aws: ScriptedAws, runtime: EcsRuntime, rollback: EcsRollback, code: str
) -> None:
    for operation in ("StopServiceDeployment", "ContinueServiceDeployment"):
        aws.says(operation, refusal(code, "The service deployment can't be stopped."))

    assert not runtime.roll_back(rollback)

    assert len(aws.calls) == 1


def test_denied_rollback_names_the_permission(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("StopServiceDeployment", refusal("AccessDeniedException", "not authorized"))

    with pytest.raises(AccessDenied, match="ecs:StopServiceDeployment"):
        runtime.roll_back(IN_PROGRESS)


@pytest.mark.parametrize("answer", [LOST, Answer(500, '{"__type": "ServerException"}')], ids=["lost", "500"])
def test_rollback_of_unknown_outcome_is_sent_once(
    aws: ScriptedAws, runtime: EcsRuntime, answer: Answer
) -> None:
    aws.says("StopServiceDeployment", answer)

    with pytest.raises(Unreachable):
        runtime.roll_back(IN_PROGRESS)

    assert aws.calls == ["StopServiceDeployment"]


def test_throttled_rollback_is_sent_again(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("StopServiceDeployment", refusal("ThrottlingException", "Rate exceeded"), ACCEPTED)

    assert runtime.roll_back(IN_PROGRESS)

    assert len(aws.calls) == 2


def test_rollback_is_not_sent_once_it_is_not_allowed_any_more(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    def allowed() -> None:
        raise LeaseLost("lost")

    with pytest.raises(LeaseLost):
        runtime.roll_back(IN_PROGRESS, allowed)

    assert aws.calls == []


def test_revisions_have_the_digests_of_their_images(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    images = [
        {"containerName": "app", "image": "acme/app:env.stage", "imageDigest": "sha256:1"},
        {"containerName": "proxy", "image": "proxy:1"},
    ]
    revision = {"serviceRevisionArn": REVISION, "containerImages": images}
    aws.says(
        "DescribeServiceRevisions",
        json_answer(serviceRevisions=[revision], failures=[{"arn": "other", "reason": "MISSING"}]),
    )

    assert runtime.revisions([REVISION, "other"]) == {
        REVISION: (
            ResolvedImage("app", "acme/app:env.stage", "sha256:1"),
            ResolvedImage("proxy", "proxy:1", None),
        )
    }
