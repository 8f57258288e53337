"""The JSON Schema accepts what `load` accepts, however an editor reads it, and rejects what it can of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.config.conftest import Load, Problems
from tests.config.test_example import EXAMPLE
from tests.config.test_load import FULL, IDS, REAL_FILES, SMALLEST
from weco_deploy.config import json_schema, load
from weco_deploy.config.schema import ENTRY_OF_KEY, Entry, ProjectEntry

SCHEMA = json.loads(json.dumps(json_schema()))
ENTRIES: tuple[type[Entry], ...] = (ProjectEntry, *ENTRY_OF_KEY.values())
KEYS = [
    pytest.param(entry, key, id=f"{entry.__name__}.{key}") for entry in ENTRIES for key in entry.model_fields
]
Read = Callable[[str], Any]


class Core(yaml.SafeLoader):
    """Reads a file as editors do, with YAML 1.2's core schema: `no` and dates are text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


for kind, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"(?:{pattern})$"), first)
Core.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value)))  # 0123 is not octal there


def as_json(value: Any) -> Any:
    """A value of YAML as JSON has it: keys and dates are text."""
    match value:
        case dict():
            return {key if isinstance(key, str) else str(key): as_json(item) for key, item in value.items()}
        case list():
            return [as_json(item) for item in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return str(value)


def yaml_1_1(text: str) -> Any:
    return as_json(yaml.safe_load(text))


def yaml_1_2(text: str) -> Any:
    return as_json(yaml.load(text, Core))  # noqa: S506 - a subclass of SafeLoader


def errors(read: Read, text: str) -> list[str]:
    return [error.message for error in Draft7Validator(SCHEMA).iter_errors(read(text))]


READS = pytest.mark.parametrize("read", [yaml_1_1, yaml_1_2])


PROJECT_FILES = [EXAMPLE, *sorted(REAL_FILES.glob("*.yml"))]


def test_schema_is_a_valid_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@READS
@pytest.mark.parametrize("path", PROJECT_FILES, ids=lambda path: path.name)
def test_example_and_real_files_are_valid(read: Read, path: Path) -> None:
    assert load(path).projects
    assert errors(read, path.read_text()) == []


@READS
@pytest.mark.parametrize(
    "text",
    [
        FULL,
        SMALLEST.replace("id: web", "id: web, services:"),
        SMALLEST.replace("id: stage", "id: stage, requires:"),
        FULL.replace("requires: [stage]", "requires: stage"),
        f"{SMALLEST}  clusters:\n",
        f"{SMALLEST}  account_id: '012345678901'\n",
        f"{SMALLEST}  account_id: 012345678901\n",
        f"{SMALLEST}  clusters: [1, 2e3, true]\n",
        f"{SMALLEST}  release_table: 2021\n",
        f"{SMALLEST}  name: 1.10\n",
    ],
)
def test_lenient_forms_are_valid(loaded: Load, read: Read, text: str) -> None:
    assert loaded(text).projects
    assert errors(read, text) == []


@READS
@pytest.mark.parametrize("written", ["true", "False", "yes", "NO", "on", "'off'", "1", "0", "'true'", "y"])
def test_booleans_are_valid_as_written(loaded: Load, read: Read, written: str) -> None:
    text = SMALLEST.replace("{id: web}", f"{{id: web, services: [{{id: web, optional: {written}}}]}}")

    assert loaded(text).projects
    assert errors(read, text) == []


@READS
@pytest.mark.parametrize("written", IDS)
def test_ids_are_valid_as_written(loaded: Load, read: Read, written: str) -> None:
    text = (
        f"{written}:\n  environments: [{{id: {written}}}, {{id: prod, requires: [{written}]}}]\n"
        f"  image_repositories: [{{id: web, services: [{written}]}}, {{id: app, services: [{{id: {written}}}]}}]\n"
    )
    assert loaded(text).projects
    assert errors(read, text) == []


def test_unknown_key_is_valid_with_a_warning_like_that_of_the_loader(loaded: Load) -> None:
    text = f"{SMALLEST}  nmae: The shop\n"

    assert "unknown key, ignored" in loaded(text).warnings[0]
    assert errors(yaml_1_2, text) == []
    for entry in ENTRIES:
        unknown = SCHEMA["$defs"][entry.__name__]["additionalProperties"]
        assert unknown == {"deprecationMessage": "unknown key, ignored"}


@READS
@pytest.mark.parametrize(
    "text",
    [
        "- shop\n",
        "{}\n",
        "shop: []\n",
        "shop: {}\n",
        SMALLEST.replace("shop:", "'my shop':"),
        SMALLEST.replace("  environments: [{id: stage}]\n", ""),
        SMALLEST.replace("[{id: stage}]", "[]"),
        SMALLEST.replace("[{id: stage}]", ""),
        SMALLEST.replace("{id: stage}", "stage"),
        SMALLEST.replace("{id: stage}", "{name: stage}"),
        SMALLEST.replace("{id: stage}", "{id: }"),
        SMALLEST.replace("{id: stage}", "{id: a b}"),
        SMALLEST.replace("{id: stage}", "{id: [stage]}"),
        SMALLEST.replace("{id: stage}", "{id: stage, name: }"),
        SMALLEST.replace("{id: stage}", "{id: stage, on_failure: retry}"),
        SMALLEST.replace("{id: stage}", "{id: stage, on_failure: true}"),
        SMALLEST.replace("{id: stage}", "{id: stage, backwards: never}"),
        SMALLEST.replace("{id: stage}", "{id: stage, requires: {id: prod}}"),
        SMALLEST.replace("{id: stage}", "{id: stage, requires: [a b]}"),
        SMALLEST.replace("{id: web}", "{id: web, services: web}"),
        SMALLEST.replace("{id: web}", "{id: web, services: [{name: web}]}"),
        SMALLEST.replace("{id: web}", "{id: web, services: [[web]]}"),
        SMALLEST.replace("{id: web}", "{id: web, services: [{id: web, optional: perhaps}]}"),
        SMALLEST.replace("{id: web}", "{id: web, services: [{id: web, optional: }]}"),
        SMALLEST.replace("{id: web}", "{id: web, services: [{id: web, optional: 2}]}"),
        SMALLEST.replace("{id: stage}", "{id: stage, variables: {Account: live}}"),
        SMALLEST.replace("{id: stage}", "{id: stage, variables: {account: }}"),
        f"{SMALLEST}  tag: a b\n",
        SMALLEST.replace("{id: web}", "{id: web, repository: Web}"),
        f"{SMALLEST}  account_id: 1234567890123\n",
        f"{SMALLEST}  account_id: '1234'\n",
        f"{SMALLEST}  account_id: true\n",
        f"{SMALLEST}  role_arn: nobody\n",
        f"{SMALLEST}  region_name: Ireland\n",
        f"{SMALLEST}  region_name: 1\n",
        f"{SMALLEST}  clusters: [a, b/c]\n",
        f"{SMALLEST}  clusters: a\n",
        f"{SMALLEST}  release_table: my table\n",
        f"{SMALLEST}  namespace: A\n",
    ],
)
def test_schema_and_loader_reject_the_same_wrong_files(problems: Problems, read: Read, text: str) -> None:
    assert problems(text)
    assert errors(read, text)


def test_every_kind_of_mapping_has_its_key() -> None:
    assert set(ENTRIES) == set(Entry.__subclasses__())


@pytest.mark.parametrize(("entry", "key"), KEYS)
def test_every_key_has_a_description_and_valid_examples(entry: type[Entry], key: str) -> None:
    described = SCHEMA["$defs"][entry.__name__]["properties"][key]
    keys = Draft7Validator({**described, "$defs": SCHEMA["$defs"]})

    assert described["description"]
    assert described["examples"]
    for example in described["examples"]:
        keys.validate(example)


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_key_of_an_entry_is_in_the_schema(entry: type[Entry]) -> None:
    assert set(SCHEMA["$defs"][entry.__name__]["properties"]) == set(entry.model_fields)


def test_defaults_are_valid_values() -> None:
    for entry in ENTRIES:
        for described in SCHEMA["$defs"][entry.__name__]["properties"].values():
            if "default" in described:
                Draft7Validator({**described, "$defs": SCHEMA["$defs"]}).validate(described["default"])
