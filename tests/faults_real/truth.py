"""The actual state of AWS, from the sandbox itself, without the proxy and the tool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.proxy import messages
from tests.proxy.messages import Message
from weco_deploy.aws.records.attributes import decoded
from weco_deploy.model.project import Project
from weco_deploy.sandbox.estate import USUAL
from weco_deploy.sandbox.running import Sandbox

Document = Mapping[str, Any]
"""AWS's JSON."""

_TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "ecr": ("AmazonEC2ContainerRegistry_V20150921", "1.1"),
    "ecs": ("AmazonEC2ContainerServiceV20141113", "1.1"),
}

ROLLED_BACK = ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
CRASHED = "EssentialContainerExited"
"""The stop code of a task whose container ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualTask:
    """A running or stopped task; times are seconds since the epoch, None if it has not happened."""

    digests: frozenset[str]
    runs: bool
    started: float | None
    stopped: float | None
    stop_code: str

    def ran_between(self, begin: float, end: float) -> bool:
        """Whether the task may have run at some time between `begin` and `end`."""
        if self.started is None or self.started > end:
            return False
        return self.stopped is None or begin <= self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class ActualService:
    """A service, with all tasks that ECS still knows."""

    primary: str
    complete: bool
    failed: frozenset[str]
    desired: int
    tasks: tuple[ActualTask, ...]

    @property
    def running(self) -> set[str]:
        """The digests of the running tasks."""
        return {digest for task in self.tasks if task.runs for digest in task.digests}

    def crashes(self, digest: str, before: float) -> int:
        """How many tasks with this digest had ended by themselves by that time."""
        ended = (task for task in self.tasks if task.digests == {digest} and task.stop_code == CRASHED)
        return sum(task.stopped is not None and task.stopped <= before for task in ended)

    @property
    def steady(self) -> bool:
        """Whether the primary deployment is complete and exactly the desired tasks run."""
        return self.complete and sum(task.runs for task in self.tasks) == self.desired


class Truth:
    """The actual state of the project's account."""

    def __init__(self, sandbox: Sandbox, project: Project) -> None:
        self._sandbox = sandbox
        self._project = project

    async def digest(self, image_id: str, tag: str) -> str | None:
        """The digest that a tag of an image points at."""
        repository = self._project.image(image_id).repository
        parameters = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
        images = (await self.request("ecr", "BatchGetImage", parameters))["images"]
        return str(images[0]["imageId"]["imageDigest"]) if images else None

    async def tags(self, environment: str) -> dict[str, str | None]:
        """Image id → the digest that the environment's tag points at."""
        return {image.id: await self.digest(image.id, f"env.{environment}") for image in self._project.images}

    async def services(self, environment: str) -> dict[str, ActualService]:
        """Service id → service."""
        cluster = USUAL.cluster(self._project, self._project.environment(environment))
        names = list(self._project.services)
        services = [
            service
            for first in range(0, len(names), 10)
            for service in (
                await self.request(
                    "ecs", "DescribeServices", {"cluster": cluster, "services": names[first : first + 10]}
                )
            )["services"]
        ]
        tasks = await self._tasks(cluster)
        return {
            service["serviceName"]: _service(service, tasks, await self._rolled_back(service))
            for service in services
        }

    async def _rolled_back(self, service: Document) -> frozenset[str]:
        """The ids of the service's deployments that ECS rolled back, or is about to."""
        listed = await self.request(
            "ecs",
            "ListServiceDeployments",
            {
                "cluster": service["clusterArn"],
                "service": service["serviceName"],
                "status": list(ROLLED_BACK),
                "maxResults": 100,
            },
        )
        arns = (str(deployment["targetServiceRevisionArn"]) for deployment in listed["serviceDeployments"])
        return frozenset(f"ecs-svc/{arn.rpartition('/')[2]}" for arn in arns)

    async def items(self) -> list[Document]:
        """All items of the project's table; none without a table."""
        parameters = {"TableName": self._project.release_table, "ConsistentRead": True}
        answer = await self._answer("dynamodb", "Scan", parameters)
        if "Items" not in answer:
            assert "ResourceNotFound" in str(answer), answer
            return []
        assert "LastEvaluatedKey" not in answer
        return [decoded(item) for item in answer["Items"]]

    async def environment(self, environment: str) -> Document:
        """The environment's item."""
        key = f"environment#{environment}"
        return next(item for item in await self.items() if item["release_id"] == key)

    async def deployments(self) -> list[Document]:
        """The items of all deployments, the oldest first."""
        found = [item for item in await self.items() if str(item["release_id"]).startswith("deployment#")]
        return sorted(found, key=lambda item: str(item["last_date_deployed"]))

    async def redeploy(self, environment: str, service_id: str) -> str:
        """Force a new deployment of the service, without the tool; returns its id."""
        cluster = USUAL.cluster(self._project, self._project.environment(environment))
        parameters = {"cluster": cluster, "service": service_id, "forceNewDeployment": True}
        updated = await self.request("ecs", "UpdateService", parameters)
        return str(updated["service"]["deployments"][0]["id"])

    async def disable_breaker(self, environment: str, service_id: str) -> None:
        """Disable the service's circuit breaker, so that ECS retries for ever."""
        cluster = USUAL.cluster(self._project, self._project.environment(environment))
        off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
        parameters = {"cluster": cluster, "service": service_id, "deploymentConfiguration": off}
        await self.request("ecs", "UpdateService", parameters)

    async def delete_table(self) -> None:
        """Delete the table, as if nothing had ever been deployed."""
        name = self._project.release_table
        await self._answer("dynamodb", "UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
        await self._answer("dynamodb", "DeleteTable", {"TableName": name})

    async def request(self, service: str, operation: str, document: Document) -> Document:
        """Send a request; an error fails the test."""
        answer = await self._answer(service, operation, document)
        assert "__type" not in answer, (operation, answer)
        return answer

    async def _answer(self, service: str, operation: str, document: Document) -> Document:
        state = self._sandbox.state
        target, version = _TARGETS[service]
        body = json.dumps(document).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-{version}\r\n"
            f"X-Amz-Target: {target}.{operation}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={state.account}/20200101/{state.region}/{service}/aws4_request,"
            " SignedHeaders=host, Signature=0"
        )
        simulated = service == "ecs"
        url = urlsplit(state.simulation_endpoint if simulated else state.endpoint)
        reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=messages.MAX_HEAD_BYTES)
        try:
            writer.write(Message(head.encode(), body).wire)
            answer = await messages.read(reader)
        finally:
            writer.close()
        assert answer is not None, operation
        found: Document = json.loads(answer.body or b"{}")
        return found

    async def _tasks(self, cluster: str) -> Sequence[Document]:
        arns: list[str] = []
        for status in ("RUNNING", "STOPPED"):
            parameters: dict[str, object] = {"cluster": cluster, "desiredStatus": status, "maxResults": 100}
            while True:
                page = await self.request("ecs", "ListTasks", parameters)
                arns += page["taskArns"]
                if not page.get("nextToken"):
                    break
                parameters["nextToken"] = page["nextToken"]
        return [
            task
            for first in range(0, len(arns), 100)
            for task in (
                await self.request(
                    "ecs", "DescribeTasks", {"cluster": cluster, "tasks": arns[first : first + 100]}
                )
            )["tasks"]
        ]


def _service(service: Document, tasks: Sequence[Document], rolled_back: frozenset[str]) -> ActualService:
    deployments = service["deployments"]
    primary = next(deployment for deployment in deployments if deployment["status"] == "PRIMARY")
    return ActualService(
        primary=primary["id"],
        complete=primary.get("rolloutState") == "COMPLETED",
        failed=rolled_back
        | {deployment["id"] for deployment in deployments if deployment.get("rolloutState") == "FAILED"},
        desired=service["desiredCount"],
        tasks=tuple(_task(task) for task in tasks if task["group"] == f"service:{service['serviceName']}"),
    )


def _task(task: Document) -> ActualTask:
    return ActualTask(
        digests=frozenset(
            container["imageDigest"] for container in task["containers"] if container.get("imageDigest")
        ),
        runs=task["lastStatus"] == "RUNNING",
        started=_seconds(task.get("startedAt")),
        stopped=_seconds(task.get("stoppedAt")),
        stop_code=task.get("stopCode") or "",
    )


def _seconds(at: object) -> float | None:
    if isinstance(at, str):
        return datetime.fromisoformat(at).timestamp()
    return float(at) if isinstance(at, int | float) else None
