"""Explains why AWS denied access: which permission, which kind of policy decides it, and whose business that is.

AWS's message names the kind of policy: "because no … allows the … action", or "with an explicit deny in …", for most policies
followed by their ARN (IAM User Guide, "Troubleshoot access denied error messages").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from weco_deploy.aws.api import ApiCall
from weco_deploy.errors import AccessDenied

ALLOW_IT = "add it to the policy of that role or user, or use other credentials (AWS_PROFILE)"
_REFUSAL = re.compile(
    r"(?i)(?:User: (?P<principal>\S+) is )?not authorized to perform:? (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>[^\s,]+))?"
)
_REASON = re.compile(
    r"(?:because no (?P<absent>[\w -]+?) allows|with an explicit deny in (?:an?|the) (?P<denying>[\w -]*(?:policy|boundary))).*",
    re.DOTALL,
)
_OTHER_REASON = re.compile(r"(?i)(?:because |with an explicit deny|explicitly denie).*", re.DOTALL)
_EXPLICIT = re.compile(r"(?i)explicit deny|explicitly denie")
_IDENTITY = "identity-based policy"
_TRUST = "role trust policy"
_ADVICE: Mapping[str, str] = {
    "service control policy": (
        "the organisation's administrators decide this, for example to freeze deployments: ask them, or try again later; "
        "no policy in this account can allow it"
    ),
    "resource control policy": (
        "the organisation's administrators decide who may use this resource: ask them; no policy in this account can allow it"
    ),
    "permissions boundary": (
        "the permissions boundary of that role or user must allow it, too: ask whoever manages the boundary"
    ),
    "VPC endpoint policy": (
        "the policy of the VPC endpoint that this machine uses must allow it, or run it from a network that doesn't use the "
        "endpoint"
    ),
    "session policy": (
        "these credentials were made with fewer permissions than their role has: allow it where they are made, or use others"
    ),
    "resource-based policy": "the policy of the resource itself must allow it for that role or user: add it there",
    _TRUST: "the trust policy of the role to assume must let that caller assume it: add the caller there",
    _IDENTITY: "a policy of that role or user denies it: change that statement, or use other credentials (AWS_PROFILE)",
}
_ASSUMING = (
    "the caller's own policy must allow it, and the trust policy of the role must trust the caller; "
    "AWS says the same if there is no such role"
)
_FEDERATING = (
    "the trust policy of the role to assume must trust the identity provider, and its conditions must match this run "
    "(for GitHub, the token's `sub`: repository, branch or environment)"
)
_WITHOUT_REASON: Mapping[str, str] = {
    "sts:AssumeRole": _ASSUMING,
    "sts:AssumeRoleWithWebIdentity": _FEDERATING,
}
"""The advice if AWS names no policy, by action. Assuming a role may be denied during any call that needs credentials."""


_DENIED_SOMEWHERE = (
    "a policy denies it explicitly, so another permission does not help: look for the statement in the organisation's policies, "
    "in the permissions boundary and policies of that role or user, and in those of the resource and of VPC endpoints"
)
_READ_THE_REASON = (
    "AWS's reason says what decides it; the policy of that role or user alone may not be enough"
)


def access_denied(call: ApiCall | None, code: str, message: str) -> AccessDenied:
    """The error for AWS's refusal.

    Args:
        call: the call that was made, if it is known.
        code: AWS's code, such as `AccessDeniedException`.
        message: AWS's message, without secrets.

    """
    name = call.name if call else ""
    refusal = _REFUSAL.search(message)
    if refusal is None:
        detail = f"({code}: {message})" if message else f"({code})"
        if _EXPLICIT.search(message):
            return AccessDenied(name, f"not allowed: {_in_words(call)} {detail}", _DENIED_SOMEWHERE)
        missing = f"not allowed: the IAM permission {_in_words(call)} is missing {detail}"
        return AccessDenied(name, missing, ALLOW_IT)
    action = refusal["action"]
    whom = "".join(
        (
            f" on {refusal['resource']}" if refusal["resource"] else "",
            f" for {refusal['principal']}" if refusal["principal"] else "",
        )
    )
    reason = _REASON.search(message)
    if reason is None and (other := _OTHER_REASON.search(message, refusal.end())):
        why = _plain(other[0])
        advice = _DENIED_SOMEWHERE if why.startswith("with an explicit deny") else _READ_THE_REASON
        return AccessDenied(name, f"not allowed: {action}{whom}, {why}", advice)
    if reason is None or reason["absent"] == _IDENTITY:
        advice = ALLOW_IT if reason else _WITHOUT_REASON.get(action, ALLOW_IT)
        return AccessDenied(name, f"not allowed: the IAM permission {action} is missing{whom}", advice)
    why = _plain(reason[0])
    policy = reason["absent"] or reason["denying"]
    advice = _ADVICE.get(policy, f"the {policy} must allow it: ask whoever manages it")
    return AccessDenied(name, f"not allowed: {action}{whom}, {why}", advice)


def _plain(reason: str) -> str:
    return " ".join(reason.split()).removesuffix(".")


def _in_words(call: ApiCall | None) -> str:
    """The IAM actions of a call: `a, b and c`."""
    if call is None:
        return ""
    *others, last = call.actions or (call.name,)
    return f"{', '.join(others)} and {last}" if others else last
