"""A team whose images and records are in one account, and whose environments are each in another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.accounts.places import Accounts
from tests.commands.team import Team
from tests.sandboxes import Provisioned, account, provisioned, sandbox_host
from weco_deploy.model.project import Environment, Image, Project

__all__ = ["account", "provisioned", "sandbox_host"]


@pytest.fixture
def accounts(account: str) -> Accounts:
    """No other test has these."""
    return Accounts(caller=account, images=f"6{account[1:]}", stage=f"7{account[1:]}", prod=f"8{account[1:]}")


@pytest.fixture
def project(accounts: Accounts) -> Project:
    return Project(
        id="shop",
        name="Shop",
        role_arn=role_in(accounts.images),
        account_id=accounts.images,
        release_table="wellcome-releases-shop",
        environments=(
            Environment(id="stage", name="Staging", role_arn=role_in(accounts.stage)),
            Environment(
                id="prod", name="Production", role_arn=role_in(accounts.prod), region_name="eu-central-1"
            ),
        ),
        images=(
            Image(id="search", repository="uk.ac.wellcome/search", services=("search-api",)),
            Image(id="items", repository="uk.ac.wellcome/items", services=("items-api",)),
        ),
    )


@pytest.fixture
def team(
    project: Project,
    provisioned: Provisioned,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Team:
    file = tmp_path / ".wellcome_project"
    file.write_text(json.dumps({project.id: described(project)}))  # JSON is YAML
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(file))
    return Team(project, provisioned(project), monkeypatch, capsys)


def role_in(account: str) -> str:
    return f"arn:aws:iam::{account}:role/shop-ci"


def described(project: Project) -> dict[str, object]:
    """The project as its file says it."""
    return {
        "name": project.name,
        "role_arn": project.role_arn,
        "account_id": project.account_id,
        "environments": [
            {
                "id": each.id,
                "name": each.name,
                "role_arn": each.role_arn,
                **({"region_name": each.region_name} if each.region_name else {}),
            }
            for each in project.environments
        ],
        "image_repositories": [
            {"id": image.id, "services": list(image.services)} for image in project.images
        ],
    }
