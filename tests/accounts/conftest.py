"""A team with images and records in one account, and each environment in an account of its own."""

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
    """Accounts that no other test has."""
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
    file.write_text(json.dumps({project.id: project_file_entry(project)}))  # JSON is YAML
    monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(file))
    return Team(project, provisioned(project), monkeypatch, capsys)


def role_in(account: str) -> str:
    return f"arn:aws:iam::{account}:role/shop-ci"


def project_file_entry(project: Project) -> dict[str, object]:
    """The project as an entry of a project file."""
    return {
        "name": project.name,
        "role_arn": project.role_arn,
        "account_id": project.account_id,
        "environments": [
            {
                "id": environment.id,
                "name": environment.name,
                "role_arn": environment.role_arn,
                **({"region_name": environment.region_name} if environment.region_name else {}),
            }
            for environment in project.environments
        ],
        "image_repositories": [
            {"id": image.id, "services": list(image.services)} for image in project.images
        ],
    }
