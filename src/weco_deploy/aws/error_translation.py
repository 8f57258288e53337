"""Translates boto's exceptions into our errors.

Unreachable means that no answer came: AWS may have acted on the request. No message contains a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectionError,  # noqa: A004 - botocore's own class, which doesn't derive from the builtin
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
    RefreshWithMFAUnsupportedError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from weco_deploy.aws.access_denied import access_denied
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.loopback import is_loopback, refused_here
from weco_deploy.aws.refused_credentials import SET_THE_CLOCK, SIGN_IN, WITHOUT_MFA, refused_credentials
from weco_deploy.errors import AwsError, NoCredentials, Throttled, Unreachable

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
NOT_SENT_FAULTS = (ConnectTimeoutError, EndpointConnectionError)
"""Errors of making a connection: the request was not sent."""
CONNECTION_FAULTS = (ConnectionError, HTTPClientError, IncompleteReadError, OSError)
MALFORMED_FAULTS = (ResponseParserError, AttributeError, KeyError, TypeError, ValueError)
"""Errors of reading an answer. botocore doesn't check its shape: a wrong shape raises any of these."""

CORRECT_FILE = "correct that file, or name others with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
TRY_AGAIN = "run the same command again"
TRUST_PROXY = "if a proxy intercepts TLS on this network, put its certificate authority into the file that AWS_CA_BUNDLE names"
START_SANDBOX = (
    "AWS_ENDPOINT_URL leads to this machine, as `sandbox env` sets it: start the sandbox again "
    "(weco-deploy sandbox start --detach, with the options it had), then "
    'eval "$(weco-deploy sandbox env)", because its ports are new'
)
CORRECT_BUNDLE = (
    "correct the path of the file with certificate authorities in AWS_CA_BUNDLE or REQUESTS_CA_BUNDLE, or ca_bundle in the AWS "
    "configuration"
)
CHECK_PROXY = "correct HTTPS_PROXY, or name AWS's hosts in NO_PROXY if they are reached without a proxy; then run the same command again"
LONGEST_MESSAGE = 600
# OpenSSL's words, and urllib3's for a certificate of another host.
_NOT_TRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|subjectAltName|hostname .* doesn't match")
_BAD_BUNDLE = re.compile(r"\[Errno 2\]|\[Errno 13\]|\[X509|NO_CERTIFICATE_OR_CRL_FOUND")
_USER_INFO = re.compile(r"//[^/@\s]+@")
_SECRET = re.compile(
    r"(?i)(x-amz-security-token|x-amz-signature|x-amz-credential|authorization)(\"?\s*[:=]\s*)[^\r\n&]+"
)
_ENCODED = re.compile(r"(?i)encoded authorization failure message:.*", re.DOTALL)


def is_throttled(response: object) -> bool:
    """Whether AWS refused a request because of a rate limit.

    Args:
        response: the HTTP response and the parsed answer, as botocore's event `needs-retry` passes them; None if no answer came.

    """
    if not isinstance(response, tuple):
        return False
    error: Any = response[1].get("Error")
    return isinstance(error, dict) and error.get("Code") in THROTTLING_CODES


class NotSent(Unreachable):
    """The request was not sent, so AWS has not acted on it."""


@contextmanager
def translate_errors(call: ApiCall) -> Iterator[None]:
    """Translate the errors of a boto call and of reading its answer.

    Put nothing else into the block, because a KeyError, TypeError, ValueError or AttributeError counts as an answer of
    the wrong shape. Read required fields as `answer["services"]`: a missing field is then reported. Our own errors pass
    through.

    Raises:
        AccessDenied, NoCredentials, Throttled, NotSent, Unreachable, AwsError.

    """
    try:
        with translate_boto_errors(call):
            yield
    except MALFORMED_FAULTS as error:
        # A parser's own message quotes the body, which may contain credentials.
        what = f"there is no {error}" if isinstance(error, KeyError) else type(error).__name__
        raise unreadable_answer(call, what) from error


