"""Sessions with AWS: a `Login` with the caller's own credentials, and an `Account` for each role and region.

`Login` finds credentials as every AWS tool does (environment, profile, container, instance), and knows the caller's
identity. `Account` has the clients. botocore itself reads `AWS_ENDPOINT_URL`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Literal, cast, overload
from urllib.parse import urlsplit

import botocore.session
from botocore.credentials import CredentialResolver

from weco_deploy import __version__
from weco_deploy.aws import api
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.clients import CONNECT_SECONDS, MAX_ATTEMPTS, SENDING_SECONDS, ClientFactory
from weco_deploy.aws.credentials import Caller, RoleCredentials, RoleProvider, mfa_code, role_session_name
from weco_deploy.aws.error_translation import (
    translate_boto_errors,
    translate_errors,
    without_user_info,
)
from weco_deploy.aws.event_hooks import event_hooks
from weco_deploy.aws.loader import share_loader
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.slow_calls import SlowCalls
from weco_deploy.errors import AwsError, WrongAccount
from weco_deploy.model.arn import account_of

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from weco_deploy.aws.code_deploy_client import CodeDeployClient
    from weco_deploy.aws.iam_client import IamClient
    from weco_deploy.ports import Clock


class Login:
    """The caller's own credentials.

    Args:
        clock: waits for rate limits.
        rates: the rate limits of the clients: `PROCESS_RATES`, or a test's own.
        purpose: the command that runs, for CloudTrail, such as `deploy storage-service stage`.
        log_call: gets a line for each call to AWS (`--verbose`), in the thread that makes the call.
        slow_calls: watches all calls, and says which services don't answer.
        say: gets a line if calls wait for a rate limit, in the thread that waits.
        begin: starts a call in a thread of its own; None to make it at once.

    """

    def __init__(
        self,
        clock: Clock,
        rates: Rates,
        *,
        purpose: str = "",
        log_call: Callable[[str], None] | None = None,
        slow_calls: SlowCalls | None = None,
        say: Callable[[str], None] | None = None,
        begin: Callable[[Callable[[], str]], Future[str]] | None = None,
    ) -> None:
        self._begin = begin or _at_once
        self._factory = ClientFactory(rates, clock, log_call, slow_calls, say)
        self._purpose = purpose
        self._session = _session()
        self._lock = threading.Lock()
        self._accounts: dict[tuple[str, str | None], Account] = {}
        self._identity_lock = threading.Lock()
        self._identity: str | None = None

    def account(self, region: str, role_arn: str | None = None) -> Account:
        """The account of the role, or of the caller if there is no role. Repeated calls return the same object."""
        with self._lock:
            key = (region, role_arn)
            if key not in self._accounts:
                self._accounts[key] = self._new_account(region, role_arn)
            return self._accounts[key]

    def requested_by(self, region: str) -> str:
        """The ARN of the caller, without any assumed role. Asks AWS once."""
        sts = self.account(region).client("sts")
        with self._identity_lock:
            if self._identity is None:
                with translate_errors(api.GET_CALLER_IDENTITY):
                    self._identity = sts.get_caller_identity()["Arn"]
            return self._identity

    @property
    def known_identity(self) -> str | None:
        """The ARN of the caller, if AWS was asked for it already."""
        return self._identity

    def _new_account(self, region: str, role_arn: str | None) -> Account:
        if role_arn is None:
            return Account(self, region, self._session, self._factory)
        caller = Caller(
            sts=lambda: self.account(region).client("sts"),
            credentials=self._session.get_credentials,
            arn=lambda: self.requested_by(region),
            known_arn=lambda: self._identity,
        )
        role = RoleCredentials(role_arn, role_session_name(self._purpose), caller, self._begin)
        session = _session()
        session.register_component("credential_provider", CredentialResolver([RoleProvider(role)]))
        return Account(self, region, session, self._factory, role_arn=role_arn, role=role)


def _at_once(call: Callable[[], str]) -> Future[str]:
    future: Future[str] = Future()
    try:
        future.set_result(call())
    except AwsError as error:
        future.set_exception(error)
    return future


class _Session(botocore.session.Session):
    """botocore's session, except that it asks for an MFA code only at a terminal."""

    def _create_credential_resolver(self) -> CredentialResolver:
        # botocore has no public way to replace its prompt. If these names change, it asks as it always did.
        resolver: CredentialResolver = super()._create_credential_resolver()  # type: ignore[misc]  # not in the stubs
        resolver.get_provider("assume-role")._prompter = mfa_code  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        return resolver


def _session() -> botocore.session.Session:
    with (
        translate_boto_errors()
    ):  # botocore reads the configuration here: it may be broken, or lack the profile
        session = _Session(event_hooks=event_hooks(), include_builtin_handlers=False)
        share_loader(session)
    session.user_agent_extra = f"weco-deploy/{__version__}"
    return session


