"""Redeploys a service with boto3 as a deployment does, and reads the results."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Literal

import pytest

from tests.local_aws import LocalAws
from tests.sandboxes import place_of
from weco_deploy.sandbox.running import PushedImage, Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceDeploymentTypeDef, ServiceTypeDef, TaskTypeDef

CLUSTER, SERVICE, REPOSITORY, ENV_TAG = "shop-stage", "web-api", "uk.ac.wellcome/web", "env.stage"


class Rollouts:
    """The service `web-api` in a sandbox with the project `WEB`."""

    def __init__(self, sandbox: Sandbox) -> None:
        aws, place = LocalAws.of(sandbox), place_of(sandbox)
        self._ecr, self._ecs = aws.ecr(place), aws.ecs(place)

    def digest_of(self, tag: str) -> str | None:
        found = self._ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])["images"]
        return found[0]["imageId"]["imageDigest"] if found else None

    def manifest_of(self, digest: str) -> str:
        image_ids = [{"imageDigest": digest}]
        found = self._ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=image_ids)  # type: ignore[arg-type] # list is invariant
        return found["images"][0]["imageManifest"]

    def begin(self, pushed: PushedImage) -> str:
        """Move `env.stage` to the image and redeploy; returns the ARN of the service deployment."""
        self._ecr.put_image(
            repositoryName=REPOSITORY, imageManifest=self.manifest_of(pushed.digest), imageTag=ENV_TAG
        )
        updated = self._ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
        return updated["service"]["currentServiceDeployment"]

    def service(self) -> ServiceTypeDef:
        return self._ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0]

    def events(self) -> list[str]:
        """The messages of the service's events, the newest first."""
        return [event["message"] for event in self.service()["events"]]

    def deployment(self, arn: str) -> ServiceDeploymentTypeDef:
        return self._ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]

    def final_status(self, arn: str) -> str:
        """Wait until the service deployment has ended; SUCCESSFUL or how it failed."""
        eventually(lambda: "finishedAt" in self.deployment(arn))
        return self.deployment(arn)["status"]

    def tasks(self, *, stopped: bool = False) -> list[TaskTypeDef]:
        status: Literal["STOPPED", "RUNNING"] = "STOPPED" if stopped else "RUNNING"
        arns = self._ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE, desiredStatus=status)["taskArns"]
        return self._ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []

    def digests(self) -> set[str]:
        return {
            container.get("imageDigest", "")
            for task in self.tasks()
            if task["lastStatus"] == "RUNNING"
            for container in task["containers"]
        }

    def failed_tasks(self) -> list[TaskTypeDef]:
        return [task for task in self.tasks(stopped=True) if task["stopCode"] != "UserInitiated"]


def eventually(condition: Callable[[], bool], within: float = 30.0) -> None:
    """Wait until the condition is true; fail after `within` seconds."""
    pause = Event()
    for _ in range(int(within / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    pytest.fail(f"the condition did not become true within {within} s")
