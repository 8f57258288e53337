"""Explains why AWS, or an identity provider, refused credentials: they are old, the clock is wrong, the region is not enabled, and more.

AWS's own sentence says most, so it is kept unless it contains a secret: the message of SignatureDoesNotMatch contains the signed
headers, including the session token.
"""

from __future__ import annotations

import re

from weco_deploy.errors import AwsError, NoCredentials

SIGN_IN = "sign in to AWS again (`aws sso login`, or new keys) or choose a profile with AWS_PROFILE"
SET_THE_CLOCK = "the clock of this machine differs from AWS's: set it (NTP), then run the same command again"
ENABLE_REGION = "enable it in the account's settings, or name another region (--region-name, region_name)"
WITHOUT_MFA = (
    "use credentials that need no MFA code here (`aws sso login`, the role of the pipeline), or put those of "
    "`aws sts get-session-token` into the environment first"
)
UNKNOWN_KEYS = (
    f"{SIGN_IN}; if these credentials work elsewhere, this region is not enabled for their account, or their session "
    "token is not valid in it"
)
CHECK_PROVIDER = (
    "check that the role's account has the identity provider of this pipeline, and that the token's audience is the one that "
    "the provider names"
)
_CODES = frozenset(
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
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_UNKNOWN_KEYS = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
_WRONG_CLOCK_CODES = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_WRONG_CLOCK = re.compile(r"(?i)signature (?:expired|not yet current)")
_IDENTITY_TOKEN_CODES = frozenset({"IDPCommunicationError", "IDPRejectedClaim", "InvalidIdentityToken"})
_REGION_CODES = frozenset({"OptInRequired", "RegionDisabledException", "SubscriptionRequiredException"})
_HOLDS_SECRET = re.compile(
    r"(?i)x-amz-|canonical|authorization|credential=|signature=|\b(?:AKIA|ASIA)[A-Z0-9]{12}|[A-Z0-9/+=]{40}"
)


def refused_credentials(call_name: str, code: str, message: str) -> AwsError | None:
    """The error for AWS's refusal of credentials; None if `code` says something else.

    Args:
        call_name: the call, such as `ecs:UpdateService`.
        code: AWS's code, such as `ExpiredTokenException`.
        message: AWS's message.

    """
    sentence = harmless(message)
    said = f": {sentence}" if sentence else ""
    if code in _REGION_CODES:
        return AwsError(
            call_name, f"this region is not enabled for the account ({code}){said}", ENABLE_REGION
        )
    if code in _IDENTITY_TOKEN_CODES:
        refused = f"AWS does not accept the identity token of this pipeline ({code}){said}"
        return NoCredentials(call_name, refused, CHECK_PROVIDER)
    if code not in _CODES:
        return None
    if code in _WRONG_CLOCK_CODES or _WRONG_CLOCK.search(message):
        return NoCredentials(
            call_name, f"AWS does not accept the time of the request ({code}){said}", SET_THE_CLOCK
        )
    hint = UNKNOWN_KEYS if code in _UNKNOWN_KEYS else SIGN_IN
    return NoCredentials(call_name, f"AWS does not accept the credentials ({code}){said}", hint)


def harmless(message: str) -> str:
    """The message without what may be a secret: its first paragraph, or nothing."""
    paragraph = " ".join(message.strip().split("\n\n")[0].split())
    return "" if _HOLDS_SECRET.search(paragraph) else paragraph.removesuffix(".")
