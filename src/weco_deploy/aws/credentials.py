"""Credentials of a role, which refresh for as long as the tool runs.

The session of a chained role lasts at most an hour, and a rollout may take longer. So botocore assumes the role again
whenever the session is about to end.
"""

from __future__ import annotations

import getpass
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.credentials import CredentialProvider, Credentials, DeferredRefreshableCredentials

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.aws.refused_credentials import WITHOUT_MFA
from weco_deploy.errors import AwsError, NoCredentials
from weco_deploy.model.arn import account_of, is_session_of

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_sts import STSClient

LONGEST_SESSION_NAME = 64
_ILLEGAL = re.compile(r"[^\w+=,.@-]+", re.ASCII)


def role_session_name(purpose: str) -> str:
    """A legal RoleSessionName that shows in CloudTrail who runs the tool, and for which purpose."""
    name = _ILLEGAL.sub("-", f"weco-deploy={_user()}={purpose}").strip("-=")
    return name[:LONGEST_SESSION_NAME]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id that has no name.
        return "unknown"


def mfa_code(prompt: str) -> str:
    """Ask for the MFA code that a profile of the AWS configuration needs.

    Raises NoCredentials if there is no terminal. `getpass` would then wait for a line on stdin.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoCredentials(
            "", "the profile needs an MFA code, and there is no terminal to type it at", WITHOUT_MFA
        )
    return getpass.getpass(prompt)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs the tool, without any assumed role.

    Args:
        sts: makes the STS client with the caller's own credentials.
        credentials: finds the caller's own credentials; None if there are none.
        arn: asks AWS for the caller's ARN, once; may be called in any thread.
        known_arn: the ARN if AWS has told it already, else None.

    """

    sts: Callable[[], STSClient]
    credentials: Callable[[], Credentials | None]
    arn: Callable[[], str]
    known_arn: Callable[[], str | None]


class RoleCredentials(Credentials):
    """The credentials of a role: the caller's own if the caller is a session of that role, else those of a new session.

    A role may assume itself only if its trust policy allows it, so a pipeline that has entered the role uses it as it is.
    The choice is made when credentials are first needed.

    Args:
        role_arn: the role.
        session_name: a legal RoleSessionName.
        caller: who runs the tool.
        begin: starts a call in a thread of its own.

    """

    def __init__(
        self,
        role_arn: str,
        session_name: str,
        caller: Caller,
        begin: Callable[[Callable[[], str]], Future[str]],
    ) -> None:
        super().__init__("", "", method="assume-role")  # signers ask only for frozen credentials
        self._role_arn = role_arn
        self._session_name = session_name
        self._caller = caller
        self._begin = begin
        self._account = account_of(role_arn)
        self._new_session = DeferredRefreshableCredentials(refresh_using=self._assume, method="assume-role")
        self._lock = threading.Lock()
        self._chosen: Credentials | None = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        with self._lock:
            if self._chosen is None:
                self._chosen = self._choose()
        return self._chosen.get_frozen_credentials()

    @property
    def account(self) -> str:
        """The account of the role. If the role was assumed, the account that AWS named."""
        return self._account

    def _choose(self) -> Credentials:
        self._caller.sts()  # finds the caller's credentials
        own = self._caller.credentials()
        known = self._caller.known_arn()
        if own is None or known is not None:
            return own if own and is_session_of(known or "", self._role_arn) else self._new_session
        return self._own_or_new_session(own)

    def _own_or_new_session(self, own: Credentials) -> Credentials:
        """Ask AWS who the caller is and assume the role at the same time, so that neither call waits for the other."""
        with translate_errors(api.ASSUME_ROLE):
            own.get_frozen_credentials()  # before a second thread needs them: it may ask for an MFA code
        asked = self._begin(self._caller.arn)
        refused: AwsError | None = None
        try:
            self._new_session.get_frozen_credentials()
        except AwsError as error:
            refused = error
        if is_session_of(_answer(asked), self._role_arn):
            return own
        if refused is not None:
            raise refused
        return self._new_session

    def _assume(self) -> dict[str, str]:
        sts = self._caller.sts()
        with translate_errors(api.ASSUME_ROLE):
            answer = sts.assume_role(RoleArn=self._role_arn, RoleSessionName=self._session_name)
            credentials = answer["Credentials"]
            self._account = account_of(answer["AssumedRoleUser"]["Arn"])
            return {
                "access_key": credentials["AccessKeyId"],
                "secret_key": credentials["SecretAccessKey"],
                "token": credentials["SessionToken"],
                "expiry_time": credentials["Expiration"].isoformat(),
            }


def _answer(asked: Future[str]) -> str:
    """The caller's ARN; empty if AWS did not tell it. The role may then still be assumed."""
    try:
        return asked.result()
    except AwsError:
        return ""


class RoleProvider(CredentialProvider):
    """Provides the credentials of a role to a session of botocore."""

    METHOD = "weco-deploy-role"

    def __init__(self, credentials: RoleCredentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> RoleCredentials:
        return self._credentials
