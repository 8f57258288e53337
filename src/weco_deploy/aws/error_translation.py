"""What boto raises, as our errors.

A refusal names the IAM action that is missing; what may have happened although no answer came is
Unreachable. Nothing secret gets into a message: credentials faults quote only AWS's code, because
SignatureDoesNotMatch spells out the signed headers, session token included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,  # noqa: A004 - botocore's own, which the builtin is no base of
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from weco_deploy.errors import AccessDenied, AwsError, NoCredentials, Throttled, Unreachable

THROTTLING_CODES = frozenset(
    {
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
DENIED_CODES = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"}
)
CREDENTIALS_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
CREDENTIALS_FAULTS = (
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
NOT_SENT_FAULTS = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
"""There was no connection to send the request over."""
CONNECTION_FAULTS = (ConnectionError, HTTPClientError, IncompleteReadError, OSError)
MALFORMED_FAULTS = (ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""botocore parses with no guard: a body of the wrong shape surfaces as any of these."""

SIGN_IN = "sign in to AWS again (`aws sso login`, or new keys) or choose a profile with AWS_PROFILE"
CORRECT_FILE = "correct that file, or name others with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
ALLOW_IT = "add it to the policy of that role or user, or use other credentials (AWS_PROFILE)"
TRY_AGAIN = "run the same command again: it goes on where this one stopped"
ACTIONS_BEHIND = {
    "dynamodb:TransactWriteItems": "dynamodb:PutItem, dynamodb:UpdateItem and dynamodb:ConditionCheckItem",
    "dynamodb:TransactGetItems": "dynamodb:GetItem",
}
"""Operations that IAM knows under other names than the API."""

LONGEST_MESSAGE = 600
_REFUSAL = re.compile(
    r"(?:User: (?P<principal>\S+) is )?not authorized to perform:? (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>[^\s,]+))?"
)
_USER_INFO = re.compile(r"//[^/@\s]+@")
_SECRET = re.compile(
    r"(?i)(x-amz-security-token|x-amz-signature|x-amz-credential|authorization)(\"?\s*[:=]\s*)[^\r\n&]+"
)
_ENCODED = re.compile(r"(?i)encoded authorization failure message:.*", re.DOTALL)


class NotSent(Unreachable):
    """The request did not leave this machine: AWS certainly has not acted on it."""


@contextmanager
def told(service: str, operation: str) -> Iterator[None]:
    """Translate what a boto call, and reading its answer, raise.

    Args:
        service: the IAM prefix, as in `ecs`, `tag`, `dynamodb`.
        operation: the API's name of the call, as in `UpdateService`.

    Nothing else belongs into the block: a KeyError, TypeError, ValueError or AttributeError out of it is
    taken for an answer that isn't one. (A body that is no JSON reaches us as an empty answer, so read with
    `answer["services"]` what AWS always sends.) Our own errors pass through.

    Raises:
        AccessDenied, NoCredentials, Throttled, NotSent, Unreachable, AwsError.

    """
    name = f"{service}:{operation}"
    try:
        with translated(name):
            yield
    except MALFORMED_FAULTS as error:
        # A parser's own message quotes the body, which may be one with credentials.
        what = f"there is no {error}" if isinstance(error, KeyError) else type(error).__name__
        raise malformed(name, what) from error


@contextmanager
def translated(name: str = "") -> Iterator[None]:
    """Translate what boto raises on purpose, also where no call is made: when it makes a client.

    Args:
        name: the call as `ecs:UpdateService`, empty where there is none.

    Raises:
        AccessDenied, NoCredentials, Throttled, NotSent, Unreachable, AwsError.

    """
    try:
        yield
    except ClientError as error:
        raise refused(name, error) from error
    except CREDENTIALS_FAULTS as error:
        raise NoCredentials(name, _plain(error), SIGN_IN) from error
    except ConfigParseError as error:
        raise NoCredentials(name, _plain(error), CORRECT_FILE) from error
    except NOT_SENT_FAULTS as error:
        raise NotSent(name, f"AWS can't be reached: {_plain(error)}", TRY_AGAIN) from error
    except CONNECTION_FAULTS as error:
        raise Unreachable(name, f"no answer from AWS: {_plain(error)}", TRY_AGAIN) from error
    except BotoCoreError as error:
        raise AwsError(name, _plain(error)) from error


def malformed(name: str, what: str) -> Unreachable:
    """The error for an answer that isn't one; `name` is the call as `ecs:UpdateService`."""
    hint = f"{TRY_AGAIN}; look also at AWS_ENDPOINT_URL and at proxies in between"
    return Unreachable(name, f"the answer can't be read: {what}", hint)


def refused(name: str, error: ClientError) -> AwsError:
    """Our error for an error answer of AWS to the call `name`."""
    code, message, status = code_of(error), _message(error), _http_status(error)
    if code in CREDENTIALS_CODES:
        return NoCredentials(name, f"AWS does not accept the credentials ({code})", SIGN_IN)
    if code in DENIED_CODES:
        return _denied(name, code, message)
    if is_throttling(error):
        return Throttled(
            name, f"too many requests, also after retries ({code})", "wait a minute, then run it again"
        )
    if status >= 500:
        return Unreachable(name, f"AWS failed with HTTP status {status} ({code}): {message}", TRY_AGAIN)
    return AwsError(name, f"{code}: {message}" if message else code)


def code_of(error: ClientError) -> str:
    """AWS's code of an error answer, as `ConditionalCheckFailedException`; without a namespace before `#`."""
    code = error.response.get("Error", {}).get("Code", "")
    return str(code).rsplit("#", 1)[-1] or "Unknown"


def code_behind(error: AwsError) -> str:
    """AWS's code of the error answer that `error` was made from; empty if AWS did not answer one."""
    return code_of(error.__cause__) if isinstance(error.__cause__, ClientError) else ""


def is_throttling(error: ClientError) -> bool:
    return code_of(error) in THROTTLING_CODES or _http_status(error) == 429


def without_user_info(text: str) -> str:
    """The text with no user and password left in the URLs in it."""
    return _USER_INFO.sub("//…@", text)


def _denied(name: str, code: str, message: str) -> AccessDenied:
    said = _REFUSAL.search(message)
    action = said["action"] if said else ACTIONS_BEHIND.get(name, name)
    parts = [f"not allowed: the IAM permission {action} is missing"]
    if said and said["resource"]:
        parts.append(f"on {said['resource']}")
    if said and said["principal"]:
        parts.append(f"for {said['principal']}")
    if not said:
        parts.append(f"({code}: {message})" if message else f"({code})")
    return AccessDenied(name, " ".join(parts), ALLOW_IT)


def _message(error: ClientError) -> str:
    return _clean(str(error.response.get("Error", {}).get("Message", "")))


def _http_status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _plain(error: Exception) -> str:
    return _clean(str(error)) or type(error).__name__


def _clean(message: str) -> str:
    without = _ENCODED.sub("", _SECRET.sub(r"\1\2…", without_user_info(message))).strip()
    return without if len(without) <= LONGEST_MESSAGE else f"{without[:LONGEST_MESSAGE]}…"
