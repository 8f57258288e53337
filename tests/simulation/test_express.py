"""Express services: how they are created, what DescribeServices hides of them, and what UpdateService refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulation.cloud import CLUSTER, IMAGE, SERVICE, Cloud, Json

ROLE = "arn:aws:iam::111122223333:role/infrastructure"


def express(cloud: Cloud, **request: object) -> Json:
    answer: Json = cloud.ecs.create_express_gateway_service(
        cluster=CLUSTER, serviceName=SERVICE, infrastructureRoleArn=ROLE, **request
    )["service"]
    return answer


def test_express_service_has_a_task_definition_that_only_its_deployments_name() -> None:
    cloud = Cloud()
    digest = cloud.registry.push()
    created = express(cloud, primaryContainer={"image": IMAGE})
    cloud.settle()

    service = cloud.look()

    assert created["status"] == {"statusCode": "ACTIVE"}
    assert "taskDefinition" not in service
    assert service["resourceManagementType"] == "ECS"
    assert service["deploymentConfiguration"]["strategy"] == "CANARY"
    (deployment,) = service["deployments"]
    defined = cloud.ecs.describe_task_definition(taskDefinition=deployment["taskDefinition"])
    (container,) = defined["taskDefinition"]["containerDefinitions"]
    assert (container["name"], container["image"]) == ("Main", IMAGE)
    assert cloud.running() == [digest]


def test_express_service_is_redeployed_with_a_canary_by_a_forced_deployment() -> None:
    cloud = Cloud()
    cloud.registry.push()
    express(cloud, primaryContainer={"image": IMAGE})
    cloud.settle()
    digest, _ = cloud.deploy()
    began = cloud.now

    cloud.settle()

    assert cloud.running() == [digest]
    assert (cloud.now - began).total_seconds() > 6 * 60


@pytest.mark.parametrize(
    "managed", [{"deploymentConfiguration": {"bakeTimeInMinutes": 0}}, {"loadBalancers": []}]
)
def test_what_ecs_manages_of_an_express_service_cannot_be_updated(managed: Json) -> None:
    cloud = Cloud()
    cloud.registry.push()
    express(cloud, primaryContainer={"image": IMAGE})

    with pytest.raises(ClientError, match="InvalidParameterException"):
        cloud.update(**managed)


def test_express_service_may_be_of_a_task_definition_with_a_main_container() -> None:
    cloud = Cloud()
    cloud.registry.push()
    main = cloud.define(name="Main")
    other = cloud.define()

    express(cloud, taskDefinitionArn=main)

    assert cloud.look()["deployments"][0]["taskDefinition"] == main
    for wrong in ({"taskDefinitionArn": other}, {"taskDefinitionArn": main, "cpu": "256"}, {}):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            express(cloud, **wrong)
