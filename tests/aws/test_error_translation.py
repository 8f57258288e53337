"""boto's exceptions become our errors, with a hint and without secrets."""

from __future__ import annotations

import botocore.exceptions as boto
import pytest
from botocore.parsers import ResponseParserError

from weco_deploy.aws import api
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.error_translation import NotSent, code_behind, translate_boto_errors, translate_errors
from weco_deploy.errors import AccessDenied, AwsError, NoCredentials, NotFound, Throttled, Unreachable


def client_error(code: str, message: str = "", status: int = 400) -> boto.ClientError:
    return boto.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the part that matters
        "UpdateService",
    )


def raised_for(fault: Exception, call: ApiCall = api.UPDATE_SERVICE) -> AwsError:
    with pytest.raises(AwsError) as raised, translate_errors(call):
        raise fault
    return raised.value


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (client_error("AccessDeniedException"), AccessDenied),
        (client_error("AccessDenied", status=403), AccessDenied),
        (client_error("UnauthorizedOperation"), AccessDenied),
        (client_error("ThrottlingException"), Throttled),
        (client_error("ProvisionedThroughputExceededException"), Throttled),
        (client_error("Strange", status=429), Throttled),
        (client_error("ThrottledException", status=503), Throttled),
        (client_error("ServerException", status=500), Unreachable),
        (client_error("503", status=503), Unreachable),
        (client_error("ExpiredTokenException"), NoCredentials),
        (client_error("UnrecognizedClientException"), NoCredentials),
        (client_error("InvalidClientTokenId", status=403), NoCredentials),
        (client_error("SignatureDoesNotMatch", status=403), NoCredentials),
        (boto.NoCredentialsError(), NoCredentials),
        (boto.PartialCredentialsError(provider="env", cred_var="key"), NoCredentials),
        (boto.ProfileNotFound(profile="none"), NoCredentials),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), NoCredentials),
        (boto.UnauthorizedSSOTokenError(), NoCredentials),
        (boto.CredentialRetrievalError(provider="process", error_msg="it failed"), NoCredentials),
        (boto.RefreshWithMFAUnsupportedError(), NoCredentials),
        (EOFError(), NoCredentials),
        (boto.EndpointConnectionError(endpoint_url="http://x"), NotSent),
        (boto.ConnectTimeoutError(endpoint_url="http://x"), NotSent),
        (boto.ReadTimeoutError(endpoint_url="http://x"), Unreachable),
        (boto.ConnectionClosedError(endpoint_url="http://x"), Unreachable),
        (boto.SSLError(endpoint_url="http://x", error=OSError("bad")), Unreachable),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Unreachable),
        (ResponseParserError("Unable to parse response"), Unreachable),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), Unreachable),
        (KeyError("service"), Unreachable),
        (ConnectionResetError(104, "reset"), Unreachable),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value)[:50],
)
def test_fault_becomes_its_kind_of_error(fault: Exception, kind: type[AwsError]) -> None:
    error = raised_for(fault)

    assert type(error) is kind
    assert error.operation == "ecs:UpdateService"
    assert error.message.startswith("ecs:UpdateService: ")
    assert error.hint


@pytest.mark.parametrize(
    "fault",
    [client_error("InvalidParameterException", "no"), boto.ParamValidationError(report="bad")],
    ids=["refused", "not sent"],
)
def test_other_refusals_keep_aws_message(fault: Exception) -> None:
    error = raised_for(fault)

    assert type(error) is AwsError
    assert error.message.endswith(("InvalidParameterException: no", "bad"))


def test_lost_answer_is_not_reported_as_not_sent() -> None:
    assert issubclass(NotSent, Unreachable)
    assert not isinstance(raised_for(boto.ReadTimeoutError(endpoint_url="http://x")), NotSent)


