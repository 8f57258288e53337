"""The simulation's face: one method that answers a request as AWS does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from random import Random

from weco_deploy.sandbox.ecs import (
    cluster_calls,
    code_deploy_calls,
    deployment_calls,
    express_calls,
    lag,
    logs,
    scheduler,
    service_calls,
    sts,
    tags,
    targets,
    task_calls,
    throttling,
    trouble,
)
from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.images import Image, ImageResolver, NotPullable, by_digest
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Json, Place
from weco_deploy.sandbox.ecs.timings import Settings

CALLS: dict[str, Callable[[Region, Json], Json]] = {
    "codedeploy:BatchGetDeploymentTargets": code_deploy_calls.batch_get_deployment_targets,
    "codedeploy:CreateApplication": code_deploy_calls.create_application,
    "codedeploy:CreateDeployment": code_deploy_calls.create_deployment,
    "codedeploy:CreateDeploymentGroup": code_deploy_calls.create_deployment_group,
    "codedeploy:GetDeployment": code_deploy_calls.get_deployment,
    "codedeploy:GetDeploymentConfig": code_deploy_calls.get_deployment_config,
    "codedeploy:GetDeploymentGroup": code_deploy_calls.get_deployment_group,
    "codedeploy:ListDeployments": code_deploy_calls.list_deployments,
    "codedeploy:StopDeployment": code_deploy_calls.stop_deployment,
    "ecs:ContinueServiceDeployment": deployment_calls.continue_service_deployment,
    "ecs:CreateCluster": cluster_calls.create_cluster,
    "ecs:CreateExpressGatewayService": express_calls.create_express_gateway_service,
    "ecs:CreateService": service_calls.create_service,
    "ecs:DeleteService": service_calls.delete_service,
    "ecs:DescribeClusters": cluster_calls.describe_clusters,
    "ecs:DescribeContainerInstances": cluster_calls.describe_container_instances,
    "ecs:DescribeServiceDeployments": deployment_calls.describe_service_deployments,
    "ecs:DescribeServiceRevisions": deployment_calls.describe_service_revisions,
    "ecs:DescribeServices": service_calls.describe_services,
    "ecs:DescribeTaskDefinition": cluster_calls.describe_task_definition,
    "ecs:DescribeTasks": task_calls.describe_tasks,
    "ecs:GetTaskProtection": task_calls.get_task_protection,
    "ecs:ListClusters": cluster_calls.list_clusters,
    "ecs:ListServiceDeployments": deployment_calls.list_service_deployments,
    "ecs:ListServices": service_calls.list_services,
    "ecs:ListTagsForResource": tags.list_tags_for_resource,
    "ecs:ListTasks": task_calls.list_tasks,
    "ecs:RegisterTaskDefinition": cluster_calls.register_task_definition,
    "ecs:RunTask": task_calls.run_task,
    "ecs:StopServiceDeployment": deployment_calls.stop_service_deployment,
    "ecs:StopTask": task_calls.stop_task,
    "ecs:TagResource": tags.tag_resource,
    "ecs:UntagResource": tags.untag_resource,
    "ecs:UpdateService": service_calls.update_service,
    "ecs:UpdateTaskProtection": task_calls.update_task_protection,
    "elasticloadbalancing:DescribeTargetHealth": targets.describe_target_health,
    "logs:CreateLogGroup": logs.create_log_group,
    "logs:CreateLogStream": logs.create_log_stream,
    "logs:GetLogEvents": logs.get_log_events,
    "logs:PutLogEvents": logs.put_log_events,
    "sandbox:MakeTrouble": trouble.make_trouble,
    "tag:GetResources": tags.get_resources,
}
WHO_AM_I, ASSUME_ROLE = "sts:GetCallerIdentity", "sts:AssumeRole"


class Simulation:
    """ECS and what belongs to it, in all accounts and regions.

    Args:
        images: where images come from.
        settings: may be changed while the simulation runs.
        seed: of the ids that are given out.

    """

    def __init__(self, images: ImageResolver, settings: Settings | None = None, seed: int = 0) -> None:
        self.settings = settings or Settings()
        self._images = images
        self._ids = Random(seed)  # noqa: S311 - ids, no secrets
        self._lock = threading.Lock()
        self._regions: dict[Place, Region] = {}

    def answer(
        self, account: str, region: str, operation: str, request: Json, now: datetime, caller: str = ""
    ) -> Json:
        """Answer a request.

        Args:
            account: 12 digits.
            region: its name, as `eu-west-1`.
            operation: the IAM prefix of the service and the call, as `ecs:DescribeServices`.
            request: AWS's JSON, valid by the service model. The simulation keeps parts of it: not to be changed later.
            now: the caller's time. What is due by then happens first; time never goes back.
            caller: the ARN of whoever asks, for STS; empty: the account's root.

        Returns:
            AWS's JSON, with aware datetimes. It belongs to the simulation: not to be changed.

        Raises:
            ApiError: AWS's error answer.

        """
        here = self.region(account, region)
        self._run_due(here, now)
        with here.lock:
            throttling.take(here, operation)
            if operation == WHO_AM_I:
                return sts.get_caller_identity(here, caller)
            if operation == ASSUME_ROLE:
                return sts.assume_role(request, caller, here.now)
            call = CALLS.get(operation)
            if call is None:
                raise ApiError("UnknownOperationException", f"the simulation has no {operation}")
            try:
                return call(here, request)
            finally:
                lag.record_changes(here)

    def run_due(self, now: datetime) -> None:
        """Let happen what is due by then, everywhere."""
        for region in self.regions():
            self._run_due(region, now)

    def next_due(self) -> datetime | None:
        """When something happens next."""
        times = []
        for region in self.regions():
            with region.lock:
                times.append(region.next_due())
        return min((time for time in times if time is not None), default=None)

    def begin_lag(self, lag_of_a_read: Callable[[], float] | None) -> None:
        """From now on each read is so many seconds old, as `Settings.lag` says, but never from before now."""
        self.settings.lag = lag_of_a_read
        for region in self.regions():
            with region.lock:
                lag.begin(region)

    def region(self, account: str, region: str) -> Region:
        """The state of an account and region. Read it under its lock; change it by requests alone."""
        place = Place(account, region)
        with self._lock:
            if place not in self._regions:
                made = Region(place, self.settings, self._ids)
                made.reconcile = partial(scheduler.reconcile, made)
                made.task_failed = partial(scheduler.task_failed, made)
                self._regions[place] = made
            return self._regions[place]

    def regions(self) -> list[Region]:
        """The state of all accounts and regions, under the same condition."""
        with self._lock:
            return list(self._regions.values())

    def _run_due(self, region: Region, now: datetime) -> None:
        resolved: dict[str, Image | NotPullable] = {}
        while True:
            with region.lock:
                needed = region.run_due(now, resolved, partial(lag.record_changes, region))
            if not needed:
                return
            for reference, image in self._images.resolve(needed).items():
                resolved[reference] = image
                if isinstance(image, Image):
                    # What is pinned now is pulled by its digest next.
                    resolved.setdefault(by_digest(reference, image.digest), image)
