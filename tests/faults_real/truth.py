"""What really is there: asked of the emulator itself, past the proxy and the tool."""

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
from weco_deploy.sandbox.provision import cluster_name
from weco_deploy.sandbox.running import Sandbox

Document = Mapping[str, Any]
"""AWS's JSON as it comes. Any: tests read what they look for."""

_TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "ecr": ("AmazonEC2ContainerRegistry_V20150921", "1.1"),
    "ecs": ("AmazonEC2ContainerServiceV20141113", "1.1"),
}

CRASHED = "EssentialContainerExited"
"""The stop code of a task whose container ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueTask:
    """A task, running or stopped; times are seconds since the epoch, None where it has not happened.

    The emulator cuts times to whole seconds, and does not say which deployment started a task.
    """

    digests: frozenset[str]
    runs: bool
    started: float | None
    stopped: float | None
    stop_code: str

    def ran_between(self, looked: float, said: float) -> bool:
        """Whether it may have run when somebody looked, who said so later."""
        if self.started is None or self.started > said:
            return False
        return self.stopped is None or looked <= self.stopped + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueService:
    """A service and all its tasks that are still known."""

    primary: str
    complete: bool
    failed: frozenset[str]
    desired: int
    tasks: tuple[TrueTask, ...]

    @property
    def running(self) -> set[str]:
        """The digests of its running tasks."""
        return {digest for task in self.tasks if task.runs for digest in task.digests}

    def crashes(self, digest: str, before: float) -> int:
        """How many of its tasks of this digest had come to an end of their own by that time."""
        ended = (task for task in self.tasks if task.digests == {digest} and task.stop_code == CRASHED)
        return sum(task.stopped is not None and task.stopped <= before for task in ended)

    @property
    def steady(self) -> bool:
        """Whether its primary deployment is complete, with as many tasks as are desired and no more."""
        return self.complete and sum(task.runs for task in self.tasks) == self.desired


class Truth:
    """The emulator's account that holds the project."""

    def __init__(self, sandbox: Sandbox, project: Project) -> None:
        self._sandbox = sandbox
        self._project = project

    async def digest(self, image_id: str, tag: str) -> str | None:
        """Where a tag of an image points."""
        repository = self._project.image(image_id).repository
        asked = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
        images = (await self.ask("ecr", "BatchGetImage", asked))["images"]
        return str(images[0]["imageId"]["imageDigest"]) if images else None

    async def tags(self, environment: str) -> dict[str, str | None]:
        """Image id → where the environment's tag points."""
        return {image.id: await self.digest(image.id, f"env.{environment}") for image in self._project.images}

    async def services(self, environment: str) -> dict[str, TrueService]:
        """Service id → the service as it is now."""
        cluster = cluster_name(self._project, self._project.environment(environment))
        names = list(self._project.services)
        described = [
            one
            for first in range(0, len(names), 10)
            for one in (
                await self.ask(
                    "ecs", "DescribeServices", {"cluster": cluster, "services": names[first : first + 10]}
                )
            )["services"]
        ]
        tasks = await self._tasks(cluster)
        return {one["serviceName"]: _service(one, tasks) for one in described}

    async def items(self) -> list[Document]:
        """Everything in the project's table; nothing if there is none."""
        asked = {"TableName": self._project.release_table, "ConsistentRead": True}
        answer = await self._answer("dynamodb", "Scan", asked)
        if "Items" not in answer:
            assert "ResourceNotFound" in str(answer), answer
            return []
        assert "LastEvaluatedKey" not in answer
        return [decoded(item) for item in answer["Items"]]

    async def environment(self, environment: str) -> Document:
        """The environment's item."""
        return next(one for one in await self.items() if one["release_id"] == f"environment#{environment}")

    async def deployments(self) -> list[Document]:
        """The items of all deployments, the oldest first."""
        found = [one for one in await self.items() if str(one["release_id"]).startswith("deployment#")]
        return sorted(found, key=lambda one: str(one["last_date_deployed"]))

    async def redeploy(self, environment: str, service_id: str) -> str:
        """Force a new deployment, as somebody else would; answers its id."""
        cluster = cluster_name(self._project, self._project.environment(environment))
        asked = {"cluster": cluster, "service": service_id, "forceNewDeployment": True}
        updated = await self.ask("ecs", "UpdateService", asked)
        return str(updated["service"]["deployments"][0]["id"])

    async def without_breaker(self, environment: str, service_id: str) -> None:
        """From now on ECS retries for ever."""
        cluster = cluster_name(self._project, self._project.environment(environment))
        off = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
        asked = {"cluster": cluster, "service": service_id, "deploymentConfiguration": off}
        await self.ask("ecs", "UpdateService", asked)

    async def forget_table(self) -> None:
        """Delete the table, as if nothing had ever been deployed."""
        name = self._project.release_table
        await self._answer("dynamodb", "UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})
        await self._answer("dynamodb", "DeleteTable", {"TableName": name})

    async def ask(self, service: str, operation: str, document: Document) -> Document:
        """Ask the emulator; an error fails the test."""
        answer = await self._answer(service, operation, document)
        assert "__type" not in answer, (operation, answer)
        return answer

    async def _answer(self, service: str, operation: str, document: Document) -> Document:
        state = self._sandbox.state
        target, version = _TARGETS[service]
        body = json.dumps(document).encode()
        head = (
            f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{state.port}\r\nContent-Type: application/x-amz-json-{version}\r\n"
            f"X-Amz-Target: {target}.{operation}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={state.account}/20200101/{state.region}/{service}/aws4_request,"
            " SignedHeaders=host, Signature=0"
        )
        where = urlsplit(self._sandbox.endpoint)
        reader, writer = await asyncio.open_connection(
            where.hostname, where.port, limit=messages.LONGEST_HEAD
        )
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
            asked: dict[str, object] = {"cluster": cluster, "desiredStatus": status, "maxResults": 100}
            while True:
                page = await self.ask("ecs", "ListTasks", asked)
                arns += page["taskArns"]
                if not page.get("nextToken"):
                    break
                asked["nextToken"] = page["nextToken"]
        return [
            task
            for first in range(0, len(arns), 100)
            for task in (
                await self.ask(
                    "ecs", "DescribeTasks", {"cluster": cluster, "tasks": arns[first : first + 100]}
                )
            )["tasks"]
        ]


def _service(service: Document, tasks: Sequence[Document]) -> TrueService:
    deployments = service["deployments"]
    primary = next(one for one in deployments if one["status"] == "PRIMARY")
    return TrueService(
        primary=primary["id"],
        complete=primary.get("rolloutState") == "COMPLETED",
        failed=frozenset(one["id"] for one in deployments if one.get("rolloutState") == "FAILED"),
        desired=service["desiredCount"],
        tasks=tuple(_task(task) for task in tasks if task["group"] == f"service:{service['serviceName']}"),
    )


def _task(task: Document) -> TrueTask:
    return TrueTask(
        digests=frozenset(one["imageDigest"] for one in task["containers"] if one.get("imageDigest")),
        runs=task["lastStatus"] == "RUNNING",
        started=_seconds(task.get("startedAt")),
        stopped=_seconds(task.get("stoppedAt")),
        stop_code=task.get("stopCode") or "",
    )


def _seconds(at: object) -> float | None:
    if isinstance(at, str):
        return datetime.fromisoformat(at).timestamp()
    return float(at) if isinstance(at, int | float) else None
