"""What the errors of denied calls say: the permission, the policy that decides, and what helps."""

from __future__ import annotations

import pytest

from weco_deploy.aws import api
from weco_deploy.aws.access_denied import ALLOW_IT, access_denied
from weco_deploy.errors import AccessDenied

SERVICE = "arn:aws:ecs:eu-west-1:111122223333:service/prod/search"
CALLER = "arn:aws:sts::111122223333:assumed-role/ci/me"
REFUSED = f"User: {CALLER} is not authorized to perform: ecs:UpdateService on resource: {SERVICE}"
SCP = "arn:aws:organizations::444455556666:policy/o-abcde12345/service_control_policy/p-12345678"


def denied(message: str, code: str = "AccessDeniedException") -> AccessDenied:
    return access_denied(api.UPDATE_SERVICE, code, message)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("with an explicit deny in a service control policy", "the organisation's administrators"),
        (f"with an explicit deny in a service control policy: {SCP}", "the organisation's administrators"),
        ("because no service control policy allows the ecs:UpdateService action", "organisation's admin"),
        ("with an explicit deny in a resource control policy", "the organisation's administrators"),
        ("because no permissions boundary allows the ecs:UpdateService action", "permissions boundary"),
        ("with an explicit deny in a permissions boundary", "permissions boundary"),
        ("because no VPC endpoint policy allows the ecs:UpdateService action", "VPC endpoint"),
        ("with an explicit deny in a VPC endpoint policy", "VPC endpoint"),
        ("because no session policy allows the ecs:UpdateService action", "where they are made"),
        ("because no resource-based policy allows the ecs:UpdateService action", "policy of the resource"),
        ("with an explicit deny in a resource-based policy", "policy of the resource"),
        ("because no role trust policy allows the sts:AssumeRole action", "trust policy of the role"),
        ("with an explicit deny in the role trust policy", "trust policy of the role"),
        (
            "with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/freeze",
            "change that statement",
        ),
        ("with an explicit deny", "look for the statement"),
        ("because the key does not exist in this Region, or a key policy denies access", "AWS's reason says"),
        ("because no strange new policy allows the ecs:UpdateService action", "strange new policy"),
    ],
)
def test_policy_that_denies_is_named_with_advice_for_its_kind(reason: str, advice: str) -> None:
    error = denied(f"{REFUSED} {reason}")

    assert (
        error.message
        == f"ecs:UpdateService: not allowed: ecs:UpdateService on {SERVICE} for {CALLER}, {reason}"
    )
    assert advice in error.hint
    assert error.hint != ALLOW_IT


@pytest.mark.parametrize(
    "reason", ["", " because no identity-based policy allows the ecs:UpdateService action"]
)
def test_missing_permission_is_to_be_added_to_the_policy_of_the_caller(reason: str) -> None:
    error = denied(f"{REFUSED}{reason}")

    assert error.message == (
        f"ecs:UpdateService: not allowed: the IAM permission ecs:UpdateService is missing on {SERVICE} for {CALLER}"
    )
    assert error.hint == ALLOW_IT


def test_explicit_deny_in_other_words_is_not_to_be_mended_with_a_permission() -> None:
    error = denied("Access denied: an explicit deny in a policy applies to this request")

    assert (
        "not allowed: ecs:UpdateService (AccessDeniedException: Access denied: an explicit deny"
        in error.message
    )
    assert "so another permission does not help" in error.hint


def test_role_that_cannot_be_assumed_points_at_both_of_its_policies() -> None:
    role = "arn:aws:iam::111122223333:role/deployer"
    error = denied(
        f"User: {CALLER} is not authorized to perform: sts:AssumeRole on resource: {role}", "AccessDenied"
    )

    assert (
        error.message
        == f"ecs:UpdateService: not allowed: the IAM permission sts:AssumeRole is missing on {role} for {CALLER}"
    )
    assert "trust policy of the role must trust the caller" in error.hint


def test_refused_identity_token_points_at_the_trust_policy_during_any_call() -> None:
    error = denied("Not authorized to perform sts:AssumeRoleWithWebIdentity", "AccessDenied")

    assert (
        error.message
        == "ecs:UpdateService: not allowed: the IAM permission sts:AssumeRoleWithWebIdentity is missing"
    )
    assert "the trust policy of the role to assume must trust the identity provider" in error.hint
