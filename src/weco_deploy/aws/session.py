"""Who talks to AWS, and where: one `Login` with the caller's own credentials, an `Account` per role and region.

`Login` finds credentials as every AWS tool does (environment, profile, container, instance), and knows the
caller's own identity. `Account` makes the clients. `AWS_ENDPOINT_URL` is botocore's own business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Literal, cast, overload

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialResolver

from weco_deploy import __version__
from weco_deploy.aws.answers import require_json
from weco_deploy.aws.credentials import AssumedRole, role_session_name
from weco_deploy.aws.error_translation import told, translated, without_user_info
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.trace import trace
from weco_deploy.errors import AwsError, WrongAccount
from weco_deploy.model.arn import account_of

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_sts import STSClient

    from weco_deploy.ports import Clock

MAX_ATTEMPTS = 5
CONNECT_SECONDS = 5
READ_SECONDS = 30
BRIEF_SECONDS = 3
"""The same for services that answer within milliseconds and are called by the thread that renews the lease.

One answer that gets lost costs 4 s at most, with the pause before the next attempt. Where none comes at all, five
attempts and the pauses between them (1, 2, 4, 8 s at most) are over within 30 s: a quarter of the usual lease.
"""
BRIEF = frozenset({"dynamodb", "sts"})
"""The record, and the credentials to reach it with."""
SENDING_SECONDS = 600
"""For calls that carry much: urllib3 leaves the time for connecting on the socket while a request is sent, and Python
counts it over the whole of it."""
CONNECTIONS = 16
"""As many as `pipeline/concurrent_calls.py` has workers."""


class Login:
    """The caller's own credentials.

    Args:
        clock: paces requests.
        purpose: what the tool is doing, for CloudTrail, as in `deploy storage-service stage`.
        tell: takes a line for each call to AWS (`--verbose`), in whichever thread makes it.

    """

    def __init__(
        self,
        clock: Clock,
        *,
        purpose: str = "",
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._rates = Rates(clock)
        self._purpose = purpose
        self._tell = tell
        self._session = _session()
        self._lock = threading.RLock()
        self._making = threading.Lock()
        self._accounts: dict[tuple[str, str | None], Account] = {}
        self._identity: str | None = None

    def account(self, region: str, role_arn: str | None = None) -> Account:
        """The account that the role, or without one the caller, is in; always the same object for the same two."""
        with self._lock:
            key = (region, role_arn)
            if key not in self._accounts:
                self._accounts[key] = self._entered(region, role_arn)
            return self._accounts[key]

    def requested_by(self, region: str) -> str:
        """The ARN of the caller, without any assumed role. AWS is asked once."""
        sts = self.account(region).client("sts")
        with self._lock:
            if self._identity is None:
                with told("sts", "GetCallerIdentity"):
                    self._identity = sts.get_caller_identity()["Arn"]
            return self._identity

    def _entered(self, region: str, role_arn: str | None) -> Account:
        if role_arn is None:
            return Account(self, region, self._session, self._making, self._rates, tell=self._tell)
        role = AssumedRole(
            role_arn, role_session_name(self._purpose), lambda: self.account(region).client("sts")
        )
        session = _session()
        session.register_component("credential_provider", CredentialResolver([role]))
        return Account(
            self,
            region,
            session,
            self._making,
            self._rates,
            role_arn=role_arn,
            role=role,
            tell=self._tell,
        )


@cache
def _loader() -> object:
    """One for the process: reading the services' models is most of what a first client costs."""
    return botocore.session.get_session().get_component("data_loader")


def _session() -> botocore.session.Session:
    with translated():  # the configuration is read here: it may be broken, or lack the profile
        session = botocore.session.get_session()
        session.register_component("data_loader", _loader())
    session.user_agent_extra = f"weco-deploy/{__version__}"
    return session


