"""The contract tests' setting on an emulator of AWS, seeded through the same clients as the ports use."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.contracts.setting import TASKS
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.logs import CloudWatchLogs
from weco_deploy.aws.session import Account
from weco_deploy.model.service import ServiceKey, Task
from weco_deploy.ports import ImageRegistry, LogReader, ServiceRuntime

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TASKS_START_WITHIN = 30.0


class StillClock:
    """A clock that only moves when it is waited on."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        self.waited: list[float] = []

    def utc(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._now += timedelta(seconds=seconds)


class AwsSetting:
    """An account of an emulator; `Setting` says what its methods mean."""

    def __init__(self, account: Account, lacks: Mapping[str, str]) -> None:
        self._account = account
        self.lacks = lacks
        self.registry: ImageRegistry = EcrRegistry(account)
        self.runtime: ServiceRuntime = EcsRuntime(account, StillClock())
        self.logs: LogReader = CloudWatchLogs(account)

    @property
    def ecs(self) -> ECSClient:
        """boto3's client, or what stands in for it."""
        return self._account.client("ecs")

    def repository(self, name: str, *, mutability: str = "MUTABLE", exclusions: tuple[str, ...] = ()) -> None:
        ecr = self._account.client("ecr")
        if not exclusions:
            ecr.create_repository(repositoryName=name, imageTagMutability=mutability)  # type: ignore[arg-type]  # a str here
            return
        ecr.create_repository(
            repositoryName=name,
            imageTagMutability=mutability,  # type: ignore[arg-type]  # a str here
            imageTagMutabilityExclusionFilters=[
                {"filterType": "WILDCARD", "filter": pattern} for pattern in exclusions
            ],
        )

    def push(self, repository: str, *tags: str, multi_arch: bool = False) -> str:
        if not multi_arch:
            return self._put(repository, _image_manifest(), IMAGE, tags)
        children = [_image_manifest(), _image_manifest()]
        digests = [self._put(repository, child, IMAGE, ("",)) for child in children]
        entries = [
            {"mediaType": IMAGE, "digest": digest, "size": len(child)}
            for digest, child in zip(digests, children, strict=True)
        ]
        # Spaces and key order as no JSON writer of ours would put them: bytes must survive.
        index = json.dumps({"manifests": entries, "schemaVersion": 2, "mediaType": INDEX}, indent=3)
        return self._put(repository, index, INDEX, tags)

    def retag(self, repository: str, digest: str, tag: str) -> None:
        ecr = self._account.client("ecr")
        image = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"][
            0
        ]
        self._put(repository, image["imageManifest"], image["imageManifestMediaType"], (tag,))

    def expire(self, repository: str, digest: str) -> None:
        self._account.client("ecr").batch_delete_image(
            repositoryName=repository, imageIds=[{"imageDigest": digest}]
        )

    def cluster(self, name: str) -> str:
        return self._account.client("ecs").create_cluster(clusterName=name)["cluster"]["clusterArn"]

    def service(
        self,
        service_id: str,
        *,
        environment: str,
        cluster: str,
        images: Mapping[str, str],
        desired: int = 1,
        breaker: bool = True,
        controller: str = "ECS",
    ) -> ServiceKey:
        ecs = self._account.client("ecs")
        arn = self.cluster(cluster)
        name = f"{service_id}-{environment}"
        ecs.register_task_definition(
            family=name,
            containerDefinitions=[
                {
                    "name": container,
                    "image": image,
                    "memory": 64,
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": f"/ecs/{service_id}",
                            "awslogs-region": self._account.region,
                            "awslogs-stream-prefix": "ecs",
                        },
                    },
                }
                for container, image in images.items()
            ],
        )
        ecs.create_service(
            cluster=arn,
            serviceName=name,
            taskDefinition=name,
            desiredCount=desired,
            deploymentController={"type": controller},  # type: ignore[typeddict-item]  # a str here
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker}},
            tags=[
                {"key": "deployment:service", "value": service_id},
                {"key": "deployment:env", "value": environment},
            ],
        )
        key = ServiceKey(arn, name)
        if TASKS not in self.lacks:
            self._wait_for(lambda: self.runtime.describe(arn, [name])[0].running == desired)
        return key

    def untagged_service(self, name: str, *, cluster: str) -> ServiceKey:
        ecs = self._account.client("ecs")
        arn = self.cluster(cluster)
        definition = f"{name}-definition"
        ecs.register_task_definition(
            family=definition, containerDefinitions=[{"name": "app", "image": "app:1", "memory": 64}]
        )
        ecs.create_service(cluster=arn, serviceName=name, taskDefinition=definition, desiredCount=0)
        return ServiceKey(arn, name)

    def delete(self, key: ServiceKey) -> None:
        self._account.client("ecs").delete_service(cluster=key.cluster, service=key.name, force=True)

    def stop(self, task: Task) -> None:
        self._account.client("ecs").stop_task(
            cluster=_cluster_of(task), task=task.arn, reason="stopped by hand"
        )

    def log(self, group: str, stream: str, *lines: str) -> None:
        logs = self._account.client("logs")
        try:
            logs.create_log_group(logGroupName=group)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        # CloudWatch drops what is older than two weeks or lies ahead.
        before = int(time.time() * 1000) - len(lines)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": before + at, "message": line} for at, line in enumerate(lines)],
        )

    def _put(self, repository: str, manifest: str, media_type: str, tags: tuple[str, ...]) -> str:
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
        for tag in tags or ("",):
            self._account.client("ecr").put_image(
                repositoryName=repository,
                imageManifest=manifest,
                imageManifestMediaType=media_type,
                imageDigest=digest,
                **({"imageTag": tag} if tag else {}),
            )
        return digest

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        pause = Event()
        for _ in range(int(TASKS_START_WITHIN / 0.02)):
            if condition():
                return
            pause.wait(0.02)
        raise AssertionError("the service's tasks do not start")


def _image_manifest() -> str:
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": _some_digest(), "size": 10}
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _some_digest(), "size": 2}
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]}, indent=2)


def _some_digest() -> str:
    return "sha256:" + hashlib.sha256(uuid.uuid4().bytes).hexdigest()


def _cluster_of(task: Task) -> str:
    return task.arn.split("/")[-2]
