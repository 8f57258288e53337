"""Makes checks from problems, and from reads that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from weco_deploy.errors import AccessDenied, DeployError
from weco_deploy.model.checks import PROGRAM, Check, Result


def problems_or_ok(check_id: str, problems: Iterable[Check], found: str) -> Iterator[Check]:
    """The problems or, if there are none, that all is well."""
    listed = list(problems)
    yield from listed or [Check(check_id, Result.OK, found)]


def unread(check_id: str, error: DeployError, about: str = "", *, needed: bool = True) -> Check:
    """The check of what could not be read. If deployments need to read it, too, that is a failure.

    Args:
        check_id: the check.
        error: why; its message names the permission if access was denied.
        about: what was to be read; empty if the message says enough.
        needed: whether deployments don't work without this read.

    """
    found = f"{about}: {error.message}" if about else error.message
    allow = (PROGRAM, "iam-policy") if isinstance(error, AccessDenied) else ()
    return Check(check_id, Result.FAIL if needed else Result.SKIP, found, error.hint, allow)


def unread_alike(
    check_id: str, where: str, errors: Iterable[tuple[str, DeployError]], *, needed: bool
) -> Iterator[Check]:
    """As `unread`, for several subjects, with one check for all that failed alike: often it is one permission."""
    alike: dict[str, tuple[DeployError, list[str]]] = {}
    for subject, error in errors:
        alike.setdefault(error.message, (error, []))[1].append(subject)
    for error, subjects in alike.values():
        yield unread(check_id, error, f"{where}: {', '.join(subjects)}", needed=needed)


def not_checked(check_ids: Iterable[str], why: str) -> Iterator[Check]:
    """These checks, which were not made."""
    for check_id in check_ids:
        yield Check(check_id, Result.SKIP, f"not checked: {why}")
