"""Reads commands of the AWS CLI with botocore's models, from which the CLI makes its commands and options."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.loaders
from botocore import xform_name
from botocore.model import ListShape, OperationModel, ServiceModel, StringShape, StructureShape
from botocore.validate import ParamValidator

GLOBAL_OPTIONS = {"query", "output", "region"}
_FILE = "file://"


@dataclass(frozen=True, slots=True)
class AwsCommand:
    """A call: the service, the operation, and its parameters, in the words of the model."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def method(self) -> str:
        """The name of boto3's method."""
        return xform_name(self.operation)


def parse(command: str, directory: Path = Path()) -> AwsCommand:
    """Read `aws SERVICE COMMAND --option value…`; the files that it names are in `directory`.

    Raises ValueError if the service, the command or an option does not exist, or if the parameters are not valid.
    """
    program, service, name, *words = shlex.split(command)
    if program != "aws":
        raise ValueError(f"not a command of the AWS CLI: {command}")
    operation = _operation(service, name)
    shape = operation.input_shape
    if shape is None:
        raise ValueError(f"aws {service} {name} has no options")
    members = {xform_name(member, "-"): member for member in shape.members}
    parameters: dict[str, Any] = {}
    for option, values in _options(words).items():
        texts = [_content(value, directory) for value in values]
        if option == "cli-input-json":
            parameters = json.loads(texts[0]) | parameters
        elif option in members:
            parameters[members[option]] = _typed(shape.members[members[option]], texts)
        elif option not in GLOBAL_OPTIONS:
            raise ValueError(f"aws {service} {name} has no option --{option}")
    wrong = list(_not_enumerated(shape, parameters))
    if wrong:
        raise ValueError(f"{command}: no such value: {', '.join(wrong)}")
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise ValueError(f"{command}: {report.generate_report()}")
    return AwsCommand(service, operation.name, parameters)


def _not_enumerated(shape: Any, value: Any) -> Iterator[str]:
    """The texts that are none of the values that the model lists for them, which botocore does not check."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in shape.members.items():
            if name in value:
                yield from _not_enumerated(member, value[name])
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for item in value:
            yield from _not_enumerated(shape.member, item)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield str(value)


@cache
def _model(service: str) -> ServiceModel:
    loader = botocore.loaders.Loader()
    if service not in loader.list_available_services("service-2"):
        raise ValueError(f"AWS has no service {service}")
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def _operation(service: str, name: str) -> OperationModel:
    model = _model(service)
    names = {xform_name(operation, "-"): operation for operation in model.operation_names}
    if name not in names:
        raise ValueError(f"aws {service} has no command {name}")
    return model.operation_model(names[name])


def _options(words: list[str]) -> dict[str, list[str]]:
    """The values by option; every word before the next option is a value."""
    found: dict[str, list[str]] = {}
    option = ""
    for word in words:
        if word.startswith("--"):
            option = word.removeprefix("--")
            found[option] = []
        else:
            found[option].append(word)
    return found


def _content(value: str, directory: Path) -> str:
    return (directory / value.removeprefix(_FILE)).read_text() if value.startswith(_FILE) else value


def _typed(shape: Any, texts: list[str]) -> Any:
    if isinstance(shape, ListShape):
        return texts
    (text,) = texts
    if shape.type_name == "structure":
        return json.loads(text)
    return int(text) if shape.type_name in ("integer", "long") else text
