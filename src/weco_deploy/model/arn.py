"""Amazon Resource Names."""

from __future__ import annotations

from dataclasses import dataclass

_PARTS = 6


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
