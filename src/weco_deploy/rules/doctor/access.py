"""Checks with whose credentials the tool runs, in which account, and the clock of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.project import Project
from weco_deploy.model.setup import Identity
from weco_deploy.rules.doctor.findings import not_checked, unread

CREDENTIALS, ROLE, ACCOUNT, CLOCK = "credentials", "role", "account", "clock"
TOLERATED = timedelta(seconds=30)
"""A lock's lease lasts two minutes by default, and is renewed after a quarter of that."""
TOO_MUCH = timedelta(seconds=120)
"""Others take a lock for expired, or wait in vain for its end."""
NO_ACCESS = "without access to the account"
_SET_CLOCK = "let it be set by NTP (`timedatectl set-ntp true`)"


def credentials(caller: Answer[str]) -> Check:
    """Whether there are credentials that AWS accepts."""
    if isinstance(caller, DeployError):
        return unread(CREDENTIALS, caller)
    return Check(CREDENTIALS, Result.OK, caller)


def roles(identities: Mapping[str, Answer[Identity]]) -> Iterator[Check]:
    """Whether the roles of the project and its environments can be used. `identities` are by the role's ARN."""
    if not identities:
        yield Check(ROLE, Result.OK, "the project file names none: your own credentials are used")
    for role_arn, identity in identities.items():
        if isinstance(identity, DeployError):
            yield unread(ROLE, identity, role_arn)
        else:
            yield Check(ROLE, Result.OK, f"{role_arn} can be used")


def account(project: Project, home: Answer[Identity]) -> Check:
    """Whether the credentials are those of the project's account."""
    if isinstance(home, DeployError):
        return next(not_checked([ACCOUNT], NO_ACCESS))
    if project.account_id not in (None, home.account):
        return Check(
            ACCOUNT,
            Result.FAIL,
            f"the project file names {project.account_id}, but the credentials are for {home.account}",
            "choose other credentials with AWS_PROFILE, or correct account_id or role_arn in the project file",
        )
    return Check(ACCOUNT, Result.OK, f"{home.account}, {project.region_name}")


def clock(home: Answer[Identity]) -> Check:
    """Whether this machine's clock agrees with AWS's: leases of locks and signatures depend on it."""
    if isinstance(home, DeployError):
        return next(not_checked([CLOCK], NO_ACCESS))
    if home.ahead is None:
        return Check(CLOCK, Result.SKIP, "AWS's answer does not tell the time")
    off = abs(home.ahead)
    if off <= TOLERATED:
        return Check(CLOCK, Result.OK, f"within {TOLERATED.total_seconds():.0f} s of AWS's")
    way = "ahead of" if home.ahead > timedelta(0) else "behind"
    found = f"this machine's clock is {off.total_seconds():.0f} s {way} AWS's, and locks depend on it"
    return Check(CLOCK, Result.FAIL if off > TOO_MUCH else Result.WARN, found, _SET_CLOCK)
