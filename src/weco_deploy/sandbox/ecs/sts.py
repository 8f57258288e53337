"""STS: who calls, and roles.

The credentials of a role belong to the role's account: the access key is the account's number, as the other emulators
of AWS have it, and the session token tells the role. Whoever receives a request finds its account and caller by
the access key and by `caller_behind`.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta

from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.state import Json

SECRET_KEY = "made-up-by-the-sandbox"  # noqa: S105 - no secret: nothing checks signatures
USUAL_DURATION = 3600
_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/(?:.+/)?([^/]+)")


def get_caller_identity(region: Region, caller: str) -> Json:
    arn = caller or f"arn:aws:iam::{region.place.account}:root"
    return {"UserId": arn.rsplit("/", 1)[-1], "Account": region.place.account, "Arn": arn}


def assume_role(request: Json, caller: str, now: datetime) -> Json:
    """Anybody may assume any role, except the role itself: AWS allows that only if the role's trust policy names it."""
    role = _ROLE.fullmatch(request["RoleArn"])
    if role is None:
        raise ApiError("ValidationError", f"{request['RoleArn']} is invalid")
    account, name = role.groups()
    if caller.startswith(f"arn:aws:sts::{account}:assumed-role/{name}/"):
        raise ApiError(
            "AccessDenied",
            f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {request['RoleArn']}",
            status=403,
        )
    session = request["RoleSessionName"]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    duration = timedelta(seconds=request.get("DurationSeconds", USUAL_DURATION))
    return {
        "Credentials": {
            "AccessKeyId": account,
            "SecretAccessKey": SECRET_KEY,
            "SessionToken": base64.urlsafe_b64encode(arn.encode()).decode(),
            "Expiration": now + duration,
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROA{name.upper()}:{session}", "Arn": arn},
    }


def caller_behind(session_token: str) -> str:
    """The ARN of the role session that a session token belongs to; empty for any other token."""
    try:
        arn = base64.urlsafe_b64decode(session_token.encode()).decode()
    except ValueError:
        return ""
    return arn if arn.startswith("arn:") else ""
