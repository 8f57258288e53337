"""ECS's own verdicts on deployments, as AWS answers them."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.aws.scripted import ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.times import answered_at
from weco_deploy.model.service import ServiceDeployment

PREFIX = "arn:aws:ecs:eu-west-1:111122223333"
ARN = f"{PREFIX}:service-deployment/acme/search/NCWGC2ZR-taawPAYrIaU5"
REVISION = f"{PREFIX}:service-revision/acme/search/4980306466373577095"
EARLIER = f"{PREFIX}:service-revision/acme/search/4980306466373577094"


def test_service_deployment_tells_its_status_its_breaker_and_its_alarms(aws: ScriptedAws) -> None:
    answered = {
        "serviceDeploymentArn": ARN,
        "sourceServiceRevisions": [{"arn": EARLIER, "runningTaskCount": 2}],
        "targetServiceRevision": {"arn": REVISION, "requestedTaskCount": 2},
        "status": "ROLLBACK_IN_PROGRESS",
        "statusReason": "because of an alarm",
        "deploymentCircuitBreaker": {"status": "MONITORING", "failureCount": 2, "threshold": 3},
        "alarms": {"status": "TRIGGERED", "alarmNames": ["a", "b"], "triggeredAlarmNames": ["b"]},
    }
    missing = {"arn": f"{PREFIX}:service-deployment/acme/other/x", "reason": "MISSING"}
    aws.says("DescribeServiceDeployments", json_answer(serviceDeployments=[answered], failures=[missing]))
    runtime = EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())

    (found,) = runtime.service_deployments([ARN, missing["arn"]])

    assert found == ServiceDeployment(
        arn=ARN,
        status="ROLLBACK_IN_PROGRESS",
        target_revision=REVISION,
        source_revisions=(EARLIER,),
        reason="because of an alarm",
        breaker="MONITORING",
        failures=2,
        threshold=3,
        alarms="TRIGGERED",
        triggered_alarms=("b",),
    )
    assert found.deploys("ecs-svc/4980306466373577095")
    assert not found.deploys("ecs-svc/980306466373577095")


def test_time_of_an_answer_is_read_from_its_date_header() -> None:
    metadata = {"HTTPHeaders": {"date": "Wed, 04 Mar 2026 12:00:05 GMT"}}
    assert answered_at(metadata) == datetime(2026, 3, 4, 12, 0, 5, tzinfo=UTC)  # type: ignore[arg-type]  # what is read of it
    for headers in ({}, {"date": "yesterday"}):
        assert answered_at({"HTTPHeaders": headers}) is None  # type: ignore[typeddict-item]  # as above
