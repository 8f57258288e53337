"""Credentials, roles, accounts, and AWS that does not answer."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.commands.conftest import SHOP
from tests.commands.process import environment, ran
from tests.commands.team import SOON, Team
from tests.sandboxes import Provisioned
from weco_deploy import config

SECRETS = {"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI-secret", "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEJr-token"}


def with_keys(**keys: str) -> str:
    """The shop's project file with additional keys of the project."""
    return SHOP + "".join(f"  {key}: {value!r}\n" for key, value in keys.items())


def role_in(account: str) -> str:
    return f"arn:aws:iam::{account}:role/shop-ci"


def test_role_option_is_used_for_the_deployment(
    provisioned: Provisioned,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = f"9{account[1:]}"
    file = Path(".wellcome_project")
    file.write_text(with_keys(role_arn=role_in(elsewhere)))
    project = config.load(file).project("shop")
    team = Team(project, provisioned(project), monkeypatch, capsys)
    file.write_text(with_keys(role_arn=role_in("999988887777")))
    pushed = team.push("search")

    done = team.json("--role-arn", role_in(elsewhere), "release-deploy", *SOON)

    assert done.code == 0, done.err
    assert team.aws.digests("env.stage")["search"] == pushed.digest
    assert account in done.json["deployment"]["requested_by"], "the record names the caller, not the role"


def test_wrong_account_is_refused_before_anything_else(shop: Team, account: str) -> None:
    Path(".wellcome_project").write_text(with_keys(account_id="999988887777"))
    shop.push("search")
    before = shop.aws.everything()

    for command in ("prepare", "release-deploy"):
        refused = shop.json(command)
        assert (refused.code, refused.error["code"]) == (1, "wrong_account")
        assert "999988887777" in refused.error["message"]
        assert account in refused.error["message"]

    assert shop.aws.everything() == before
    Path(".wellcome_project").write_text(with_keys(account_id=account))
    assert shop.release_deploy().code == 0


def test_verbose_names_each_call_and_shows_no_secret(
    shop: Team, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    Path(".wellcome_project").write_text(with_keys(role_arn=role_in(account)))
    shop.push("search")

    done = shop.run("--verbose", "--confirm", "release-deploy", *SOON)

    assert done.code == 0, done.err
    for call in ("sts:AssumeRole", "ecr:PutImage", "ecs:UpdateService", "dynamodb:TransactWriteItems"):
        assert re.search(rf"^{call} \d+ ms, 1 attempt, request \S+", done.err, re.MULTILINE), call
    printed = done.out + done.err
    assert not [secret for secret in SECRETS.values() if secret in printed]
    assert not re.search(
        r"(?i)session.?token|authorization|x-amz-security|secretaccesskey|aws4-hmac", printed
    )
    assert not [item for item in shop.aws.items() if any(secret in str(item) for secret in SECRETS.values())]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "broken", "AWS_CONFIG_FILE": "broken"}, "broken"),
        ({"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}, "credentials"),
    ],
    ids=["no such profile", "a file that can't be read", "none at all"],
)
def test_unavailable_credentials_are_reported_in_a_line(
    shop: Team, changed: dict[str, str], named: str
) -> None:
    Path("broken").write_text("[default\nregion eu-west-1\n")
    environ = environment(shop) | changed
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        environ.pop(name)
    if "AWS_PROFILE" not in changed:
        environ.pop("AWS_PROFILE")

    failed = ran(environ, "--output", "json", "show-releases")

    assert failed.code == 1
    assert failed.error["code"] in {"no_credentials", "aws_error"}
    assert named in failed.error["message"] + failed.error["hint"]
    assert len(failed.err.splitlines()) == 1


def test_unreachable_aws_is_reported_in_a_line_with_its_address(
    shop: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", closed)

        failed = shop.json("prepare")

    assert failed.code == 1
    assert failed.error["code"] == "unreachable"
    assert closed in failed.error["message"]
    *waiting, error = failed.err.splitlines()
    assert error.startswith("error: ")
    # It takes some seconds to be sure that nobody answers.
    assert all(line.startswith("waiting for ") for line in waiting)
