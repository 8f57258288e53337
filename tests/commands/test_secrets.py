"""What nobody may learn of the credentials that a deployment uses: the caller's, and those of the role it assumes."""

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
    """The shop in another account than the caller's, which a role leads to."""
    file = Path(".wellcome_project")
    file.write_text(f"{SHOP}  role_arn: arn:aws:iam::9{account[1:]}:role/shop-ci\n")
    (project,) = config.load(file).projects.values()
    return Team(project, provisioned(project), monkeypatch, capsys)


def of_the_role(kept: Kept) -> set[str]:
    """The secrets that the project's own services were called with."""
    used = [one for one in kept.signed if one.service in BY_THE_ROLE]
    return {secret for one in used for secret in (one.secret_key, one.token)}


def test_no_credential_is_shown_logged_recorded_or_given_to_another_process_by_a_failing_deployment(
    assuming: Team, tmp_path: Path
) -> None:
    assert assuming.release_deploy().code == 0
    assuming.push("search", "crash=3,lines=no index")

    kept = audited(assuming, tmp_path, *DEPLOY)

    assert kept.ran.json["deployment"]["rollback"]["status"] == "succeeded", kept.ran.err
    assert {one.service for one in kept.signed} >= {"sts", *BY_THE_ROLE}
    callers = {(one.secret_key, one.token) for one in kept.signed if one.service == "sts"}
    assert callers == {(SECRET_KEY, SESSION_TOKEN)}
    roles = of_the_role(kept)
    assert len(roles) == 2, "one key and one token"
    assert all(len(secret) >= 20 for secret in roles)
    assert roles.isdisjoint({SECRET_KEY, SESSION_TOKEN})
    assert "sts:AssumeRole" in kept.ran.err  # --verbose does tell of the calls
    assert "no index" in kept.ran.out  # and the failure is told of
    assert leaks(kept, assuming, {SECRET_KEY, SESSION_TOKEN, *roles}) == []


def test_credentials_that_are_given_away_would_be_found(assuming: Team, tmp_path: Path) -> None:
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
    everywhere = {SECRET_KEY, SESSION_TOKEN, *roles}
    found = set(leaks(kept, assuming, everywhere))
    assert found >= {
        f"{each} in {where}" for each in everywhere for where in ("stderr", "the audit", planted)
    }
    assert found >= {
        f"{each} in {where}" for each in (SECRET_KEY, SESSION_TOKEN) for where in ("stdout", "the records")
    }
