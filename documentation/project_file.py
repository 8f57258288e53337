"""The page about the project file's keys, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from documentation.markdown import code, escaped, page, table
from weco_deploy.config import json_schema

Schema = Mapping[str, Any]

INTRODUCTION = """A file `.wellcome_project` maps ids to projects. [The example](../../examples/.wellcome_project) shows all keys in use.
`weco-deploy schema` prints the JSON Schema, with which editors complete and check the file. Keys that are not listed here are ignored, with a
warning.

An id or a name may be written without quotes, also if YAML takes it for a number, a date or a truth value."""

SECTIONS = (
    ("ProjectEntry", "Project"),
    ("EnvironmentEntry", "Environment: an item of `environments`"),
    ("BeforeEntry", "Task before the restart: an item of an environment's `before`"),
    ("CheckEntry", "Check after the rollout: an item of an environment's `checks`"),
    ("ExpectEntry", "Expected answer: the mapping at a check's `expect`"),
    ("RequirementEntry", "Requirement: the mapping at an environment's `requires`"),
    ("ImageEntry", "Image: an item of `image_repositories`"),
    ("ServiceEntry", "Service: an item of an image's `services`"),
    ("CodeDeployEntry", "CodeDeploy: the mapping at `code_deploy` of a service"),
    ("GitHubEntry", "GitHub: the mapping at `github`"),
    ("NotifyEntry", "Destination of messages: an item of `notify`"),
)


def project_file_page() -> str:
    """All keys of the project file, as Markdown."""
    definitions: Mapping[str, Schema] = json.loads(json.dumps(json_schema()))["$defs"]
    parts = ["# The project file", INTRODUCTION]
    for name, title in SECTIONS:
        parts += [f"## {title}", _keys(definitions[name])]
    return page(*parts)


def _keys(entry: Schema) -> str:
    required = entry.get("required", [])
    rows = [
        (
            code(key) + (" (required)" if key in required else ""),
            escaped(_sentence(schema["description"])),
            escaped(kind(schema)),
            "<br>".join(code(json.dumps(example)) for example in schema["examples"]),
        )
        for key, schema in entry["properties"].items()
    ]
    return table(("key", "is", "value", "example"), rows)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def kind(schema: Schema) -> str:
    """In words, which values a schema accepts."""
    if "$ref" in schema:
        return "a mapping, see below"
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            kinds = [kind(option) for option in schema[choice] if option.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    types = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if types == ["array"]:
        return f"a list: each {kind(schema['items'])}"
    if types == ["object"]:
        return f"a mapping of names to {kind(schema['additionalProperties'])}"
    if types[0] == "boolean":
        return "true or false"
    if types == ["number"]:
        return f"a number from {schema['minimum']} to {schema['maximum']}"
    return "text"
