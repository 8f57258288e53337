"""A deployment leaks none of its credentials: neither the caller's nor those of the assumed role."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import SHOP
from tests.commands.kept import SECRET_KEY, SESSION_TOKEN, Kept, audited, leaks
from tests.commands.team import SOON, Team
from tests.sandboxes import Provisioned
from weco_deploy import config

DEPLOY = ("release-deploy", "--rollback-on-failure", *SOON)
BY_THE_ROLE = ("dynamodb", "ecr", "ecs", "logs")


@pytest.fixture
def assuming(
    provisioned: Provisioned,
    account: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Team:
    """The shop in another account, through a role that the caller assumes."""
    file = Path(".wellcome_project")
    file.write_text(f"{SHOP}  role_arn: arn:aws:iam::9{account[1:]}:role/shop-ci\n")
    (project,) = config.load(file).projects.values()
    return Team(project, provisioned(project), monkeypatch, capsys)


def of_the_role(kept: Kept) -> set[str]:
    """The secrets of the role with which the project's services were called."""
    used = [signed for signed in kept.signed if signed.service in BY_THE_ROLE]
    return {secret for signed in used for secret in (signed.secret_key, signed.token)}


def test_failing_deployment_shows_logs_records_and_passes_on_no_credential(
    assuming: Team, tmp_path: Path
) -> None:
    assert assuming.release_deploy().code == 0
    assuming.push("search", "crash=3,lines=no index")

    kept = audited(assuming, tmp_path, *DEPLOY)

    assert kept.ran.json["deployment"]["rollback"]["status"] == "succeeded", kept.ran.err
    assert {signed.service for signed in kept.signed} >= {"sts", *BY_THE_ROLE}
    callers = {(signed.secret_key, signed.token) for signed in kept.signed if signed.service == "sts"}
    assert callers == {(SECRET_KEY, SESSION_TOKEN)}
    roles = of_the_role(kept)
    assert len(roles) == 2, "one key and one token"
    assert all(len(secret) >= 20 for secret in roles)
    assert roles.isdisjoint({SECRET_KEY, SESSION_TOKEN})
    assert "sts:AssumeRole" in kept.ran.err  # --verbose shows the calls
    assert "no index" in kept.ran.out  # the failure is reported
    assert leaks(kept, assuming, {SECRET_KEY, SESSION_TOKEN, *roles}) == []


def test_search_for_credentials_finds_leaked_ones(assuming: Team, tmp_path: Path) -> None:
    kept = audited(
        assuming,
        tmp_path,
        "prepare",
        "--description",
        f"{SECRET_KEY} {SESSION_TOKEN}",
        plant=True,
    )

    assert kept.ran.code == 0, kept.ran.err
    planted = tmp_path / "home" / "planted"
    roles = of_the_role(kept)
    assert len(roles) == 2
    secrets = {SECRET_KEY, SESSION_TOKEN, *roles}
    found = set(leaks(kept, assuming, secrets))
    assert found >= {
        f"{secret} in {where}" for secret in secrets for where in ("stderr", "the audit", planted)
    }
    assert found >= {
        f"{secret} in {where}"
        for secret in (SECRET_KEY, SESSION_TOKEN)
        for where in ("stdout", "the records")
    }
