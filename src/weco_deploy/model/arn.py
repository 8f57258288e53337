"""Amazon Resource Names."""

from __future__ import annotations

from dataclasses import dataclass

_PARTS = 6
_IDENTITY_CENTER = "AWSReservedSSO_"
"""How the names of the roles begin that IAM Identity Center makes in an account (IAM user guide, reserved roles)."""


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:<partition>:<service>:<region>:<account>:<resource>`. Region and account may be empty, as in a role's ARN."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn | None:
        """The ARN in a text; None if the text is not an ARN."""
        prefix, *parts = text.split(":", _PARTS - 1)
        return cls(*parts) if prefix == "arn" and len(parts) == _PARTS - 1 else None

    def __str__(self) -> str:
        return ":".join(("arn", self.partition, self.service, self.region, self.account, self.resource))


def account_of(arn: str | None) -> str:
    """The account in an ARN; empty if it names no account, or if there is no valid ARN."""
    parsed = Arn.parse(arn or "")
    return parsed.account if parsed else ""


def resource_name(arn: str) -> str:
    """The last part of an ARN's resource, such as a task's id or a cluster's name. A plain name is returned as it is."""
    return arn.rpartition("/")[2]


def person_of(identity: str) -> str:
    """Who an identity is, for people: `alice`, or `deploy-1234 (role deployer)` for the session of a role.

    Roles of IAM Identity Center are left out: their sessions have the names of people, and all of a team have the same role.
    The ARN of a session is `arn:aws:sts::<account>:assumed-role/<role>/<session>`, that of a user
    `arn:aws:iam::<account>:user/<path and name>`, that of an account's root `arn:aws:iam::<account>:root`. Other identities are returned as they are.
    """
    arn = Arn.parse(identity)
    kind, *names = arn.resource.split("/") if arn else [""]
    if kind == "assumed-role" and len(names) > 1:
        role, session = names[0], names[-1]
        return session if role.startswith(_IDENTITY_CENTER) else f"{session} (role {role})"
    if arn and kind == "root":
        return f"root of {arn.account}"
    return names[-1] if kind == "user" and names else identity


def is_session_of(caller: str, role_arn: str) -> bool:
    """Whether a caller is a session of a role.

    The caller's ARN is `arn:aws:sts::<account>:assumed-role/<name>/<session>`. It lacks the role's path, and a role's name
    is unique in its account.
    """
    session, role = Arn.parse(caller), Arn.parse(role_arn)
    if session is None or role is None or session.service != "sts":
        return False
    kind, _, name_and_session = session.resource.partition("/")
    name = name_and_session.partition("/")[0]
    return kind == "assumed-role" and (session.account, name) == (role.account, resource_name(role_arn))
