"""The caller's identity, assumed roles, accounts and clients."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor  # noqa: TID251 - clients are made from several threads
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer
from tests.contracts.aws_setting import StillClock
from weco_deploy import __version__
from weco_deploy.aws.credentials import role_session_name
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied, AwsError, NoCredentials, WrongAccount
from weco_deploy.local.concurrent_calls import begin_alone
from weco_deploy.model.arn import account_of
from weco_deploy.model.requests import DEFAULT_LEASE

REGION = "eu-west-1"
OWN = "111122223333"
OTHERS = "444455556666"
ROLE = f"arn:aws:iam::{OTHERS}:role/deployer"

IDENTITY = Answer(
    200,
    f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{OWN}:user/ada</Arn>
    <UserId>X</UserId><Account>{OWN}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>""",
)


def assumed(session: str = "a-token") -> Answer:
    return Answer(
        200,
        f"""<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{session}</AccessKeyId>
        <SecretAccessKey>s</SecretAccessKey><SessionToken>{session}</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>
        </Credentials><AssumedRoleUser><Arn>arn:aws:sts::{OTHERS}:assumed-role/deployer/x</Arn>
        <AssumedRoleId>X:x</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>""",
    )


@pytest.fixture
def login(aws: ScriptedAws) -> Login:
    aws.says("GetCallerIdentity", IDENTITY)
    aws.says("AssumeRole", assumed())
    aws.says("ListClusters", json_answer(clusterArns=[]))
    return Login(StillClock(), Rates(), purpose="deploy acme stage")


def tokens_used(aws: ScriptedAws) -> list[str]:
    """The session token of each ECS call."""
    return [
        headers.get("X-Amz-Security-Token", "")
        for call, headers in zip(aws.calls, aws.headers, strict=True)
        if call == "ListClusters"
    ]


def test_caller_identity_ignores_the_role_and_is_requested_once(aws: ScriptedAws, login: Login) -> None:
    login.account(REGION, ROLE).client("ecs").list_clusters()

    assert login.requested_by(REGION) == f"arn:aws:iam::{OWN}:user/ada"
    assert login.requested_by(REGION) == f"arn:aws:iam::{OWN}:user/ada"

    assert aws.calls.count("GetCallerIdentity") == 1
    asked = aws.headers[aws.calls.index("GetCallerIdentity")]
    assert "X-Amz-Security-Token" not in asked


def test_calls_in_a_role_are_signed_with_its_credentials(aws: ScriptedAws, login: Login) -> None:
    client = login.account(REGION, ROLE).client("ecs")
    client.list_clusters()
    client.list_clusters()

    assert tokens_used(aws) == ["a-token", "a-token"]
    assert aws.calls.count("AssumeRole") == 1


def test_role_is_assumed_again_before_its_credentials_expire(aws: ScriptedAws, login: Login) -> None:
    aws.says("AssumeRole", assumed("first"), assumed("second"))
    account = login.account(REGION, ROLE)
    account.client("ecs").list_clusters()
    # botocore's credentials are made to expire, so that the test need not wait for an hour.
    credentials = account._session.get_credentials()._new_session  # type: ignore[union-attr]  # our own class, not in the stubs
    credentials._expiry_time = credentials._expiry_time.replace(year=2000)

    account.client("ecs").list_clusters()

    assert tokens_used(aws) == ["first", "second"]


def test_role_session_name_says_who_and_what_for(aws: ScriptedAws, login: Login) -> None:
    login.account(REGION, ROLE).client("ecs").list_clusters()

    (name,) = parse_qs(aws.bodies[aws.calls.index("AssumeRole")])["RoleSessionName"]
    assert name.startswith("weco-deploy=")
    assert name.endswith("deploy-acme-stage")


@pytest.mark.parametrize("purpose", ["", "deploy acme stage", "ö/ß:*", "x" * 200, "a=b,c@d.e-f"])
def test_role_session_name_is_always_legal(purpose: str) -> None:
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", role_session_name(purpose), re.ASCII)


def test_account_check_makes_no_call_if_no_account_is_expected(aws: ScriptedAws, login: Login) -> None:
    login.account(REGION).check(None)
    login.account(REGION, ROLE).check(None)

    assert aws.calls == []


def test_account_of_a_role_comes_from_assume_role(aws: ScriptedAws, login: Login) -> None:
    account = login.account(REGION, ROLE)
    account.check(OTHERS)
    account.client("ecs").list_clusters()

    assert sorted(aws.calls) == ["AssumeRole", "GetCallerIdentity", "ListClusters"]


def test_account_without_a_role_is_the_callers(aws: ScriptedAws, login: Login) -> None:
    login.account(REGION).check(OWN)
    login.requested_by(REGION)

    assert aws.calls == ["GetCallerIdentity"]


