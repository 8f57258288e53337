"""CodeDeploy's deployments of ECS services: lifecycle events, traffic, stops and rollbacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import CLUSTER, CRASH, GOOD, SERVICE, Cloud, Json

TARGET = f"{CLUSTER}:{SERVICE}"
NAMED = {"applicationName": "shop", "deploymentGroupName": "web"}


class Shop:
    """A service that CodeDeploy deploys, and its deployment group."""

    def __init__(self, configuration: str = "CodeDeployDefault.ECSAllAtOnce", **group: Any) -> None:
        self.cloud = Cloud()
        self.cloud.registry.push()
        self.cloud.define()
        self.cloud.create(deploymentController={"type": "CODE_DEPLOY"})
        self.cloud.pass_time(120)
        self.code_deploy = self.cloud.client("codedeploy")
        self.code_deploy.create_application(applicationName="shop", computePlatform="ECS")
        self.code_deploy.create_deployment_group(
            **NAMED,
            deploymentConfigName=configuration,
            serviceRoleArn="arn:aws:iam::111122223333:role/codedeploy",
            ecsServices=[{"serviceName": SERVICE, "clusterName": CLUSTER}],
            **group,
        )

    def deploy(self, **request: Any) -> str:
        target = {
            "TaskDefinition": SERVICE,
            "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},
        }
        spec = {
            "version": 0.0,
            "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": target}}],
        }
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}}
        answer = self.code_deploy.create_deployment(**NAMED, revision=revision, **request)
        return str(answer["deploymentId"])

    def look(self, deployment_id: str) -> Json:
        found: Json = self.code_deploy.get_deployment(deploymentId=deployment_id)["deploymentInfo"]
        return found

    def target(self, deployment_id: str) -> Json:
        (found,) = self.code_deploy.batch_get_deployment_targets(
            deploymentId=deployment_id, targetIds=[TARGET]
        )["deploymentTargets"]
        ecs_target: Json = found["ecsTarget"]
        return ecs_target

    def event(self, deployment_id: str) -> str:
        events = self.target(deployment_id)["lifecycleEvents"]
        return next((event["lifecycleEventName"] for event in events if event["status"] == "InProgress"), "")

    def share(self, deployment_id: str) -> float:
        sets = self.target(deployment_id)["taskSetsInfo"]
        return float(next(found["trafficWeight"] for found in sets if found["taskSetLabel"] == "Green"))

    def status_in_the_end(self, deployment_id: str) -> str:
        over = ("Succeeded", "Failed", "Stopped")
        self.cloud.pass_until(lambda: self.look(deployment_id)["status"] in over)
        return str(self.look(deployment_id)["status"])

    def primary(self) -> Json:
        sets: list[Json] = self.cloud.look()["taskSets"]
        (found,) = (task_set for task_set in sets if task_set["status"] == "PRIMARY")
        return found


def waits(minutes: int) -> Json:
    return {
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": minutes,
        }
    }


def test_deployment_goes_through_its_lifecycle_events_and_replaces_the_task_set() -> None:
    shop = Shop()
    digest = shop.cloud.registry.push(GOOD)
    deployment = shop.deploy()
    assert shop.look(deployment)["status"] == "Created"
    with pytest.raises(ClientError, match="DeploymentNotStartedException"):
        shop.target(deployment)
    events: list[str] = []
    for _ in range(200):
        shop.cloud.pass_time(1)
        if shop.look(deployment)["status"] == "InProgress" and shop.event(deployment) not in events:
            events.append(shop.event(deployment))

    assert events == [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
        "",
    ]
    assert shop.look(deployment)["status"] == "Succeeded"
    assert shop.cloud.running() == [digest]
    (task_set,) = shop.cloud.look()["taskSets"]
    assert (task_set["status"], task_set["externalId"]) == ("PRIMARY", deployment)


def test_new_task_set_is_primary_once_all_production_traffic_goes_to_it() -> None:
    shop = Shop("CodeDeployDefault.ECSCanary10Percent5Minutes", blueGreenDeploymentConfiguration=waits(3))
    shop.cloud.registry.push(GOOD)
    deployment = shop.deploy()

    shop.cloud.pass_until(
        lambda: shop.look(deployment)["status"] == "InProgress" and shop.share(deployment) == 10
    )
    assert shop.primary()["externalId"] == ""

    shop.cloud.pass_until(lambda: shop.share(deployment) == 100)
    assert shop.primary()["externalId"] == deployment
    assert not shop.look(deployment)["instanceTerminationWaitTimeStarted"]

    shop.cloud.pass_until(lambda: shop.look(deployment)["instanceTerminationWaitTimeStarted"])
    began = shop.cloud.now
    assert len(shop.cloud.look()["taskSets"]) == 2
    assert shop.status_in_the_end(deployment) == "Succeeded"
    assert (shop.cloud.now - began).total_seconds() > 180


def test_group_deploys_one_revision_at_a_time() -> None:
    shop = Shop()
    first = shop.deploy(description="mine")

    with pytest.raises(ClientError, match=f"DeploymentLimitExceededException.*{first}"):
        shop.deploy()

    listed = shop.code_deploy.list_deployments(**NAMED, includeOnlyStatuses=["Created", "InProgress"])
    assert listed["deployments"] == [first]
    assert shop.look(first)["description"] == "mine"
    shop.status_in_the_end(first)
    assert shop.deploy() != first


def test_stopped_deployment_is_rolled_back_by_a_deployment_of_its_own() -> None:
    shop = Shop(blueGreenDeploymentConfiguration=waits(10))
    before = shop.cloud.running()
    shop.cloud.registry.push(GOOD)
    deployment = shop.deploy()
    shop.cloud.pass_until(lambda: bool(shop.look(deployment)["instanceTerminationWaitTimeStarted"]))

    shop.code_deploy.stop_deployment(deploymentId=deployment, autoRollbackEnabled=True)
    shop.cloud.pass_time(300)

    found = shop.look(deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")
    back = shop.look(found["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert back["rollbackInfo"]["rollbackTriggeringDeploymentId"] == deployment
    assert shop.cloud.running() == before
    with pytest.raises(ClientError, match="DeploymentAlreadyCompletedException"):
        shop.code_deploy.stop_deployment(deploymentId=deployment)


def test_replacement_that_never_becomes_healthy_ends_in_a_timeout() -> None:
    shop = Shop()
    shop.cloud.registry.push(CRASH)
    deployment = shop.deploy()

    shop.cloud.pass_time(59 * 60)
    assert shop.event(deployment) == "Install"
    assert shop.status_in_the_end(deployment) == "Failed"
    assert shop.look(deployment)["errorInformation"]["code"] == "TIMEOUT"


def test_alarm_stops_a_deployment_and_is_named() -> None:
    alarms = {"enabled": True, "alarms": [{"name": "errors"}]}
    shop = Shop(blueGreenDeploymentConfiguration=waits(10), alarmConfiguration=alarms)
    shop.cloud.registry.push(GOOD)
    deployment = shop.deploy()
    shop.cloud.pass_until(lambda: bool(shop.look(deployment)["instanceTerminationWaitTimeStarted"]))

    shop.cloud.trouble("alarm")
    shop.cloud.pass_time(60)

    found = shop.look(deployment)
    assert (found["status"], found["errorInformation"]["code"]) == ("Stopped", "ALARM_ACTIVE")
    assert "errors" in found["errorInformation"]["message"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"applicationName": "other", "deploymentGroupName": "web"}, "ApplicationDoesNotExistException"),
        ({"applicationName": "shop", "deploymentGroupName": "other"}, "DeploymentGroupDoesNotExistException"),
    ],
)
def test_unknown_group_is_refused(request_: Json, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        Shop().code_deploy.get_deployment_group(**request_)


def test_group_tells_its_service_and_its_waits() -> None:
    shop = Shop(
        "CodeDeployDefault.ECSLinear10PercentEvery3Minutes", blueGreenDeploymentConfiguration=waits(5)
    )

    group = shop.code_deploy.get_deployment_group(**NAMED)["deploymentGroupInfo"]
    config = shop.code_deploy.get_deployment_config(deploymentConfigName=group["deploymentConfigName"])

    assert group["ecsServices"] == [{"serviceName": SERVICE, "clusterName": CLUSTER}]
    assert group["blueGreenDeploymentConfiguration"] == waits(5)
    routing = config["deploymentConfigInfo"]["trafficRoutingConfig"]
    assert routing["timeBasedLinear"] == {"linearPercentage": 10, "linearInterval": 3}


def test_revision_without_an_app_spec_is_refused() -> None:
    shop = Shop()
    for content in ("", "no JSON", "{}"):
        revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
        with pytest.raises(ClientError, match="InvalidRevisionException"):
            shop.code_deploy.create_deployment(**NAMED, revision=revision)
