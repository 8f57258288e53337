"""The JSON Schema of the project file: editors complete and check the file with it.

It is made from what schema.py accepts, and accepts every file that `load` accepts. It can't compare entries with each
other: duplicates, unknown required environments and shared repositories are found by `load` alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from weco_deploy.config.schema import FileEntry

# The latest draft that the common language server for YAML supports.
_DRAFT = "http://json-schema.org/draft-07/schema#"

# The texts that pydantic takes for a boolean, in any case. Editors read `yes` and `on` without quotes as text.
_BOOLEANS = ("0", "1", "f", "false", "n", "no", "off", "on", "t", "true", "y", "yes")


def json_schema() -> Mapping[str, object]:
    """The JSON Schema of the project file."""
    return {
        "$schema": _DRAFT,
        **FileEntry.model_json_schema(schema_generator=_Generator),
    }


class _Generator(GenerateJsonSchema):
    """Leaves out what pydantic adds and the file does not accept, or readers don't need."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without a default of None: a key that is left out is valid, but a key without a value is not."""
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            del described["default"]
        return described

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's signature
        """With all texts for a boolean, because the loader passes every value as text."""
        texts = dict.fromkeys(form for text in _BOOLEANS for form in (text, text.capitalize(), text.upper()))
        return {
            "type": ["boolean", "string", "integer"],
            "pattern": f"^({'|'.join(texts)})$",
            "minimum": 0,
            "maximum": 1,
        }

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """With an error for a key that does not match. `patternProperties` alone accept any value there."""
        described = super().dict_schema(schema)
        if "patternProperties" in described:
            ((pattern, values),) = described.pop("patternProperties").items()
            described["additionalProperties"] = values
            described["propertyNames"] = {**described.get("propertyNames", {}), "pattern": pattern}
            described["propertyNames"].pop("type", None)  # keys are text, also where they look like numbers
        return described

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """No titles such as "Role Arn": they only repeat the keys."""
        return False
