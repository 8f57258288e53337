"""Protocols for everything outside, as the pipeline and the operations use it.

`aws/` implements them for AWS and `local/` for this machine, `tests/world/` in memory. All but the package itself import
them from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from weco_deploy.model.bucket import Bucket
from weco_deploy.model.project import Environment, Project
from weco_deploy.ports.aws import (
    CONTAINER_INSTANCES_A_CALL,
    IMAGES_A_CALL,
    PROTECTIONS_A_CALL,
    SERVICE_DEPLOYMENTS_A_CALL,
    SERVICE_REVISIONS_A_CALL,
    SERVICES_A_CALL,
    TAG_VALUES_A_CALL,
    TAGS_A_CALL,
    TASKS_A_CALL,
    THROTTLING_PATIENCE,
    ImageRegistry,
    LogReader,
    Replicas,
    ServiceRuntime,
)
from weco_deploy.ports.calls import Calls, Done, Failed, Outcome, Skipped
from weco_deploy.ports.checks import HttpClient, NotStarted, Programs, RunningProgram
from weco_deploy.ports.code_deploy import CodeDeploy
from weco_deploy.ports.github import GitHubError, GitHubRepository
from weco_deploy.ports.machine import Clock, History, Interrupts
from weco_deploy.ports.messages import Messenger, NotDelivered
from weco_deploy.ports.publishing import ImageEngine, ImageLayout, ImageUploads, Publishing, WorkTree
from weco_deploy.ports.records import ReleaseStore
from weco_deploy.ports.setup import SetupReader
from weco_deploy.ports.sites import SiteStore
from weco_deploy.ports.tasks import TaskRunner

__all__ = [
    "CONTAINER_INSTANCES_A_CALL",
    "IMAGES_A_CALL",
    "PROTECTIONS_A_CALL",
    "SERVICES_A_CALL",
    "SERVICE_DEPLOYMENTS_A_CALL",
    "SERVICE_REVISIONS_A_CALL",
    "TAGS_A_CALL",
    "TAG_VALUES_A_CALL",
    "TASKS_A_CALL",
    "THROTTLING_PATIENCE",
    "Caller",
    "Calls",
    "Clock",
    "CodeDeploy",
    "Done",
    "Failed",
    "GitHubError",
    "GitHubRepository",
    "History",
    "HttpClient",
    "ImageEngine",
    "ImageLayout",
    "ImageRegistry",
    "ImageUploads",
    "Interrupts",
    "LogReader",
    "Messenger",
    "NotDelivered",
    "NotStarted",
    "Outcome",
    "Ports",
    "Programs",
    "Publishing",
    "ReleaseStore",
    "Replicas",
    "RunningProgram",
    "ServiceRuntime",
    "SetupReader",
    "SiteStore",
    "Skipped",
    "TaskRunner",
    "WorkTree",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who runs the tool (the caller's own identity, not the role it assumes) and in which build."""

    requested_by: str
    build_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything an operation may reach, made for one project by the composition root.

    `replicas`, `runtime`, `code_deploy`, `tasks` and `logs` are functions because an environment's services may live in another account
    or region, and so is `setup`, where None means the project's own account; `site` takes a place in S3 that the project's account may write to; `caller` and `check_account` because they may ask AWS. `check_account` raises
    WrongAccount if the project names an account and the credentials belong to another. `places` says which
    accounts, regions and endpoints a deployment to an environment is about, for people. `secret` reads the value of `env:NAME`
    (an environment variable) or `ssm:NAME` (a parameter in the project's account), and raises NotFound if it is not set.
    `programs` and `http` are for checks. `github` makes no request, but raises GitHubError if the token or the repository is not known.
    `began` is when the run began, in UTC. `new_id` makes a UUID, for releases, deployments and lock owners.
    """

    project: Project
    clock: Clock
    interrupts: Interrupts
    calls: Calls
    registry: ImageRegistry
    store: ReleaseStore
    history: History
    publishing: Publishing
    replicas: Callable[[Environment], Replicas]
    runtime: Callable[[Environment], ServiceRuntime]
    tasks: Callable[[Environment], TaskRunner]
    code_deploy: Callable[[Environment], CodeDeploy]
    logs: Callable[[Environment], LogReader]
    setup: Callable[[Environment | None], SetupReader]
    site: Callable[[Bucket], SiteStore]
    caller: Callable[[], Caller]
    check_account: Callable[[], None]
    places: Callable[[Environment], str]
    secret: Callable[[str], str]
    messenger: Messenger
    programs: Programs
    http: HttpClient
    github: Callable[[], GitHubRepository]
    began: datetime
    new_id: Callable[[], str]
