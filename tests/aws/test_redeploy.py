"""Which failures of UpdateService, which is not idempotent, are retried."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.aws.scripted import LOST, Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import THROTTLED_PAUSE, UPDATE_PAUSES, EcsRuntime
from weco_deploy.aws.rates import PERMISSION_CHECK_INTERVAL, Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied, AwsError, LeaseLost, Throttled, Unreachable
from weco_deploy.model.service import ServiceKey
from weco_deploy.ports import THROTTLING_PATIENCE

KEY = ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/acme", "search")
SERVICE = {
    "serviceArn": "arn:aws:ecs:eu-west-1:111122223333:service/acme/search",
    "serviceName": "search",
    "clusterArn": KEY.cluster,
    "deployments": [
        {"id": "ecs-svc/1", "status": "ACTIVE"},
        {"id": "ecs-svc/2", "status": "PRIMARY"},
    ],
}
STARTED = json_answer(service=SERVICE)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def runtime(aws: ScriptedAws, clock: StillClock) -> EcsRuntime:
    aws.says("UpdateService", STARTED)
    return EcsRuntime(Login(clock, Rates()).account("eu-west-1"), clock)


def test_redeploy_returns_the_id_of_the_primary_deployment(runtime: EcsRuntime) -> None:
    assert runtime.redeploy(KEY).id == "ecs-svc/2"


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        Answer(500, '{"__type": "ServerException"}'),
        Answer(503, "<html>busy</html>"),
        Answer(200, '{"service": {"serviceArn": "arn:aw'),
        Answer(200, "<html>welcome to the hotel</html>"),
        json_answer(service={}),
        json_answer(service={**SERVICE, "deployments": []}),
    ],
    ids=["lost", "500", "503", "cut off", "not json", "empty", "no primary"],
)
def test_update_of_unknown_outcome_is_sent_once(
    aws: ScriptedAws, runtime: EcsRuntime, clock: StillClock, answer: Answer
) -> None:
    aws.says("UpdateService", answer)

    with pytest.raises(Unreachable):
        runtime.redeploy(KEY)

    assert aws.calls == ["UpdateService"]
    assert clock.waited == []


def test_throttled_update_is_sent_again(aws: ScriptedAws, runtime: EcsRuntime, clock: StillClock) -> None:
    throttled = refusal("ThrottlingException", "Rate exceeded")
    aws.says("UpdateService", throttled, throttled, STARTED)

    assert runtime.redeploy(KEY).id == "ecs-svc/2"

    assert len(aws.calls) == 3
    assert THROTTLED_PAUSE <= sum(clock.waited) <= 3 * THROTTLED_PAUSE


def test_update_that_stays_throttled_fails_after_five_minutes(
    aws: ScriptedAws, runtime: EcsRuntime, clock: StillClock
) -> None:
    aws.says("UpdateService", refusal("ThrottlingException", "Rate exceeded"))

    with pytest.raises(Throttled):
        runtime.redeploy(KEY)

    assert (
        THROTTLING_PATIENCE.total_seconds() <= sum(clock.waited) <= THROTTLING_PATIENCE.total_seconds() + 10
    )


def test_update_is_not_sent_again_once_it_is_no_longer_allowed(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("UpdateService", refusal("ThrottlingException", "Rate exceeded"), STARTED)

    def allowed() -> None:
        if aws.calls:
            raise LeaseLost("our lock ran out")

    with pytest.raises(LeaseLost):
        runtime.redeploy(KEY, allowed)

    assert aws.calls == ["UpdateService"]


def test_waiting_update_ends_within_a_second_of_losing_permission(
    aws: ScriptedAws, runtime: EcsRuntime, clock: StillClock
) -> None:
    aws.says("UpdateService", refusal("ThrottlingException", "Rate exceeded"))
    over = clock.utc() + timedelta(seconds=10)

    def allowed() -> None:
        if clock.utc() > over:
            raise LeaseLost("our lock ran out")

    with pytest.raises(LeaseLost):
        runtime.redeploy(KEY, allowed)

    assert clock.utc() - over <= timedelta(seconds=PERMISSION_CHECK_INTERVAL)


@pytest.mark.usefixtures("aws")
def test_update_that_could_not_be_sent_is_sent_again(
    clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    runtime = EcsRuntime(Login(clock, Rates()).account("eu-west-1"), clock)

    with pytest.raises(Unreachable, match="can't be reached"):
        runtime.redeploy(KEY)

    assert sum(UPDATE_PAUSES) / 2 <= sum(clock.waited) <= sum(UPDATE_PAUSES)


def test_refused_update_is_sent_once(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("UpdateService", refusal("ServiceNotActiveException", "Service was not ACTIVE."))

    with pytest.raises(
        AwsError, match=r"ecs:UpdateService: ServiceNotActiveException: Service was not ACTIVE\."
    ):
        runtime.redeploy(KEY)

    assert len(aws.calls) == 1


def test_denied_update_names_the_permission(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says(
        "UpdateService",
        refusal(
            "AccessDeniedException",
            "User: arn:aws:sts::111122223333:assumed-role/ci/me is not authorized to perform: ecs:UpdateService"
            " on resource: arn:aws:ecs:eu-west-1:111122223333:service/acme/search because no identity-based"
            " policy allows the ecs:UpdateService action",
        ),
    )

    with pytest.raises(AccessDenied) as denied:
        runtime.redeploy(KEY)

    assert "permission ecs:UpdateService is missing" in denied.value.message
    assert "service/acme/search" in denied.value.message
    assert "assumed-role/ci/me" in denied.value.message


def test_malformed_listing_is_unreachable_and_not_empty(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    not_json = Answer(200, "<html>welcome to the hotel</html>")
    for operation in ("DescribeServices", "ListTasks", "DescribeTasks", "ListServices", "ListClusters"):
        aws.says(operation, not_json)

    with pytest.raises(Unreachable, match="ecs:DescribeServices"):
        runtime.describe(KEY.cluster, ["search"])
    with pytest.raises(Unreachable, match="ecs:ListTasks"):
        runtime.tasks_listed(KEY.cluster, "search")
    with pytest.raises(Unreachable, match="ecs:DescribeTasks"):
        runtime.tasks(KEY.cluster, ["a-task"])
    with pytest.raises(Unreachable, match="ecs:ListServices"):
        runtime.services_in(KEY.cluster)
    with pytest.raises(Unreachable, match="ecs:ListClusters"):
        runtime.clusters()


def test_failure_inside_a_good_answer_is_an_error(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    aws.says("DescribeServices", json_answer(services=[], failures=[{"arn": "x", "reason": "EXPLODED"}]))

    with pytest.raises(AwsError, match="EXPLODED"):
        runtime.describe(KEY.cluster, ["search"])


def test_unknown_statuses_are_accepted(aws: ScriptedAws, runtime: EcsRuntime) -> None:
    service = {**SERVICE, "status": "SLEEPING", "deployments": [{"id": "ecs-svc/2", "status": "TERTIARY"}]}
    aws.says("DescribeServices", json_answer(services=[service], failures=[]))

    (found,) = runtime.describe(KEY.cluster, ["search"])

    assert found.status == "SLEEPING"
    assert found.primary is None
    assert (found.desired, found.deployments[0].rollout_state) == (0, None)