class Account:
    """AWS in one account and region, as one principal. `Login.account` makes it.

    Clients are made once, by the thread that needs them first, and one at a time (`making`): it takes
    5 to 60 ms, and neither a botocore session nor the loader that all of them share is thread-safe.
    """

    def __init__(
        self,
        login: Login,
        region: str,
        session: botocore.session.Session,
        making: threading.Lock,
        rates: Rates,
        *,
        role_arn: str | None = None,
        role: AssumedRole | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.region = region
        self.role_arn = role_arn
        self._login = login
        self._session = session
        self._rates = rates
        self._role = role
        self._tell = tell
        self._making = making
        self._clients: dict[tuple[str, int, int], BaseClient] = {}

    @overload
    def client(self, service: Literal["dynamodb"]) -> DynamoDBClient: ...
    @overload
    def client(self, service: Literal["ecr"]) -> ECRClient: ...
    @overload
    def client(self, service: Literal["ecs"]) -> ECSClient: ...
    @overload
    def client(self, service: Literal["logs"]) -> CloudWatchLogsClient: ...
    @overload
    def client(self, service: Literal["resourcegroupstaggingapi"]) -> ResourceGroupsTaggingAPIClient: ...
    @overload
    def client(self, service: Literal["sts"]) -> STSClient: ...
    def client(self, service: str) -> object:
        """The client of a service, retried by botocore up to five attempts a call."""
        return self._client(service, MAX_ATTEMPTS, CONNECT_SECONDS)

    def ecs_without_retries(self) -> ECSClient:
        """The ECS client for calls that must not be made twice: one attempt each."""
        return cast("ECSClient", self._client("ecs", 1, CONNECT_SECONDS))

    def ecr_for_uploads(self) -> ECRClient:
        """The ECR client for requests of many megabytes: each may take ten minutes to be sent."""
        return cast("ECRClient", self._client("ecr", MAX_ATTEMPTS, SENDING_SECONDS))

    def elsewhere(self, region: str) -> Account:
        """The same principal in another region."""
        return self._login.account(region, self.role_arn)

    @property
    def name(self) -> str:
        """For messages: the region and the role, without asking AWS."""
        return f"{self.region} as {self.role_arn}" if self.role_arn else f"{self.region} (no role_arn)"

    def account_id(self) -> str:
        """The account of the credentials.

        A role's is told by the answer of AssumeRole; only without a role is STS asked who we are.
        """
        if self._role is None:
            return account_of(self._login.requested_by(self.region))
        self._credentials_loaded()
        return self._role.account

    def check(self, expected: str | None) -> None:
        """WrongAccount if the project names an account and the credentials belong to another one."""
        if expected is None:
            return
        found = self.account_id()
        if found == expected:
            return
        entered = f"the role {self.role_arn}" if self.role_arn else "your own credentials"
        raise WrongAccount(
            f"the project is in account {expected}, but {entered} led to account {found} (endpoint {without_user_info(self.endpoint)})",
            "choose other credentials with AWS_PROFILE, or correct account_id or role_arn in the project file",
        )

    @property
    def endpoint(self) -> str:
        """The URL that ECS is called at: another one than AWS's if AWS_ENDPOINT_URL is set."""
        return self.client("ecs").meta.endpoint_url

    def _credentials_loaded(self) -> None:
        credentials = self._session.get_credentials()
        if credentials is not None:
            with told("sts", "AssumeRole"):
                credentials.get_frozen_credentials()

    def _client(self, service: str, attempts: int, connect_seconds: int) -> BaseClient:
        with self._making:
            key = (service, attempts, connect_seconds)
            if key not in self._clients:
                self._clients[key] = self._made(*key)
            return self._clients[key]

    def _made(self, service: str, attempts: int, connect_seconds: int) -> BaseClient:
        config = Config(
            region_name=self.region,
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=BRIEF_SECONDS if service in BRIEF else connect_seconds,
            read_timeout=BRIEF_SECONDS if service in BRIEF else READ_SECONDS,
            max_pool_connections=CONNECTIONS,
        )
        try:
            with translated():
                client = self._session.create_client(service, region_name=self.region, config=config)
        except ValueError as error:
            raise AwsError("", str(error), "look at AWS_ENDPOINT_URL and at the region's name") from error
        require_json(client)
        # Roles of one account share its rates; without a role the account need not be known to be one.
        self._rates.slow(client, account_of(self.role_arn), self.region)
        if self._tell is not None:
            trace(client, self._tell)
        return client
