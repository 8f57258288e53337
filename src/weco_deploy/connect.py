"""The composition root: makes the ports of a project, with its registry, services and records."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from weco_deploy.aws.code_deploy import AwsCodeDeploy
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.logs import CloudWatchLogs
from weco_deploy.aws.parameters import parameter
from weco_deploy.aws.places import places
from weco_deploy.aws.policy import policy
from weco_deploy.aws.policy_document import PolicyDocument
from weco_deploy.aws.rates import PROCESS_RATES
from weco_deploy.aws.records import DynamoReleaseStore
from weco_deploy.aws.regions import check_regions
from weco_deploy.aws.replicas import EcrReplicas
from weco_deploy.aws.session import Account, Login, profile_region
from weco_deploy.aws.setup import AwsSetup
from weco_deploy.aws.sites import S3Site
from weco_deploy.aws.slow_calls import SlowCalls
from weco_deploy.aws.task_runner import EcsTaskRunner
from weco_deploy.aws.uploads import EcrUploads
from weco_deploy.errors import DockerError, NotFound
from weco_deploy.local.ci import build_url
from weco_deploy.local.clock import SystemClock
from weco_deploy.local.concurrent_calls import ConcurrentCalls, begin_alone
from weco_deploy.local.git import GitHistory
from weco_deploy.local.github import github_repository
from weco_deploy.local.http_client import UrlClient
from weco_deploy.local.interrupts import Signals
from weco_deploy.local.messenger import AppriseMessenger
from weco_deploy.local.programs import LocalPrograms
from weco_deploy.local.ticking import tick
from weco_deploy.local.work_tree import GitWorkTree
from weco_deploy.model.arn import account_of
from weco_deploy.model.bucket import Bucket
from weco_deploy.model.notification import PARAMETER
from weco_deploy.model.project import Environment, Project
from weco_deploy.pipeline.inventory import InventoryReader, Report
from weco_deploy.ports import Caller, ImageEngine, Ports, Publishing


def connect(
    project: Project,
    signals: Signals,
    *,
    purpose: str,
    trace: Callable[[str], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Ports:
    """Make the ports of a project, with the credentials that the AWS tools would use. This makes no call to AWS yet.

    Images and records are in the project's account and region. So are an environment's services, unless the environment
    names another role or region. Raises UsageError for a region that can't exist. Signals interrupt the calling thread, which must run the operation.

    Args:
        project: the project.
        signals: the process's signal handlers.
        purpose: the command and project, for CloudTrail.
        trace: gets a line for each call to AWS; None to trace nothing.
        waiting: gets a line if AWS does not answer for some seconds, or if calls wait for a rate limit, in a thread of its own;
            None to say nothing.

    """
    check_regions(
        [project.region_name, *(place.region_name for place in project.environments if place.region_name)]
    )
    signals.listen()
    clock = SystemClock(signals)
    slow_calls = SlowCalls(waiting, tick) if waiting is not None else None
    login = Login(
        clock,
        PROCESS_RATES,
        purpose=purpose,
        log_call=trace,
        slow_calls=slow_calls,
        say=waiting,
        begin=begin_alone,
    )
    home = login.account(project.region_name, project.role_arn)

    def account(environment: Environment) -> Account:
        return login.account(
            environment.region_name or project.region_name, environment.role_arn or project.role_arn
        )

    @cache
    def runtime(environment: Environment) -> EcsRuntime:
        return EcsRuntime(account(environment), clock)

    history = GitHistory(Path.cwd())
    return Ports(
        project=project,
        clock=clock,
        interrupts=signals,
        calls=ConcurrentCalls(clock, action=signals.raise_if_requested),
        registry=EcrRegistry(home),
        store=DynamoReleaseStore(home.client("dynamodb"), project, clock),
        history=history,
        publishing=Publishing(
            uploads=EcrUploads(home), engine=cache(_docker_engine), work_tree=GitWorkTree(Path.cwd())
        ),
        replicas=lambda environment: EcrReplicas(home, account(environment)),
        runtime=runtime,
        tasks=lambda environment: EcsTaskRunner(account(environment)),
        code_deploy=lambda environment: AwsCodeDeploy(account(environment)),
        logs=lambda environment: CloudWatchLogs(account(environment)),
        setup=lambda environment: AwsSetup(
            account(environment) if environment else home,
            clock,
            project,
            for_services=environment is not None,
        ),
        site=lambda bucket: S3Site(home, bucket),
        caller=lambda: Caller(
            requested_by=login.requested_by(project.region_name), build_url=build_url(os.environ)
        ),
        places=lambda environment: places(home, account(environment), project.account_id),
        secret=lambda reference: _secret(home, reference),
        messenger=AppriseMessenger(),
        programs=LocalPrograms(),
        http=UrlClient(),
        github=lambda: github_repository(os.environ, history.remote_url()),
        check_account=lambda: home.check(project.account_id),
        began=clock.utc(),
        new_id=lambda: str(uuid.uuid4()),
    )


def inventory_reader(
    template: Project,
    signals: Signals,
    *,
    purpose: str,
    report: Report,
    trace: Callable[[str], None] | None = None,
    waiting: Callable[[str], None] | None = None,
) -> tuple[Project, InventoryReader]:
    """What reads the account and region of a project that is only about to be described, and the project with its account.

    Asks AWS for the account. Raises UsageError for a region that can't exist. `report` gets the progress, the other arguments are as in `connect`.
    """
    check_regions([template.region_name])
    signals.listen()
    clock = SystemClock(signals)
    slow_calls = SlowCalls(waiting, tick) if waiting is not None else None
    login = Login(clock, PROCESS_RATES, purpose=purpose, log_call=trace, slow_calls=slow_calls)
    account = login.account(template.region_name, template.role_arn)
    calls = ConcurrentCalls(clock, action=signals.raise_if_requested)
    reader = InventoryReader(EcsRuntime(account, clock), EcrRegistry(account), calls, report)
    return replace(template, account_id=account.account_id()), reader


def configured_region() -> str | None:
    """The region in the environment or in the AWS profile."""
    return os.environ.get("AWS_REGION") or profile_region()


def iam_policy(
    project: Project,
    environments: Sequence[Environment],
    caller: Callable[[], Caller],
    *,
    read_only: bool,
    board: Bucket | None = None,
) -> PolicyDocument:
    """The least IAM policy for a project and these environments, and for writing the board into a bucket.

    AWS is asked for the caller's account only if the project names neither an account nor a role.
    """
    account_id = project.account_id or account_of(project.role_arn) or account_of(caller().requested_by)
    return policy(project, environments, account_id, read_only=read_only, board=board)


def _secret(home: Account, reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == PARAMETER:
        return parameter(home, name)
    value = os.environ.get(name)
    if not value:
        raise NotFound(f"the environment variable {name} is not set")
    return value


def _docker_engine() -> ImageEngine:
    try:
        from weco_deploy.local.engine import docker_engine  # an extra, which only `publish` needs
    except ModuleNotFoundError as error:
        raise DockerError(
            f"the Docker Engine needs a package that is not installed: {error.name}",
            "install it with: pip install 'weco-deploy[publish]', or publish an OCI layout with --oci-layout",
        ) from error
    return docker_engine()
