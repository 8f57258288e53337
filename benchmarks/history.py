"""Counts the calls of commands in an account with few releases, and in one with many."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3

from benchmarks import estate
from benchmarks.aws import Aws
from benchmarks.rollouts import release_deploy
from benchmarks.served import served
from tests.proxy.tool import write_project_file
from weco_deploy.model.project import Project

COMMANDS = (
    ("status",),
    ("plan", "--environment-id", "stage"),
    ("--dry-run", "deploy", "--environment-id", "stage"),
    ("--dry-run", "release-deploy", "--environment-id", "stage"),
    ("--dry-run", "rollback", "--environment-id", "stage"),
    ("show-releases",),
    ("show-release",),
    ("show-deployments",),
    ("show-deployments", "--environment-id", "stage"),
    ("show-deployment", "--environment-id", "stage"),
    ("show-images",),
    ("confirm-deploy", "--environment-id", "stage"),
    ("prepare",),
)
ITEMS_A_CALL = 25
"""The most that BatchWriteItem takes."""
MADE = 2
"""Releases that are really made and deployed; the others are copies of their records."""
OF_NO_RELEASE = ("environment#", "latest#")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The calls of each command, with so many releases in the record."""

    releases: int
    calls: Mapping[str, int]


def commands(
    port: int, account: str, releases: int, commands: Sequence[Sequence[str]] = COMMANDS
) -> Commands:
    """Count the calls of each command in an account whose project has so many releases, each of which was deployed."""
    with closing(Aws(port, account)) as aws:
        return Commands(releases=releases, calls=_counted(aws, releases, commands))


def _counted(aws: Aws, releases: int, commands: Sequence[Sequence[str]]) -> dict[str, int]:
    project = estate.project_of(10, 2)
    state = estate.create(aws, project)
    for _ in range(MADE):
        estate.push(aws, state)
        aws.run(partial(release_deploy, aws, project, [], []))
        aws.sleep(600)
    _fill(aws, project, releases)
    with TemporaryDirectory() as directory, served(aws) as address:
        write_project_file(project, Path(directory))
        counted = {}
        for arguments in commands:
            aws.calls.clear()
            subprocess.run(
                [sys.executable, "-m", "weco_deploy", "--confirm", *arguments],
                cwd=directory,
                env=aws.variables
                | {"AWS_ENDPOINT_URL": f"http://{address}", "HOME": directory, "NO_PROXY": "*"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
            counted[" ".join(arguments)] = len(aws.calls)
    return counted


def _fill(aws: Aws, project: Project, releases: int) -> None:
    """Record so many more releases and deployments, as copies of the oldest ones, each twenty minutes older than the one before."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{aws.port}",
        region_name=aws.place.region,
        aws_access_key_id=aws.place.account,
        aws_secret_access_key="benchmark",  # noqa: S106 - MiniStack checks none
    )
    table = project.release_table
    items = client.scan(TableName=table)["Items"]
    originals = [json.dumps(item) for item in items if not item["release_id"]["S"].startswith(OF_NO_RELEASE)]
    copies = [
        {"PutRequest": {"Item": json.loads(_copied(original, number))}}
        for number in range(1, releases // MADE)
        for original in originals
    ]
    for begin in range(0, len(copies), ITEMS_A_CALL):
        client.batch_write_item(RequestItems={table: copies[begin : begin + ITEMS_A_CALL]})  # type: ignore[dict-item]  # plain JSON


def _copied(item: str, number: int) -> str:
    """A record with other ids, so many times twenty minutes older."""

    def earlier(found: re.Match[str]) -> str:
        return (datetime.fromisoformat(found[0]) - number * timedelta(minutes=20)).isoformat()

    renamed = _ID.sub(lambda found: str(uuid.uuid5(uuid.UUID(found[0]), str(number))), item)
    return _TIME.sub(earlier, renamed)
