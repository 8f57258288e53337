"""A simulated account for tests: a registry in memory, a clock that a test moves, and boto3's clients."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from weco_deploy.sandbox.ecs import Behaviour, Image, NotPullable, Settings, Simulation
from weco_deploy.sandbox.ecs.client import Client
from weco_deploy.sandbox.ecs.images import repository_of

ACCOUNT, REGION = "111122223333", "eu-west-1"
CLUSTER, SERVICE = "shop", "web"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/acme/web"
IMAGE = f"{REPOSITORY}:env.stage"
TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/0123456789abcdef"
GOOD = Behaviour()
CRASH = Behaviour(exits_after=0, exit_code=3)
UNHEALTHY = Behaviour(healthy=False)
CHECKED = {"command": ["CMD", "true"]}
Json = dict[str, Any]


@dataclass
class Registry:
    """Images by tag and by digest, of any repository."""

    tags: dict[str, str] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    asked: list[Collection[str]] = field(default_factory=list)

    def push(self, behaviour: Behaviour = GOOD, *references: str, reported: str = "") -> str:
        """A new image, with these references moved to it. Its digest."""
        digest = "sha256:" + hashlib.sha256(f"{len(self.images)}".encode()).hexdigest()
        self.images[digest] = Image(digest=digest, behaviour=behaviour, reported=reported)
        self.tags.update(dict.fromkeys(references or (IMAGE,), digest))
        return digest

    def resolve(self, references: Collection[str]) -> dict[str, Image | NotPullable]:
        self.asked.append(sorted(references))
        return {reference: self._find(reference) for reference in references}

    def _find(self, reference: str) -> Image | NotPullable:
        repository = repository_of(reference)
        digest = reference.removeprefix(f"{repository}@")
        return self.images.get(self.tags.get(reference, digest), NotPullable())


class Cloud:
    """One account and region. Services are called `web` and are in the cluster `shop` unless a test says otherwise."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.registry = Registry()
        self.simulation = Simulation(self.registry, settings)
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.began = self.now
        self.ecs = self.client("ecs")
        self.ecs.create_cluster(clusterName=CLUSTER)

    def client(self, service: str, account: str = ACCOUNT) -> Client:
        return Client(self.simulation, service, account, REGION, lambda: self.now, checks_answers=True)

    def define(self, family: str = SERVICE, image: str = IMAGE, **container: object) -> str:
        """A task definition of one container. Its ARN."""
        answer = self.ecs.register_task_definition(
            family=family, containerDefinitions=[{"name": "app", "image": image, **container}]
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def service(self, behaviour: Behaviour = GOOD, *, checked: bool = False, **request: Any) -> str:
        """A service that runs an image of that behaviour and has come to rest. The image's digest."""
        digest = self.registry.push(behaviour)
        if checked:
            self.define(healthCheck=CHECKED)
        else:
            self.define()
        self.create(**request)
        self.settle()
        return digest

    def create(self, **request: Any) -> Json:
        usual = {"cluster": CLUSTER, "serviceName": SERVICE, "taskDefinition": SERVICE}
        if request.get("schedulingStrategy") != "DAEMON":
            usual |= {"desiredCount": 1}  # type: ignore[dict-item]  # the usual number of tasks
        answer: Json = self.ecs.create_service(**usual | request)["service"]
        return answer

    def deploy(self, behaviour: Behaviour = GOOD) -> tuple[str, str]:
        """Push a new image under the service's tag, and force a deployment: the image's digest, the deployment's id."""
        digest = self.registry.push(behaviour)
        return digest, self.redeploy()

    def redeploy(self) -> str:
        answer = self.ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
        return str(answer["service"]["deployments"][0]["id"])

    def update(self, **request: Any) -> Json:
        answer: Json = self.ecs.update_service(cluster=CLUSTER, service=SERVICE, **request)["service"]
        return answer

    def trouble(self, kind: str, **more: object) -> None:
        request = {"cluster": CLUSTER, "service": SERVICE, "kind": kind, **more}
        self.simulation.answer(ACCOUNT, REGION, "sandbox:MakeTrouble", request, self.now)

    def pass_time(self, seconds: float) -> None:
        """Let time pass; everything happens when it is due."""
        end = self.now + timedelta(seconds=seconds)
        while (due := self.simulation.next_due()) is not None and due <= end:
            self.simulation.run_due(due)
            self.now = max(self.now, due)
        self.now = end
        self.simulation.run_due(end)

    def pass_until(self, condition: Callable[[], bool], within: float = 7200) -> None:
        """Let time pass until the condition holds, which is looked at whenever something has happened."""
        end = self.now + timedelta(seconds=within)
        while not condition():
            due = self.simulation.next_due()
            if due is None or due > end:
                raise AssertionError(f"it did not happen within {within:g} s: {self.look()}")
            self.now = max(self.now, due)
            self.simulation.run_due(due)

    def settle(self) -> None:
        """Let time pass until the service has one deployment, completed or failed, and no task on its way."""
        self.pass_until(lambda: self._settled(self.look()))

    def _settled(self, service: Json) -> bool:
        deployments = service["deployments"]
        failed = deployments[0]["rolloutState"] == "FAILED"
        done = len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"
        full = service["runningCount"] == service["desiredCount"]
        return not service["pendingCount"] and (failed or (done and full))

    def look(self, name: str = SERVICE) -> Json:
        """The service, as DescribeServices tells it."""
        answer = self.ecs.describe_services(cluster=CLUSTER, services=[name], include=["TAGS"])
        found: Json = answer["services"][0]
        return found

    def deployment(self, deployment_id: str) -> Json:
        found: Json = next(
            deployment for deployment in self.look()["deployments"] if deployment["id"] == deployment_id
        )
        return found

    def tasks(self, *, stopped: bool = False, service: str = SERVICE) -> list[Json]:
        """The tasks of the service, of which there are at most a hundred."""
        status = "STOPPED" if stopped else "RUNNING"
        arns = self.ecs.list_tasks(cluster=CLUSTER, serviceName=service, desiredStatus=status)["taskArns"]
        if not arns:
            return []
        found: list[Json] = self.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"]
        return found

    def running(self) -> list[str]:
        """The digests that its running tasks report."""
        return [
            container["imageDigest"]
            for task in self.tasks()
            if task["lastStatus"] == "RUNNING"
            for container in task["containers"]
            if "imageDigest" in container
        ]

    def events(self) -> list[str]:
        """What its events say, the newest first, without the name of the service."""
        return [event["message"].removeprefix(f"(service {SERVICE}) ") for event in self.look()["events"]]

    def service_deployment(self, arn: str = "") -> Json:
        """The service deployment of that ARN; without one the current."""
        arns = [arn or self.look()["currentServiceDeployment"]]
        answer = self.ecs.describe_service_deployments(serviceDeploymentArns=arns)
        found: Json = answer["serviceDeployments"][0]
        return found


def states(service: Json) -> list[tuple[str, str]]:
    return [(deployment["status"], deployment["rolloutState"]) for deployment in service["deployments"]]


def breaker(**rules: object) -> Json:
    """A deployment configuration with a circuit breaker that rolls back, unless told otherwise."""
    return {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **rules}}
