"""ECS's calls about service deployments and service revisions."""

from __future__ import annotations

from weco_deploy.sandbox.ecs import deployments, native
from weco_deploy.sandbox.ecs.deployment_views import (
    revision_view,
    service_deployment_brief,
    service_deployment_view,
)
from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.lookups import (
    at_most,
    cluster_of,
    missing,
    service_behind,
    service_deployment_of,
    service_of,
)
from weco_deploy.sandbox.ecs.pages import page, with_token
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Revision, Service
from weco_deploy.sandbox.ecs.state import Json

ARNS_A_CALL = 20


def list_service_deployments(region: Region, request: Json) -> Json:
    """The newest ones first."""
    service = service_of(cluster_of(region, request), request["service"])
    created = request.get("createdAt", {})
    after, before = created.get("after"), created.get("before")
    found = [
        service_deployment_brief(service, record)
        for record in service.service_deployments
        if record.status in (request.get("status") or (record.status,))
        and (after is None or record.created_at >= after)
        and (before is None or record.created_at <= before)
    ]
    listed, token = page(found, request, usual=20, most=100)
    return with_token({"serviceDeployments": listed}, token)


def describe_service_deployments(region: Region, request: Json) -> Json:
    answer: Json = {"serviceDeployments": [], "failures": []}
    for arn in at_most(request["serviceDeploymentArns"], ARNS_A_CALL, "serviceDeploymentArns"):
        try:
            service, record = service_deployment_of(region, arn)
        except ApiError:
            answer["failures"].append(missing(arn))
            continue
        answer["serviceDeployments"].append(service_deployment_view(service, record))
    return answer


def describe_service_revisions(region: Region, request: Json) -> Json:
    answer: Json = {"serviceRevisions": [], "failures": []}
    for arn in at_most(request["serviceRevisionArns"], ARNS_A_CALL, "serviceRevisionArns"):
        service = service_behind(region, arn)
        revision = _revision(service, arn) if service is not None else None
        if service is None or revision is None:
            answer["failures"].append(missing(arn))
            continue
        answer["serviceRevisions"].append(revision_view(service, revision))
    return answer


def stop_service_deployment(region: Region, request: Json) -> Json:
    """Roll back what is under way, whether or not the service wants rollbacks; or only stop it (ABORT)."""
    service, record = service_deployment_of(region, request["serviceDeploymentArn"])
    deployment = record.deployment
    if record.status not in {"PENDING", "IN_PROGRESS"} or deployment is not service.primary:
        raise ApiError(
            "ConflictException", f"The service deployment can't be stopped: its status is {record.status}."
        )
    aborts = request.get("stopType") == "ABORT"
    record.status = "STOP_REQUESTED" if aborts else "ROLLBACK_REQUESTED"
    record.updated_at = region.now
    stop = deployments.abort if aborts else deployments.stop
    region.after(region.settings.timings.placement, lambda: stop(region, service, record))
    return {"serviceDeploymentArn": record.arn}


def continue_service_deployment(region: Region, request: Json) -> Json:
    """Let a deployment go on that is paused at a lifecycle hook, or roll it back."""
    service, record = service_deployment_of(region, request["serviceDeploymentArn"])
    native.continue_deployment(region, service, record, request["hookId"], request.get("action", "CONTINUE"))
    return {"serviceDeploymentArn": record.arn}


def _revision(service: Service, arn: str) -> Revision | None:
    for record in service.service_deployments:
        if record.deployment.revision.arn == arn:
            return record.deployment.revision
    return None