def profile_region() -> str | None:
    """The region in AWS_DEFAULT_REGION, or else in the profile."""
    region: str | None = _session().get_config_variable("region")
    return region


class Account:
    """AWS in one account and region, as one principal. `Login.account` makes it.

    The first thread that needs a client makes it; then all threads share it.
    """

    def __init__(
        self,
        login: Login,
        region: str,
        session: botocore.session.Session,
        factory: ClientFactory,
        *,
        role_arn: str | None = None,
        role: RoleCredentials | None = None,
    ) -> None:
        self.region = region
        self.role_arn = role_arn
        self._login = login
        self._session = session
        self._factory = factory
        self._role = role
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, int, int], BaseClient] = {}

    @overload
    def client(self, service: Literal["codedeploy"]) -> CodeDeployClient: ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["ecs"]) -> ECSClient: ...
    @overload
    def client(self, service: Literal["elbv2"]) -> ElasticLoadBalancingv2Client: ...
    @overload
    def client(self, service: Literal["iam"]) -> IamClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["resourcegroupstaggingapi"]) -> ResourceGroupsTaggingAPIClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["ssm"]) -> SSMClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    def client(self, service: str) -> object:
        """The client of a service. botocore tries each call up to five times."""
        return self._client(service, MAX_ATTEMPTS, CONNECT_SECONDS)

    def ecs_without_retries(self) -> ECSClient:
        """The ECS client for calls that must not be repeated: botocore tries each call once."""
        return cast("ECSClient", self._client("ecs", 1, CONNECT_SECONDS))

    def code_deploy_without_retries(self) -> CodeDeployClient:
        """The same of CodeDeploy."""
        return cast("CodeDeployClient", self._client("codedeploy", 1, CONNECT_SECONDS))

    def wait_for_rate(self, call: ApiCall, allowed: Callable[[], None]) -> None:
        """Wait until the rate limit leaves room for a change by a client without retries.

        `allowed` is called about once a second, and raises once the change is no longer allowed.
        """
        self._factory.wait_for_rate(call, self.region, account_of(self.role_arn), allowed)

    def ecr_for_uploads(self) -> ECRClient:
        """The ECR client for requests of many megabytes: sending a request may take ten minutes."""
        return cast("ECRClient", self._client("ecr", MAX_ATTEMPTS, SENDING_SECONDS))

    def in_region(self, region: str) -> Account:
        """The same principal in another region."""
        return self._login.account(region, self.role_arn)

    @property
    def name(self) -> str:
        """For messages: the region and the role, without asking AWS."""
        return f"{self.region} as {self.role_arn}" if self.role_arn else f"{self.region} (no role_arn)"

    @property
    def known_account_id(self) -> str:
        """The account of the credentials; empty if only AWS knows it."""
        return account_of(self.role_arn or self._login.known_identity)

    def account_id(self) -> str:
        """The account of the credentials.

        GetCallerIdentity names the caller's account, and AssumeRole's answer that of a role which the caller is not in already.
        """
        if self._role is None:
            return account_of(self._login.requested_by(self.region))
        self._load_credentials()
        return self._role.account

    def check(self, expected: str | None) -> None:
        """Raise WrongAccount if the project names an account, and the credentials belong to a different account."""
        if expected is None:
            return
        found = self.account_id()
        if found == expected:
            return
        principal = f"the role {self.role_arn}" if self.role_arn else "your own credentials"
        raise WrongAccount(
            f"the project is in account {expected}, but {principal} led to account {found} (endpoint {without_user_info(self.endpoint)})",
            "choose other credentials with AWS_PROFILE, or correct account_id or role_arn in the project file",
        )

    @property
    def endpoint(self) -> str:
        """The URL of ECS: AWS's own, or that in AWS_ENDPOINT_URL."""
        return self.client("ecs").meta.endpoint_url

    def is_aws_endpoint(self, url: str) -> bool:
        """Whether the host of a URL belongs to AWS, in any partition, by botocore's endpoint data."""
        host = urlsplit(url).hostname or ""
        return any(host.endswith(f".{suffix}") for suffix in _aws_suffixes(self._session))

    def _load_credentials(self) -> None:
        credentials = self._session.get_credentials()
        if credentials is not None:
            with translate_errors(api.ASSUME_ROLE):
                credentials.get_frozen_credentials()

    def _client(self, service: str, attempts: int, connect_seconds: int) -> BaseClient:
        key = (service, attempts, connect_seconds)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._factory.client(
                    self._session,
                    service,
                    self.region,
                    account_of(self.role_arn),
                    attempts=attempts,
                    connect_seconds=connect_seconds,
                )
            return self._clients[key]


def _aws_suffixes(session: botocore.session.Session) -> Iterator[str]:
    """The domains of the endpoints of all partitions, IPv4 and dual-stack."""
    for partition in session.get_data("endpoints")["partitions"]:
        yield partition["dnsSuffix"]
        for variant in partition["defaults"].get("variants", ()):
            yield variant["dnsSuffix"]
