"""What holds of every rollout, whatever the service is like and whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cloud import CHECKED, CLUSTER, TARGETS, Cloud, Json
from weco_deploy.sandbox.ecs import Behaviour

BALANCER = {"targetGroupArn": TARGETS, "containerName": "app", "containerPort": 8000}
BEHAVIOURS = st.sampled_from(
    [
        Behaviour(),
        Behaviour(start=45),
        Behaviour(exits_after=0),
        Behaviour(exits_after=8),
        Behaviour(exits_after=70),
        Behaviour(healthy=False),
        Behaviour(protects_for=400),
        Behaviour(pullable=False),
        Behaviour(failing_starts=2),
    ]
)
BREAKERS = st.sampled_from(
    [
        {"enable": False, "rollback": False},
        {"enable": True, "rollback": False},
        {"enable": True, "rollback": True},
        {"enable": True, "rollback": True, "resetOnHealthyTask": False},
        {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 2}},
    ]
)
KINDS = st.sampled_from(["redeployed", "scaled", "spot-interruption", "host-failure", "no-capacity", "none"])
EVENTS = st.lists(st.tuples(st.integers(0, 300), KINDS, st.integers(0, 5)), max_size=4)
SERVICES = st.fixed_dictionaries(
    {
        "desired": st.integers(0, 5),
        "minimum": st.sampled_from([0, 50, 100]),
        "maximum": st.sampled_from([100, 150, 200]),
        "breaker": BREAKERS,
        "checked": st.booleans(),
        "balanced": st.booleans(),
        "fargate": st.booleans(),
    }
)
A_VERDICT_WITHIN = 2500


def estate(service: Json) -> Cloud:
    """A service of that kind, up and running."""
    cloud = Cloud()
    cloud.registry.push()
    if service["checked"]:
        cloud.define(healthCheck=CHECKED)
    else:
        cloud.define()
    cloud.create(
        desiredCount=service["desired"],
        launchType="FARGATE" if service["fargate"] else "EC2",
        loadBalancers=[BALANCER] if service["balanced"] else [],
        deploymentConfiguration={
            "minimumHealthyPercent": service["minimum"],
            "maximumPercent": service["maximum"],
            "deploymentCircuitBreaker": service["breaker"],
        },
    )
    cloud.settle()
    return cloud


def each_moment(cloud: Cloud, seconds: float, look: Callable[[], None]) -> None:
    """Look after everything that happens."""
    end = cloud.now.timestamp() + seconds
    while (due := cloud.simulation.next_due()) is not None and due.timestamp() <= end:
        cloud.now = max(cloud.now, due)
        cloud.simulation.run_due(due)
        look()


@settings(max_examples=40, deadline=None)
@given(SERVICES)
def test_a_rollout_of_good_images_keeps_to_the_percentages(service: Json) -> None:
    cloud = estate(service)
    cloud.deploy()
    most = service["desired"] * service["maximum"] // 100
    fewest = -(-service["desired"] * service["minimum"] // 100)

    def look() -> None:
        now = cloud.look()
        running = [task for task in cloud.tasks() if task["lastStatus"] == "RUNNING"]
        assert now["runningCount"] + now["pendingCount"] <= most
        assert len(running) >= fewest

    each_moment(cloud, 600, look)
    moves = most > fewest or not service["desired"]
    assert (cloud.look()["deployments"][0]["rolloutState"] == "COMPLETED") is moves


@settings(max_examples=40, deadline=None)
@given(SERVICES, BEHAVIOURS, EVENTS)
def test_tasks_of_one_deployment_never_run_different_digests(
    service: Json, behaviour: Behaviour, events: list[tuple[int, str, int]]
) -> None:
    cloud = estate(service)
    cloud.deploy(behaviour)
    for after, kind, value in events:
        cloud.trouble(kind, after=after, value=value)
    digests: dict[str, set[str]] = {}

    def look() -> None:
        for task in cloud.tasks():
            reported = {
                container["imageDigest"] for container in task["containers"] if "imageDigest" in container
            }
            digests.setdefault(task["startedBy"], set()).update(reported)

    cloud.pass_time(4)
    cloud.registry.push()
    each_moment(cloud, 400, look)
    assert all(len(reported) <= 1 for reported in digests.values())


@settings(max_examples=40, deadline=None)
@given(SERVICES, BEHAVIOURS, EVENTS)
def test_every_deployment_reaches_a_verdict_or_shows_why_not(
    service: Json, behaviour: Behaviour, events: list[tuple[int, str, int]]
) -> None:
    cloud = estate(service)
    cloud.deploy(behaviour)
    for after, kind, value in events:
        cloud.trouble(kind, after=after, value=value)
    cloud.pass_time(A_VERDICT_WITHIN)

    now = cloud.look()
    records = cloud.ecs.list_service_deployments(cluster=CLUSTER, service="web")["serviceDeployments"]
    latest, *earlier = records
    assert {deployment["status"] for deployment in earlier} <= {
        "SUCCESSFUL",
        "STOPPED",
        "ROLLBACK_SUCCESSFUL",
        "ROLLBACK_FAILED",
    }
    assert now["deployments"][0]["status"] == "PRIMARY"
    if latest["status"] == "IN_PROGRESS":
        assert why_it_goes_on(cloud, now)
    elif latest["status"] == "SUCCESSFUL":
        assert now["deployments"][0]["rolloutState"] == "COMPLETED"
    else:
        assert latest["statusReason"]


def why_it_goes_on(cloud: Cloud, service: Json) -> bool:
    """Whether something can be seen that keeps the deployment open."""
    desired, configuration = service["desiredCount"], service["deploymentConfiguration"]
    stuck = desired * configuration["maximumPercent"] // 100 <= -(
        -desired * configuration["minimumHealthyPercent"] // 100
    )
    words = ("unable to place", "unable to consistently", "health checks", "is unhealthy", "under protection")
    told = any(word in event for word in words for event in cloud.events())
    return stuck or told or bool(cloud.tasks(stopped=True))
