"""The example project file is valid and uses every key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from weco_deploy.config import load
from weco_deploy.config.schema import (
    ENTRY_OF_KEY,
    BeforeEntry,
    CheckEntry,
    CodeDeployEntry,
    Entry,
    EnvironmentEntry,
    ExpectEntry,
    GitHubEntry,
    ImageEntry,
    NotifyEntry,
    ProjectEntry,
    RequirementEntry,
    ServiceEntry,
)
from weco_deploy.config.syntax import parse

EXAMPLE = Path(__file__).parents[2] / "examples" / ".wellcome_project"


def test_example_loads_without_warnings() -> None:
    file = load(EXAMPLE)
    assert list(file.projects) == ["bookshop", "newsletter"]
    assert not file.warnings


@pytest.mark.parametrize("entry", [ProjectEntry, *ENTRY_OF_KEY.values()])
def test_example_uses_every_key(entry: type[Entry]) -> None:
    root, _ = parse(EXAMPLE.read_text())
    assert root is not None
    projects = list(root.entries())
    environments = [environment for project in projects for environment in project.items("environments")]
    tasks = [task for environment in environments for task in environment.items("before")]
    checks = [check for environment in environments for check in environment.items("checks")]
    images = [image for project in projects for image in project.items("image_repositories")]
    services = [service for image in images for service in image.items("services")]
    mappings = {
        ProjectEntry: projects,
        EnvironmentEntry: environments,
        ImageEntry: images,
        ServiceEntry: services,
        CodeDeployEntry: [group for service in services if (group := service.at("code_deploy"))],
        GitHubEntry: [github for project in projects if (github := project.at("github"))],
        NotifyEntry: [it for mapping in (*projects, *environments) for it in mapping.items("notify")],
        BeforeEntry: tasks,
        CheckEntry: checks,
        RequirementEntry: [it for environment in environments if (it := environment.at("requires"))],
        ExpectEntry: [expect for check in checks if (expect := check.at("expect"))],
    }
    used = {str(value.path[-1]) for mapping in mappings[entry] for value in mapping.entries()}
    assert used == set(entry.model_fields)


def test_loading_a_project_file_does_not_load_the_aws_and_terminal_libraries() -> None:
    script = (
        "import sys, weco_deploy.config; print(*{'boto3', 'botocore', 'click', 'rich'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
