"""Credentials of an assumed role, which refresh for as long as the tool runs.

The session of a chained role lasts at most an hour, and a rollout may take longer. So botocore assumes the role again
whenever the session is about to end.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.credentials import CredentialProvider, DeferredRefreshableCredentials

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.aws.refused_credentials import WITHOUT_MFA
from weco_deploy.errors import NoCredentials
from weco_deploy.model.arn import account_of

if TYPE_CHECKING:
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


class AssumedRole(CredentialProvider):
    """Assumes a role when credentials are first needed, and again before they expire.

    Args:
        role_arn: the role.
        session_name: a legal RoleSessionName.
        sts: makes the STS client with the caller's own credentials; called when credentials are needed.

    """

    METHOD = "weco-deploy-assumed-role"

    def __init__(self, role_arn: str, session_name: str, sts: Callable[[], STSClient]) -> None:
        super().__init__()
        self._role_arn = role_arn
        self._session_name = session_name
        self._sts = sts
        self._account = ""

    def load(self) -> DeferredRefreshableCredentials:
        return DeferredRefreshableCredentials(refresh_using=self._assume, method="assume-role")

    @property
    def account(self) -> str:
        """The account that AWS named when the role was assumed; empty before."""
        return self._account

    def _assume(self) -> dict[str, str]:
        sts = self._sts()
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
