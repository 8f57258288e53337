"""docs/reference says what the program's declarations say."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from documentation.commands import commands_page
from documentation.markdown import escaped, table
from documentation.project_file import kind, project_file_page
from documentation.reference import PAGES
from weco_deploy.cli.main import weco_deploy
from weco_deploy.config.schema import (
    BeforeEntry,
    CheckEntry,
    CodeDeployEntry,
    EnvironmentEntry,
    ExpectEntry,
    ImageEntry,
    ProjectEntry,
    RequirementEntry,
    ServiceEntry,
)

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize("path", PAGES)
def test_generated_page_is_up_to_date(path: str) -> None:
    assert (REPOSITORY / path).read_text(encoding="utf-8") == PAGES[path](), "run `make reference`"


def test_every_command_has_its_section_with_its_options() -> None:
    text = commands_page()
    for name in weco_deploy.list_commands(click.Context(weco_deploy)):
        assert f"\n## {name}\n" in text
    assert "\n### sandbox push\n" in text
    assert "| `--confirmation-wait-for SECONDS` | " in text


def test_default_has_a_column_of_its_own() -> None:
    (row,) = {line for line in commands_page().split("\n") if line.startswith("| `--limit ")}
    assert row.split(" | ")[1:] == ["How many to list, the newest first.", "10; 1&lt;=x&lt;=1000 |"]


def test_every_key_is_described() -> None:
    text = project_file_page()
    for entry in (
        ProjectEntry,
        EnvironmentEntry,
        ImageEntry,
        ServiceEntry,
        BeforeEntry,
        CheckEntry,
        CodeDeployEntry,
        ExpectEntry,
        RequirementEntry,
    ):
        for key in entry.model_fields:
            assert f"\n| `{key}`" in text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["boolean", "string", "integer"]}, "true or false"),
        ({"type": "number", "minimum": 0, "maximum": 10}, "a number from 0 to 10"),
        ({"enum": ["leave", "rollback"], "type": "string"}, "leave or rollback"),
        ({"anyOf": [{"const": "other", "type": "string"}, {"type": "null"}]}, "other"),
        ({"type": "array", "items": {"type": "string"}}, "a list: each text"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "a mapping of names to text"),
        ({"$ref": "#/$defs/ServiceEntry"}, "a mapping, see below"),
    ],
)
def test_kind_says_which_values_a_key_takes(schema: dict[str, object], words: str) -> None:
    assert kind(schema) == words


def test_text_has_no_markup() -> None:
    assert escaped("ref.<commit> of *a* | `b`") == r"ref.&lt;commit&gt; of \*a\* \| \`b\`"


def test_bar_in_a_cell_ends_no_cell() -> None:
    assert table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x\\|y |"