@pytest.mark.parametrize("role", [None, ROLE], ids=["own", "role"])
def test_wrong_account_names_both_accounts(aws: ScriptedAws, login: Login, role: str | None) -> None:
    with pytest.raises(WrongAccount) as wrong:
        login.account(REGION, role).check("999900009999")

    message = wrong.value.message
    assert "999900009999" in message
    assert (OTHERS if role else OWN) in message
    assert (ROLE if role else "your own credentials") in message
    assert aws.url in message
    assert wrong.value.hint


def test_denied_role_is_access_denied(aws: ScriptedAws, login: Login) -> None:
    aws.says(
        "AssumeRole",
        Answer(
            403,
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/ada"
            f" is not authorized to perform: sts:AssumeRole on resource: {ROLE}</Message></Error></ErrorResponse>",
        ),
    )

    with pytest.raises(AccessDenied, match=f"sts:AssumeRole is missing on {ROLE}"):
        login.account(REGION, ROLE).check(OTHERS)


DENIED = Answer(
    403,
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: somebody is not authorized to perform:"
    f" sts:AssumeRole on resource: {ROLE}</Message></Error></ErrorResponse>",
)


def caller_is(arn: str) -> Answer:
    return Answer(
        200,
        f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn>
        <UserId>X</UserId><Account>{account_of(arn)}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>""",
    )


@pytest.mark.parametrize(
    ("role", "session"),
    [
        (ROLE, f"arn:aws:sts::{OTHERS}:assumed-role/deployer/GitHubActions"),
        (f"arn:aws:iam::{OTHERS}:role/ci/teams/deployer", f"arn:aws:sts::{OTHERS}:assumed-role/deployer/x"),
        (
            f"arn:aws:iam::{OTHERS}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_ci_1a2b",
            f"arn:aws:sts::{OTHERS}:assumed-role/AWSReservedSSO_ci_1a2b/ada@example.org",
        ),
    ],
    ids=["role", "role with a path", "role of SSO"],
)
@pytest.mark.parametrize("answer", [DENIED, assumed()], ids=["refused", "allowed"])
def test_role_that_the_caller_is_in_already_is_used_with_the_callers_credentials(
    aws: ScriptedAws, login: Login, monkeypatch: pytest.MonkeyPatch, role: str, session: str, answer: Answer
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "own-token")
    aws.says("GetCallerIdentity", caller_is(session))
    aws.says("AssumeRole", answer)
    account = login.account(REGION, role)

    account.check(OTHERS)
    account.client("ecs").list_clusters()
    account.client("ecs").list_clusters()

    assert tokens_used(aws) == ["own-token", "own-token"]
    assert aws.calls.count("AssumeRole") <= 1


@pytest.mark.parametrize(
    "caller",
    [
        f"arn:aws:sts::{OWN}:assumed-role/deployer/x",
        f"arn:aws:sts::{OTHERS}:assumed-role/reader/deployer",
        f"arn:aws:iam::{OTHERS}:user/deployer",
        f"arn:aws:sts::{OTHERS}:federated-user/deployer",
    ],
    ids=["another account's role", "another role", "a user", "a federated user"],
)
def test_role_of_the_same_name_that_the_caller_is_not_in_must_be_assumed(
    aws: ScriptedAws, login: Login, caller: str
) -> None:
    aws.says("GetCallerIdentity", caller_is(caller))
    aws.says("AssumeRole", assumed(), DENIED)

    login.account(REGION, ROLE).client("ecs").list_clusters()
    assert tokens_used(aws) == ["a-token"]

    with pytest.raises(AccessDenied, match="sts:AssumeRole is missing"):
        Login(StillClock(), Rates()).account(REGION, ROLE).check(OTHERS)


def test_role_is_not_assumed_if_aws_has_told_already_that_the_caller_is_in_it(
    aws: ScriptedAws, login: Login
) -> None:
    aws.says("GetCallerIdentity", caller_is(f"arn:aws:sts::{OTHERS}:assumed-role/deployer/x"))
    login.requested_by(REGION)

    login.account(REGION, ROLE).client("ecs").list_clusters()

    assert aws.calls == ["GetCallerIdentity", "ListClusters"]


def test_each_role_is_compared_with_the_caller_and_not_with_another_role(
    aws: ScriptedAws, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "own-token")
    aws.says("GetCallerIdentity", caller_is(f"arn:aws:sts::{OTHERS}:assumed-role/deployer/x"))

    for role in (ROLE, f"arn:aws:iam::{OTHERS}:role/prod", ROLE):
        login.account(REGION, role).client("ecs").list_clusters()

    assert tokens_used(aws) == ["own-token", "a-token", "own-token"]


def test_caller_is_asked_for_while_the_role_is_assumed(aws: ScriptedAws, login: Login) -> None:
    del login  # its answers are wanted, but it makes its calls one after another
    login_with_threads = Login(StillClock(), Rates(), begin=begin_alone)
    aws.hold_until("AssumeRole", "GetCallerIdentity")

    login_with_threads.account(REGION, ROLE).check(OTHERS)

    assert sorted(aws.calls) == ["AssumeRole", "GetCallerIdentity"]
    assert aws.held_in_vain == []


def test_role_is_assumed_if_aws_does_not_tell_who_calls(aws: ScriptedAws, login: Login) -> None:
    aws.says("GetCallerIdentity", DENIED)

    login.account(REGION, ROLE).client("ecs").list_clusters()

    assert tokens_used(aws) == ["a-token"]


def test_missing_credentials_are_reported_with_a_hint(
    aws: ScriptedAws, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    for account in (login.account(REGION), login.account(REGION, ROLE)):
        with pytest.raises(NoCredentials) as missing:
            account.check(OWN)
        assert "AWS_PROFILE" in missing.value.hint
    assert aws.calls == []


def test_missing_profile_is_named(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(NoCredentials, match="nobody"):
        login.account(REGION).client("ecs")


@pytest.mark.usefixtures("aws")
def test_missing_profile_is_named_if_it_was_set_from_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NoCredentials, match="nobody"):
        Login(StillClock(), Rates()).account(REGION).client("ecs")


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_broken_credentials_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[default\n")
    monkeypatch.setenv(name, str(broken))
    with pytest.raises(NoCredentials, match=str(broken)) as caught:
        Login(StillClock(), Rates()).account(REGION).client("ecs")
    assert name in caught.value.hint


def test_invalid_endpoint_is_reported_with_a_hint(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")

    with pytest.raises(AwsError) as wrong:
        login.account(REGION).client("ecs")
    assert "AWS_ENDPOINT_URL" in wrong.value.hint


def test_client_is_made_once_for_all_threads(login: Login) -> None:
    account = login.account(REGION)

    with ThreadPoolExecutor(8) as pool:
        made = [future.result() for future in [pool.submit(account.client, "ecs") for _ in range(16)]]

    assert len({id(client) for client in made}) == 1
    assert login.account(REGION) is account
    assert account.in_region("eu-central-1").client("ecs") is not made[0]


@pytest.mark.parametrize("service", ["dynamodb", "sts"])
def test_unanswered_renewal_ends_within_a_quarter_of_the_default_lease(
    aws: ScriptedAws, login: Login, service: Literal["dynamodb", "sts"]
) -> None:
    config: Any = login.account(REGION).client(service).meta.config  # the stubs don't declare its options
    attempts = config.retries["total_max_attempts"]
    longest_pauses = sum(2**pause for pause in range(attempts - 1))

    assert attempts * config.read_timeout + longest_pauses <= DEFAULT_LEASE / 4
    assert aws.calls == []


def test_clients_are_configured_for_this_tool(aws: ScriptedAws, login: Login) -> None:
    account = login.account(REGION)
    account.client("ecs").list_clusters()

    config: Any = account.client("ecs").meta.config  # the stubs don't declare its options
    once: Any = account.ecs_without_retries().meta.config
    assert (config.max_pool_connections, config.region_name) == (16, REGION)
    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
    assert once.retries == {"mode": "standard", "total_max_attempts": 1}
    assert f"weco-deploy/{__version__}" in aws.headers[0]["User-Agent"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def mfa_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, aws: ScriptedAws) -> ScriptedAws:
    """A profile whose role needs an MFA code."""
    config = tmp_path / "config"
    config.write_text(
        f"[profile base]\naws_access_key_id = x\naws_secret_access_key = y\n"
        f"[profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::{OWN}:mfa/ada\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "mfa")
    aws.says("GetCallerIdentity", IDENTITY)
    aws.says("AssumeRole", assumed())
    return aws


def test_profile_that_needs_an_mfa_code_is_an_error_without_a_terminal(
    mfa_profile: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))

    with pytest.raises(NoCredentials, match="needs an MFA code, and there is no terminal") as raised:
        Login(StillClock(), Rates()).requested_by(REGION)

    assert "aws sts get-session-token" in raised.value.hint
    assert mfa_profile.calls == []


def test_mfa_code_is_asked_for_at_a_terminal(
    mfa_profile: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("sys.stderr", _Terminal())
    monkeypatch.setattr("getpass.getpass", lambda _: "123456")

    Login(StillClock(), Rates()).requested_by(REGION)

    assert "TokenCode=123456" in mfa_profile.bodies[mfa_profile.calls.index("AssumeRole")]
