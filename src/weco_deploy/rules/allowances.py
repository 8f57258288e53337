"""Decides which missing services a deployment may leave out, and which keep it from beginning."""

from __future__ import annotations

from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.model.project import Project
from weco_deploy.model.requests import DeployRequest
from weco_deploy.rules.examination import Examined

MISSING_HINT = (
    "correct the tags of the services or their task definitions, write `optional: true` beside a service that an "
    "environment may lack, or leave out what is missing this time with --allow-missing"
)
_WHY = {
    Allowance.OPTIONAL: "left out: it is optional",
    Allowance.ALLOW_MISSING: "left out: --allow-missing",
    Allowance.ROLLBACK: "left out: a rollback goes on without it",
}


def allowances(
    project: Project, request: DeployRequest, examined: Examined
) -> tuple[tuple[LeftOut, ...], tuple[str, ...]]:
    """What the deployment leaves out of the missing services, and the reasons against leaving out the others.

    A rollback must not fail at night because somebody deleted a service, so it leaves out whatever is missing. But
    `--allow-missing` is for some services, not for all of them: if none is found, the environment or the account is wrong.
    """
    left_out: list[LeftOut] = []
    refusals: list[str] = []
    for service_id, missing in examined.missing.items():
        why = _allowance(project, request, service_id)
        if why is None:
            refusals.append(missing.reason)
        else:
            reason = f"{missing.reason} ({_WHY[why]})"
            left_out.append(LeftOut(id=service_id, images=missing.images, why=why, reason=reason))
    if not examined.services and any(left.why is Allowance.ALLOW_MISSING for left in left_out):
        refusals += [examined.missing[left.id].reason for left in left_out]
        refusals.append(
            "none of the services was found; --allow-missing leaves out some services, but not all of them"
        )
    return tuple(left_out), tuple(refusals)


def _allowance(project: Project, request: DeployRequest, service_id: str) -> Allowance | None:
    if service_id in project.optional_services:
        return Allowance.OPTIONAL
    if request.kind is Kind.ROLLBACK:
        return Allowance.ROLLBACK
    return Allowance.ALLOW_MISSING if request.allow_missing else None
