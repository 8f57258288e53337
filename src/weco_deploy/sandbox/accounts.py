"""The accounts and regions in which the tool will look for a project's resources.

Both halves of the sandbox take a 12-digit access key as the account, and its STS gives an assumed role the
credentials of the role's account. So a project's repositories and records belong to the account of its `role_arn`, by default to the
caller's account. An environment's services belong to the account of the environment's `role_arn`, by default
to the project's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weco_deploy.errors import SandboxError
from weco_deploy.model.arn import Arn

if TYPE_CHECKING:
    from weco_deploy.model.project import Environment, Image, Project

SANDBOX_ACCOUNT = "111122223333"
"""The caller's account if no project names an account."""

_ACCOUNT = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Place:
    """An account (12 digits) and a region."""

    account: str
    region: str


def caller_account(projects: Sequence[Project], otherwise: str = SANDBOX_ACCOUNT) -> str:
    """The account whose credentials the sandbox gives out: the `account_id` of projects without a role, if any.

    `otherwise` if they name none. SandboxError if those projects name several accounts, because a caller has only one.
    """
    named = sorted(
        {
            project.account_id
            for project in projects
            if project.account_id is not None and project.role_arn is None
        }
    )
    if len(named) > 1:
        raise SandboxError(
            f"the projects belong to the accounts {', '.join(named)} and name no role to get there",
            "start the sandbox with one of them: --project-id",
        )
    return named[0] if named else otherwise


def home(project: Project, caller: str) -> Place:
    """The place of the project's repositories and records."""
    return Place(_account(project.role_arn, caller), project.region_name)


def services_of(project: Project, environment: Environment, caller: str) -> Place:
    """The place of the environment's services."""
    return Place(
        _account(environment.role_arn or project.role_arn, caller),
        environment.region_name or project.region_name,
    )


def image_name(project: Project, image: Image, caller: str) -> str:
    """The image's name in task definitions, without a tag."""
    place = home(project, caller)
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com/{image.repository}"


def _account(role_arn: str | None, caller: str) -> str:
    if role_arn is None:
        return caller
    role = Arn.parse(role_arn)
    if role is None or not (role.resource.startswith("role/") and _ACCOUNT.fullmatch(role.account)):
        raise SandboxError(
            f"{role_arn!r} is not the ARN of a role", "it looks like arn:aws:iam::<account>:role/<name>"
        )
    return role.account
