"""Decides what a deployment may leave out, and which missing services keep it from beginning."""

from __future__ import annotations

from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut, Part
from weco_deploy.model.project import Image, Project
from weco_deploy.model.release import Release
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
_WHY_ABSENT = {
    Allowance.OPTIONAL: "the image is optional",
    Allowance.INCOMPLETE_RELEASE: "the release was made without it",
    Allowance.EARLIER_VERSION: "an earlier version of this tool made the release",
    Allowance.ADDED_LATER: "the project has it only since the release was made",
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


def absent_images(project: Project, release: Release) -> tuple[LeftOut, ...]:
    """The images of the project that the release lacks. Their tags and services are left as they are."""
    return tuple(
        LeftOut(
            kind=Part.IMAGE,
            id=image.id,
            why=(why := _why_absent(image, release)),
            reason=f"{image.id}: the release has no version of it: left as it is ({_WHY_ABSENT[why]})",
        )
        for image in project.images
        if image.id not in release.versions
    )


def _why_absent(image: Image, release: Release) -> Allowance:
    if image.optional:
        return Allowance.OPTIONAL
    if release.complete is None:
        return Allowance.EARLIER_VERSION
    return Allowance.INCOMPLETE_RELEASE if image.id in release.missing else Allowance.ADDED_LATER


def services_of_others(project: Project, release: Release) -> tuple[LeftOut, ...]:
    """The services that run images of the release, and that something else deploys."""
    return tuple(
        LeftOut(
            id=service_id,
            images=tuple(image_id for image_id in image_ids if image_id in release.versions),
            why=Allowance.DEPLOYED_BY,
            reason=f"{service_id}: left out: something else deploys it (deployed_by: other)",
        )
        for service_id, image_ids in project.services.items()
        if service_id in project.services_of_others
        and any(image_id in release.versions for image_id in image_ids)
    )