@contextmanager
def translate_boto_errors(call: ApiCall | None = None) -> Iterator[None]:
    """Translate only the exceptions that boto defines, for code that makes no call, such as making a client.

    Raises:
        AccessDenied, NoCredentials, Throttled, NotSent, Unreachable, AwsError.

    """
    name = call.name if call else ""
    try:
        yield
    except ClientError as error:
        raise _refused(call, error) from error
    except CREDENTIALS_FAULTS as error:
        raise NoCredentials(name, _plain(error), SIGN_IN) from error
    except ConfigParseError as error:
        raise NoCredentials(name, _plain(error), CORRECT_FILE) from error
    except RefreshWithMFAUnsupportedError as error:
        # botocore can't ask for another code once the first session has ended.
        raise NoCredentials(name, "the session that began with an MFA code has ended", WITHOUT_MFA) from error
    except EOFError as error:
        raise NoCredentials(name, "the profile needs an MFA code, and none was typed", WITHOUT_MFA) from error
    except SSLError as error:
        raise _untrusted(name, error) from error
    except ProxyConnectionError as error:
        raise NotSent(name, f"AWS can't be reached: {_plain(error)}", CHECK_PROXY) from error
    except NOT_SENT_FAULTS as error:
        if url := refused_here(error):
            raise NotSent(name, f"AWS can't be reached: nothing listens at {url}", START_SANDBOX) from error
        raise NotSent(
            name, f"AWS can't be reached: {_plain(error)}", _after_lost_connection(error)
        ) from error
    except CONNECTION_FAULTS as error:
        raise Unreachable(
            name, f"no answer from AWS: {_plain(error)}", _after_lost_connection(error)
        ) from error
    except BotoCoreError as error:
        raise AwsError(name, _plain(error)) from error


def _untrusted(name: str, error: SSLError) -> AwsError:
    """Our error for a broken TLS connection. If it did not come about, because of certificates, the request was not sent."""
    said = _plain(error)
    if _BAD_BUNDLE.search(said):
        return NotSent(name, f"the file with certificate authorities can't be read: {said}", CORRECT_BUNDLE)
    if not _NOT_TRUSTED.search(said):
        return Unreachable(name, f"no answer from AWS: {said}", TRY_AGAIN)
    wrong_time = "expired" in said or "not yet valid" in said
    hint = SET_THE_CLOCK if wrong_time else TRUST_PROXY
    return NotSent(name, f"the certificate of AWS's endpoint is not accepted: {said}", hint)


def _after_lost_connection(error: Exception) -> str:
    """What to do after a connection that failed. On this machine it usually was to a sandbox that has ended."""
    url = getattr(error, "kwargs", {}).get("endpoint_url") or ""
    return START_SANDBOX if is_loopback(urlsplit(str(url)).hostname or "") else TRY_AGAIN


def unreadable_answer(call: ApiCall, what: str) -> Unreachable:
    """The error for an answer of the wrong shape. `what` says what is wrong."""
    hint = f"{TRY_AGAIN}; look also at AWS_ENDPOINT_URL and at proxies in between"
    return Unreachable(call.name, f"the answer can't be read: {what}", hint)


def _refused(call: ApiCall | None, error: ClientError) -> AwsError:
    """Our error for AWS's error answer."""
    name = call.name if call else ""
    code, message, status = code_of(error), _message(error), _http_status(error)
    # What is a secret in a message about credentials has no certain form, so the whole message is judged.
    if refused := refused_credentials(name, code, without_user_info(_raw_message(error))):
        return refused
    if code in DENIED_CODES:
        return access_denied(call, code, message)
    if is_throttling(error):
        return Throttled(
            name, f"too many requests, also after retries ({code})", "wait a minute, then run it again"
        )
    if status >= 500:
        return Unreachable(name, f"AWS failed with HTTP status {status} ({code}): {message}", TRY_AGAIN)
    return AwsError(name, f"{code}: {message}" if message else code)


def code_of(error: ClientError) -> str:
    """The code of AWS's error answer, such as `ConditionalCheckFailedException`, without the namespace before `#`."""
    code = error.response.get("Error", {}).get("Code", "")
    return str(code).rsplit("#", 1)[-1] or "Unknown"


def code_behind(error: AwsError) -> str:
    """The code of the error answer from AWS that caused `error`; empty if `error` has another cause."""
    return code_of(error.__cause__) if isinstance(error.__cause__, ClientError) else ""


def is_throttling(error: ClientError) -> bool:
    return code_of(error) in THROTTLING_CODES or _http_status(error) == 429


def without_user_info(text: str) -> str:
    """The text without the users and passwords in its URLs."""
    return _USER_INFO.sub("//…@", text)


def _message(error: ClientError) -> str:
    return _clean(_raw_message(error))


def _raw_message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def _http_status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _plain(error: Exception) -> str:
    return _clean(str(error)) or type(error).__name__


def _clean(message: str) -> str:
    cleaned = _ENCODED.sub("", _SECRET.sub(r"\1\2…", without_user_info(message))).strip()
    return cleaned if len(cleaned) <= LONGEST_MESSAGE else f"{cleaned[:LONGEST_MESSAGE]}…"
