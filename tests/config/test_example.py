"""The documented example is a real project file, and it is complete."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from weco_deploy.config import json_schema, load
from weco_deploy.config.nodes import Spot
from weco_deploy.config.schema import Entry, EnvironmentEntry, ImageEntry, ProjectEntry, ServiceEntry
from weco_deploy.config.syntax import parse

EXAMPLE = Path(__file__).parents[2] / "examples" / ".wellcome_project"


def test_the_example_loads_without_warnings() -> None:
    file = load(EXAMPLE)
    assert list(file.projects) == ["bookshop", "newsletter"]
    assert not file.warnings


@pytest.mark.parametrize("entry", [ProjectEntry, EnvironmentEntry, ImageEntry, ServiceEntry])
def test_the_example_uses_every_key(entry: type[Entry]) -> None:
    root, _ = parse(EXAMPLE.read_text())
    assert root is not None
    projects = list(Spot(root).entries())
    images = [image for project in projects for image in project.items("image_repositories")]
    spots = {
        ProjectEntry: projects,
        EnvironmentEntry: [each for project in projects for each in project.items("environments")],
        ImageEntry: images,
        ServiceEntry: [service for image in images for service in image.items("services")],
    }
    used = {str(child.path[-1]) for spot in spots[entry] for child in spot.entries()}
    assert used == set(entry.model_fields)


def test_every_key_is_described_in_the_json_schema() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for entry in (ProjectEntry, EnvironmentEntry, ImageEntry, ServiceEntry):
        described = schema["$defs"][entry.__name__]
        assert described["additionalProperties"] is False
        assert all(each["description"] for each in described["properties"].values())
        assert set(described["properties"]) == set(entry.model_fields)


def test_loading_a_project_file_does_not_load_the_aws_and_terminal_libraries() -> None:
    script = (
        "import sys, weco_deploy.config; print(*{'boto3', 'botocore', 'click', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