@pytest.mark.parametrize("kind", [boto.EndpointConnectionError, boto.ConnectionClosedError])
@pytest.mark.parametrize(
    ("url", "on_this_machine"),
    [
        ("http://127.0.0.1:4566/", True),
        ("http://localhost:4566", True),
        ("http://[::1]:4566", True),
        ("https://ecs.eu-west-1.amazonaws.com/", False),
        ("http://10.0.0.1:4566", False),
    ],
)
def test_failed_connection_to_this_machine_hints_at_the_sandbox(
    kind: type[boto.HTTPClientError], url: str, on_this_machine: bool
) -> None:
    hint = raised_for(kind(endpoint_url=url)).hint

    assert ("weco-deploy sandbox start --detach" in hint) is on_this_machine
    assert ("run the same command again" in hint) is not on_this_machine


def test_own_errors_pass_through() -> None:
    with pytest.raises(NotFound), translate_errors(api.DESCRIBE_IMAGES):
        raise NotFound("no such repository")


def test_access_denied_names_action_resource_and_principal() -> None:
    error = raised_for(
        client_error(
            "AccessDeniedException",
            "User: arn:aws:sts::111122223333:assumed-role/ci/me is not authorized to perform:"
            " dynamodb:ConditionCheckItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t because"
            " no identity-based policy allows it",
        ),
        api.TRANSACT_WRITE_ITEMS,
    )

    assert error.message == (
        "dynamodb:TransactWriteItems: not allowed: the IAM permission dynamodb:ConditionCheckItem is missing"
        " on arn:aws:dynamodb:eu-west-1:111122223333:table/t for arn:aws:sts::111122223333:assumed-role/ci/me"
    )


@pytest.mark.parametrize(
    ("call", "actions"),
    [
        (api.UPDATE_SERVICE, "ecs:UpdateService"),
        (api.GET_RESOURCES, "tag:GetResources"),
        (
            api.TRANSACT_WRITE_ITEMS,
            "dynamodb:PutItem, dynamodb:UpdateItem and dynamodb:ConditionCheckItem",
        ),
        (api.TRANSACT_GET_ITEMS, "dynamodb:GetItem"),
        (api.GET_CALLER_IDENTITY, "sts:GetCallerIdentity"),
    ],
    ids=lambda value: value.name if isinstance(value, ApiCall) else "",
)
def test_access_denied_without_a_message_names_the_actions_of_the_call(call: ApiCall, actions: str) -> None:
    error = raised_for(client_error("AccessDeniedException"), call)

    assert (
        error.message
        == f"{call.name}: not allowed: the IAM permission {actions} is missing (AccessDeniedException)"
    )


SECRET = "FwoGZXIvYXdzEXAMPLETOKEN"


