"""Checks the settings of the table with the records."""

from __future__ import annotations

from collections.abc import Iterator

from weco_deploy.errors import DeployError, NotFound
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.project import Project
from weco_deploy.model.setup import TableSettings
from weco_deploy.rules.doctor.aws_commands import aws
from weco_deploy.rules.doctor.findings import not_checked, unread

TABLE, BILLING, PROTECTION, RECOVERY = "table", "table_billing", "table_protection", "table_recovery"
IDS = (TABLE, BILLING, PROTECTION, RECOVERY)
INDEXES = frozenset({"project_gsi", "deployment_gsi"})
"""The indexes that 5.x made, too."""


def table(
    project: Project, settings: Answer[TableSettings | None], recovers: Answer[bool]
) -> Iterator[Check]:
    """Whether the table is there, bills on demand, and is protected from deletion and mistakes."""
    name = project.release_table
    if isinstance(settings, DeployError):
        yield unread(TABLE, settings, name, needed=False)
        yield from not_checked((BILLING, PROTECTION), "the table could not be read")
    elif settings is None:
        yield Check(TABLE, Result.OK, f"there is no {name} yet: the first release makes it")
        yield from not_checked((BILLING, PROTECTION, RECOVERY), "there is no table yet")
        return
    else:
        yield _indexes(name, settings)
        yield _billing(project, settings)
        yield _protection(project, settings)
    yield _recovery(project, recovers)


def _indexes(name: str, settings: TableSettings) -> Check:
    missing = sorted(INDEXES - settings.indexes)
    if not missing:
        return Check(TABLE, Result.OK, name)
    return Check(
        TABLE,
        Result.FAIL,
        f"{name} lacks the index {' and '.join(missing)}: it was not made by this tool",
        "name another table (release_table in the project file), or delete this one: the first release makes it anew",
    )


def _billing(project: Project, settings: TableSettings) -> Check:
    if settings.on_demand:
        return Check(BILLING, Result.OK, "on demand")
    return Check(
        BILLING,
        Result.WARN,
        f"{project.release_table} has provisioned capacity: it may be too busy during deployments",
        command=_update(project, "--billing-mode", "PAY_PER_REQUEST"),
    )


def _protection(project: Project, settings: TableSettings) -> Check:
    if settings.deletion_protection:
        return Check(PROTECTION, Result.OK, "the table is protected from deletion")
    return Check(
        PROTECTION,
        Result.WARN,
        f"{project.release_table} can be deleted by mistake, with the history and the locks",
        command=_update(project, "--deletion-protection-enabled"),
    )


def _recovery(project: Project, recovers: Answer[bool]) -> Check:
    if isinstance(recovers, NotFound):
        return next(not_checked([RECOVERY], "there is no table yet"))
    if isinstance(recovers, DeployError):
        return unread(RECOVERY, recovers, needed=False)
    if recovers:
        return Check(RECOVERY, Result.OK, "point-in-time recovery is on")
    return Check(
        RECOVERY,
        Result.WARN,
        f"{project.release_table} has no point-in-time recovery: the history can't be restored",
        command=aws(
            project.region_name,
            "dynamodb",
            "update-continuous-backups",
            "--table-name",
            project.release_table,
            "--point-in-time-recovery-specification",
            "PointInTimeRecoveryEnabled=true",
        ),
    )


def _update(project: Project, *change: str) -> tuple[str, ...]:
    return aws(
        project.region_name, "dynamodb", "update-table", "--table-name", project.release_table, *change
    )
