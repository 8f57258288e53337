"""The simulated services over HTTP, asked by boto3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.simulation.cloud import ACCOUNT, IMAGE, REGION, TARGETS, Registry
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.ecs import Simulation
from weco_deploy.sandbox.simulation_server import SimulationServer
from weco_deploy.sandbox.threads import in_background

OTHER_ACCOUNT = "444455556666"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/ci"


@dataclass
class Served:
    """A simulation that is served here, at a time that tests move."""

    registry: Registry = field(default_factory=Registry)
    now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.simulation = Simulation(self.registry)
        self.server = SimulationServer(self.simulation, Place(ACCOUNT, REGION), lambda: self.now)

    def client(self, service: str, key: str = ACCOUNT, token: str | None = None, region: str = REGION) -> Any:
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload] # any service
            endpoint_url=f"http://127.0.0.1:{self.server.port}",
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="any",
            aws_session_token=token,
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def service(self, **request: Any) -> Any:
        """The client of ECS that made a service `web` in the cluster `shop`, which runs one task."""
        self.registry.push()
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="shop")
        ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": IMAGE}])
        ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1, **request)
        self.now += timedelta(minutes=5)
        return ecs

    def post(self, body: bytes, **headers: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    in_background("simulation", lambda: served.server.serve_forever(poll_interval=0.01))
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_ecs_answers_boto3(served: Served) -> None:
    ecs = served.service(tags=[{"key": "deployment:env", "value": "stage"}])

    (service,) = ecs.describe_services(cluster="shop", services=["web"], include=["TAGS"])["services"]

    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (1, "COMPLETED")
    assert service["createdAt"] == served.now - timedelta(minutes=5)
    assert service["tags"] == [{"key": "deployment:env", "value": "stage"}]


def test_ecs_reads_timestamps(served: Served) -> None:
    ecs, soon = served.service(), served.now + timedelta(seconds=1)

    def listed(**created: datetime) -> int:
        answer = ecs.list_service_deployments(cluster="shop", service="web", createdAt=created)
        return len(answer["serviceDeployments"])

    assert (listed(before=soon), listed(after=soon)) == (1, 0)


def test_ecs_s_paginators_work(served: Served) -> None:
    ecs = served.client("ecs")
    for number in range(5):
        ecs.create_cluster(clusterName=f"shop-{number}")

    pages = ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2})

    assert [len(page["clusterArns"]) for page in pages] == [2, 2, 1]


def test_tagging_and_logs_answer_boto3(served: Served) -> None:
    served.service(tags=[{"key": "deployment:env", "value": "stage"}])
    logs = served.client("logs")
    logs.create_log_group(logGroupName="shop")
    logs.create_log_stream(logGroupName="shop", logStreamName="web")
    logs.put_log_events(
        logGroupName="shop", logStreamName="web", logEvents=[{"timestamp": 1, "message": "ready"}]
    )

    found = served.client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["ecs:service"], TagFilters=[{"Key": "deployment:env", "Values": ["stage"]}]
    )
    events = logs.get_log_events(logGroupName="shop", logStreamName="web")["events"]

    assert [mapping["ResourceARN"].rpartition("/")[2] for mapping in found["ResourceTagMappingList"]] == [
        "web"
    ]
    assert [event["message"] for event in events] == ["ready"]


def test_load_balancers_answer_boto3(served: Served) -> None:
    served.service(loadBalancers=[{"targetGroupArn": TARGETS, "containerName": "web", "containerPort": 80}])
    elbv2 = served.client("elbv2")

    (found,) = elbv2.describe_target_health(TargetGroupArn=TARGETS)["TargetHealthDescriptions"]

    assert (found["TargetHealth"]["State"], found["Target"]["Port"]) == ("healthy", 80)
    asked = [{"Id": "10.0.0.1"}, found["Target"]]
    assert elbv2.describe_target_health(TargetGroupArn=TARGETS, Targets=asked)[
        "TargetHealthDescriptions"
    ] == [found]
    with pytest.raises(elbv2.exceptions.TargetGroupNotFoundException):
        elbv2.describe_target_health(TargetGroupArn=TARGETS.replace("web", "app"))


def test_sts_gives_credentials_of_the_role_s_account(served: Served) -> None:
    sts = served.client("sts")
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"

    assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="a<b", DurationSeconds=900)["Credentials"]
    key, token = assumed["AccessKeyId"], assumed["SessionToken"]
    identity = served.client("sts", key, token).get_caller_identity()
    served.client("ecs", key, token).create_cluster(clusterName="theirs")

    assert assumed["Expiration"] == served.now + timedelta(minutes=15)
    assert identity["Account"] == OTHER_ACCOUNT
    assert identity["Arn"] == f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/ci/a<b"
    assert served.client("ecs").list_clusters()["clusterArns"] == []


def test_accounts_and_regions_are_apart(served: Served) -> None:
    served.client("ecs").create_cluster(clusterName="shop")

    clusters = {
        place: len(served.client("ecs", place[0], region=place[1]).list_clusters()["clusterArns"])
        for place in (
            (ACCOUNT, REGION),
            ("AKIAEXAMPLE", REGION),
            (ACCOUNT, "us-east-1"),
            (OTHER_ACCOUNT, REGION),
        )
    }

    assert list(clusters.values()) == [1, 1, 0, 0], "a key that is no account is the caller's"


def test_requests_without_a_signature_are_the_caller_s(served: Served) -> None:
    served.client("ecs").create_cluster(clusterName="shop")

    status, text = served.post(b"", **{"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters"})

    assert (status, "cluster/shop" in text) == (200, True)


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b"{", "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b"[]", "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.ListClusters", b'{"unknown": 1}', "SerializationException"),
        ("AmazonEC2ContainerServiceV20141113.DescribeServices", b"{}", "ValidationException"),
        ("AmazonEC2ContainerServiceV20141113.Unheard", b"{}", "UnknownOperationException"),
        ("AmazonEC2ContainerServiceV20141113.ListAccountSettings", b"{}", "UnknownOperationException"),
        ("Glue.GetTable", b"{}", "UnknownOperationException"),
        ("", b"Action=AssumeRole&Version=2011-06-15", "ValidationException"),
        ("", b"Action=ListBuckets", "UnknownOperationException"),
        ("", b"\xff", "SerializationException"),
    ],
)
def test_requests_that_cannot_be_answered_are_refused(
    served: Served, target: str, body: bytes, code: str
) -> None:
    status, text = served.post(body, **({"X-Amz-Target": target} if target else {}))

    assert (status, code in text) == (400, True), text


def test_errors_are_boto3_s_exceptions(served: Served) -> None:
    ecs, sts = served.client("ecs"), served.client("sts")

    with pytest.raises(ecs.exceptions.ClusterNotFoundException, match="Cluster not found"):
        ecs.describe_services(cluster="shop", services=["web"])
    with pytest.raises(ClientError, match=r"ValidationError.*no role & no ARN is invalid"):
        sts.assume_role(RoleArn="no role & no ARN is invalid", RoleSessionName="test")


def _fails(*_: object) -> None:
    raise KeyError("missing")


def test_fault_of_the_sandbox_is_told_as_one(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(served.simulation, "answer", _fails)

    with pytest.raises(ClientError, match=r"InternalFailure.*the sandbox failed: KeyError"):
        served.client("ecs").list_clusters()
    assert "Traceback" in capsys.readouterr().err


def test_provisioned_services_run_at_once(served: Served) -> None:
    served.registry.push()
    definition = {"family": "web", "containerDefinitions": [{"name": "web", "image": IMAGE}]}
    service = {"cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2}
    requests = [("CreateCluster", {"clusterName": "shop"}), ("RegisterTaskDefinition", definition)]
    requests.append(("CreateService", service))

    served.server.provision(
        [
            {"account": ACCOUNT, "region": REGION, "operation": f"ecs:{operation}", "request": request}
            for operation, request in requests
        ]
    )

    (found,) = served.client("ecs").describe_services(cluster="shop", services=["web"])["services"]
    assert (found["runningCount"], found["deployments"][0]["rolloutState"]) == (2, "COMPLETED")


def test_trouble_is_made_over_http(served: Served) -> None:
    ecs = served.service()
    request = b'{"cluster": "shop", "service": "web", "kind": "scaled", "value": 3}'

    assert served.post(request, **{"X-Amz-Target": "Sandbox.MakeTrouble"}) == (200, "{}")

    assert ecs.describe_services(cluster="shop", services=["web"])["services"][0]["desiredCount"] == 3