@pytest.mark.parametrize(
    "fault",
    [
        client_error("SignatureDoesNotMatch", f"canonical:\nx-amz-security-token:{SECRET}\n\nhost", 403),
        client_error("InvalidParameterException", f"bad header Authorization: AWS4-HMAC-SHA256 {SECRET}"),
        client_error("InvalidParameterException", f"bad header X-Amz-Security-Token={SECRET}&x=1"),
        client_error("AccessDenied", f"no. Encoded authorization failure message: {SECRET}"),
        boto.EndpointConnectionError(endpoint_url=f"https://me:{SECRET}@proxy.example"),
        ResponseParserError(f"Unable to parse response, invalid XML received:\n<SessionToken>{SECRET}<"),
        ValueError(f"not JSON: {SECRET}"),
        client_error(
            "IncompleteSignature", f"no equal-sign in Authorization header: 'AWS4 Credential={SECRET}'", 403
        ),
        client_error(
            "SignatureDoesNotMatch", f"It does not match.\n\nThe Canonical String was\n{SECRET}", 403
        ),
        client_error("InvalidClientTokenId", f"what is AKIA{SECRET[-16:].upper()}? {SECRET}", 403),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_no_secret_gets_into_a_message(fault: Exception) -> None:
    error = raised_for(fault)

    assert SECRET not in f"{error} {error.message} {error.hint}"


def test_long_message_is_cut() -> None:
    assert len(raised_for(client_error("InvalidParameterException", "x" * 10_000)).message) < 1000


def test_error_code_of_aws_is_read_from_our_error() -> None:
    assert code_behind(raised_for(client_error("ns#ClusterNotFoundException"))) == "ClusterNotFoundException"
    assert code_behind(raised_for(boto.NoCredentialsError())) == ""


def test_only_boto_errors_are_translated_where_no_call_is_made() -> None:
    with pytest.raises(NoCredentials), translate_boto_errors():
        raise boto.ProfileNotFound(profile="none")
    with pytest.raises(KeyError), translate_boto_errors():
        raise KeyError("a fault of ours")


SKEWED = (
    "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
)
EARLY = "Signature not yet current: 20260101T010000Z is still later than 20260101T000500Z (20260101T000000Z + 5 min.)"
INVALID = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("fault", "kind", "cause", "remedy"),
    [
        (client_error("InvalidSignatureException", SKEWED), NoCredentials, SKEWED, "set it (NTP)"),
        (client_error("SignatureDoesNotMatch", EARLY, 403), NoCredentials, EARLY, "set it (NTP)"),
        (client_error("RequestTimeTooSkewed", "too far"), NoCredentials, "too far", "set it (NTP)"),
        (
            client_error("UnrecognizedClientException", INVALID),
            NoCredentials,
            INVALID.removesuffix("."),
            "this region is not enabled for their account",
        ),
        (
            client_error("OptInRequired", "You are not subscribed to this service."),
            AwsError,
            "this region is not enabled for the account (OptInRequired): You are not subscribed",
            "enable it in the account's settings",
        ),
        (
            client_error(
                "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x"
            ),
            NoCredentials,
            "No OpenIDConnect provider found in your account for https://x",
            "has the identity provider of this pipeline",
        ),
        (
            client_error("ExpiredToken", "The token is expired"),
            NoCredentials,
            "token is expired",
            "sign in to AWS again",
        ),
        (
            client_error(
                "SignatureDoesNotMatch", "It does not match.\n\nThe Canonical String was x-amz-date:1", 403
            ),
            NoCredentials,
            "(SignatureDoesNotMatch): It does not match",
            "sign in to AWS again",
        ),
        (
            boto.SSLError(
                endpoint_url="https://x",
                error=OSError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"),
            ),
            NotSent,
            "the certificate of AWS's endpoint is not accepted",
            "AWS_CA_BUNDLE",
        ),
        (
            boto.SSLError(
                endpoint_url="https://x",
                error=OSError("CERTIFICATE_VERIFY_FAILED: certificate is not yet valid"),
            ),
            NotSent,
            "is not accepted",
            "set it (NTP)",
        ),
        (
            boto.SSLError(
                endpoint_url="https://x", error=OSError("no appropriate subjectAltName fields were found")
            ),
            NotSent,
            "is not accepted",
            "AWS_CA_BUNDLE",
        ),
        (
            boto.SSLError(endpoint_url="https://x", error=FileNotFoundError(2, "No such file or directory")),
            NotSent,
            "the file with certificate authorities can't be read",
            "correct the path",
        ),
        (
            boto.SSLError(endpoint_url="https://x", error=OSError("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no")),
            NotSent,
            "the file with certificate authorities can't be read",
            "correct the path",
        ),
        (
            boto.ProxyConnectionError(proxy_url="http://ann:pw@x"),
            NotSent,
            "http://…@x",
            "correct HTTPS_PROXY",
        ),
        (boto.RefreshWithMFAUnsupportedError(), NoCredentials, "MFA code has ended", "need no MFA code here"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_cause_is_named_with_what_aws_says(
    fault: Exception, kind: type[AwsError], cause: str, remedy: str
) -> None:
    error = raised_for(fault)

    assert type(error) is kind
    assert cause in error.message
    assert remedy in error.hint


@pytest.mark.parametrize(
    "fault", [boto.ReadTimeoutError(endpoint_url="http://x"), client_error("ServerException", status=500)]
)
def test_advice_to_try_again_does_not_claim_that_a_command_goes_on(fault: Exception) -> None:
    assert raised_for(fault).hint == "run the same command again"
