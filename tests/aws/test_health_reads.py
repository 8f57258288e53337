"""What tells the health of tasks, as AWS answers it: containers, their health checks, and targets."""

from __future__ import annotations

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied
from weco_deploy.model.targets import Target, TargetGroup

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/search/0123456789abcdef"
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/acme"
TARGETS = """<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
<DescribeTargetHealthResult><TargetHealthDescriptions>
<member><HealthCheckPort>80</HealthCheckPort><TargetHealth><State>healthy</State></TargetHealth>
<Target><Id>10.0.0.7</Id><Port>80</Port></Target></member>
<member><TargetHealth><State>initial</State><Reason>Elb.RegistrationInProgress</Reason>
<Description>Target registration is in progress</Description></TargetHealth>
<Target><Id>i-0123</Id><Port>32768</Port></Target></member>
</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>"""


def runtime() -> EcsRuntime:
    return EcsRuntime(Login(StillClock(), Rates()).account("eu-west-1"), StillClock())


def refused(code: str, status: int) -> Answer:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
    return Answer(status, f"<ErrorResponse>{error}</ErrorResponse>")


def test_targets_have_their_address_port_and_state(aws: ScriptedAws) -> None:
    aws.says("DescribeTargetHealth", Answer(body=TARGETS))
    assert runtime().targets(GROUP) == (
        Target("10.0.0.7", 80, "healthy"),
        Target(
            "i-0123", 32768, "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
        ),
    )


def test_target_group_that_was_deleted_has_no_targets(aws: ScriptedAws) -> None:
    aws.says("DescribeTargetHealth", refused("TargetGroupNotFound", 400))
    assert runtime().targets(GROUP) == ()


def test_denied_read_of_targets_names_its_permission(aws: ScriptedAws) -> None:
    aws.says("DescribeTargetHealth", refused("AccessDenied", 403))
    with pytest.raises(AccessDenied, match="elasticloadbalancing:DescribeTargetHealth"):
        runtime().targets(GROUP)


def test_service_has_the_target_groups_of_its_load_balancers(aws: ScriptedAws) -> None:
    balancers = [
        {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 80},
        {"loadBalancerName": "classic", "containerName": "app", "containerPort": 80},
    ]
    service = {"clusterArn": CLUSTER, "serviceName": "search", "serviceArn": "a", "loadBalancers": balancers}
    aws.says("DescribeServices", json_answer(services=[service]))
    (found,) = runtime().describe(CLUSTER, ["search"])
    assert found.target_groups == (TargetGroup(GROUP, "app", 80),)


def test_container_has_its_health_and_where_load_balancers_reach_it(aws: ScriptedAws) -> None:
    container = {
        "name": "app",
        "healthStatus": "HEALTHY",
        "networkInterfaces": [{"privateIpv4Address": "10.0.0.7", "ipv6Address": "fd00::7"}],
        "networkBindings": [{"containerPort": 80, "hostPort": 32768}],
    }
    aws.says("DescribeTasks", json_answer(tasks=[{"taskArn": "a", "containers": [container]}]))
    ((found,),) = (task.containers for task in runtime().tasks(CLUSTER, ["a"]))
    assert (found.health, found.addresses, found.host_ports) == (
        "HEALTHY",
        ("10.0.0.7", "fd00::7"),
        (32768,),
    )


def test_ecs_checks_the_health_of_essential_containers_with_a_health_check(aws: ScriptedAws) -> None:
    check = {"command": ["CMD", "true"]}
    containers = [
        {"name": "app", "healthCheck": check},
        {"name": "proxy", "healthCheck": check, "essential": False},
        {"name": "agent"},
    ]
    aws.says("DescribeTaskDefinition", json_answer(taskDefinition={"containerDefinitions": containers}))
    assert [container.health_checked for container in runtime().defined("search:1")] == [True, False, False]


INSTANCE = "arn:aws:ecs:eu-west-1:111122223333:container-instance/acme/0123456789abcdef"
GONE = INSTANCE.replace("0123", "4567")


def test_hosts_are_the_ec2_instances_of_container_instances_without_those_that_are_gone(
    aws: ScriptedAws,
) -> None:
    here = {"containerInstanceArn": INSTANCE, "ec2InstanceId": "i-0123"}
    missing = {"arn": GONE, "reason": "MISSING"}
    aws.says("DescribeContainerInstances", json_answer(containerInstances=[here], failures=[missing]))
    assert runtime().hosts(CLUSTER, [INSTANCE, GONE]) == {INSTANCE: "i-0123"}


def test_hosts_of_no_container_instances_cost_no_call(aws: ScriptedAws) -> None:
    assert runtime().hosts(CLUSTER, []) == {}
    assert not aws.calls


def test_denied_read_of_hosts_names_its_permission(aws: ScriptedAws) -> None:
    aws.says("DescribeContainerInstances", refusal("AccessDeniedException"))
    with pytest.raises(AccessDenied, match="ecs:DescribeContainerInstances"):
        runtime().hosts(CLUSTER, [INSTANCE])
