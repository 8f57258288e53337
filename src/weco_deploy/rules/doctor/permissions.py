"""Checks whether the policies allow what deployments do: by IAM's policy simulator, else by what could be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from weco_deploy.errors import AccessDenied, DeployError, NotFound
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import PROGRAM, Check, Result
from weco_deploy.model.setup import DeniedAction
from weco_deploy.rules.doctor.findings import not_checked, problems_or_ok, unread

ID = "permissions"
OPTIONAL = frozenset(
    {
        "ecr:GetDownloadUrlForLayer",
        "ecs:ContinueServiceDeployment",
        "ecs:DescribeContainerInstances",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
        "ecs:GetTaskProtection",
        "ecs:ListClusters",
        "ecs:ListServiceDeployments",
        "ecs:ListServices",
        "ecs:StopServiceDeployment",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:GetLogEvents",
        "tag:GetResources",
    }
)
"""The actions without which deployments work, too, but show less or wait longer."""
CHANGES = (
    "dynamodb:ConditionCheckItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "ecr:PutImage",
    "ecs:UpdateService",
)
"""The actions that change something, so that they can't be tried."""
_REMEDY = (PROGRAM, "iam-policy")


def permissions(
    simulated: Mapping[str, Answer[Sequence[DeniedAction]]], tried: Mapping[str, Answer[object]]
) -> Iterator[Check]:
    """Whether deployments have the permissions that they need.

    Args:
        simulated: what the simulator finds denied, for the project and for each environment, by name.
        tried: harmless reads by what they need, made where nothing could be simulated.

    """
    problems = [check for where, answer in simulated.items() for check in _denied(where, answer)]
    problems += _tried(tried)
    errors = [answer for answer in simulated.values() if isinstance(answer, DeployError)]
    if errors and all(isinstance(error, NotFound) for error in errors):
        yield from problems
        yield from not_checked([ID], errors[0].message)
    elif errors:
        yield from problems
        yield Check(
            ID,
            Result.SKIP,
            f"the policies can't be simulated ({errors[0].message}). Reads were tried instead; these changes can't be: "
            f"{', '.join(CHANGES)}",
            "compare the policy of your role or user with this one:",
            _REMEDY,
        )
    else:
        yield from problems_or_ok(ID, problems, "the policies allow all that deployments do")


def _denied(where: str, answer: Answer[Sequence[DeniedAction]]) -> Iterator[Check]:
    if isinstance(answer, DeployError):
        return
    by_action: dict[str, list[DeniedAction]] = {}
    for denied in answer:
        by_action.setdefault(denied.action, []).append(denied)
    for action, found in by_action.items():
        first, more = found[0], len(found) - 1
        others = f" and {more} more" if more else ""
        how = "denied by a statement" if first.explicit else "not allowed"
        unsure = ", unless a condition holds that can't be simulated" if first.unsure else ""
        yield Check(
            ID,
            Result.WARN if action in OPTIONAL or first.unsure else Result.FAIL,
            f"{where}: {action} is {how} on {first.resource}{others}{unsure}",
            command=_REMEDY,
        )


def _tried(tried: Mapping[str, Answer[object]]) -> Iterator[Check]:
    """The permissions that reads lacked. Other errors say nothing about permissions."""
    for about, answer in tried.items():
        if isinstance(answer, AccessDenied):
            check = unread(ID, answer, about)
            optional = any(action in answer.message for action in OPTIONAL)
            yield Check(
                ID, Result.WARN if optional else Result.FAIL, check.found, check.advice, check.command
            )
