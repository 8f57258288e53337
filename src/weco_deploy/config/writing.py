"""Writes a project as the text of a project file, with as few keys as possible. `load_text` makes the same project from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import yaml

from weco_deploy.config import default_names
from weco_deploy.model.project import DEFAULT_NAMESPACE, Address, Environment, Image, Project
from weco_deploy.model.tags import DEFAULT_REFS, DEFAULT_TAG

SCHEMA_FILE = ".wellcome_project.schema.json"
EDITORS_LINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""The line that tells editors where the file's JSON Schema is."""
_HEADER = (
    EDITORS_LINE,
    "# With the schema, editors complete and check this file. To write it:",
    f"#   weco-deploy schema > {SCHEMA_FILE}",
)
_WIDEST = 1_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the project says for all its services and images that don't say otherwise."""

    cluster: str | None
    service_name: str | None
    refs: tuple[str, ...]


def project_text(project: Project, comments: Mapping[str, str]) -> str:
    """The text of a project file.

    Args:
        project: a project without steps, roles of environments or gates, as `init` makes it.
        comments: comments on services, by service id.

    """
    shared = _Shared(
        cluster=_most_common([address.cluster for address in project.addresses.values()], None),
        service_name=_most_common(
            [address.name for address in project.addresses.values() if "{service}" in address.name], None
        ),
        refs=_most_common([image.refs for image in project.images], DEFAULT_REFS),
    )
    lines = [
        *_HEADER,
        f"{_scalar(project.id)}:",
        *_indented(2, _settings(project, shared)),
        "  environments:",
        *_indented(4, (line for environment in project.environments for line in _environment(environment))),
        "  image_repositories:",
        *_indented(4, _images(project, shared, comments)),
    ]
    return "\n".join([*lines, ""])


def _settings(project: Project, shared: _Shared) -> Iterator[str]:
    """The project's own keys, without those that have their defaults."""
    keys = {
        "role_arn": project.role_arn,
        "account_id": project.account_id,
        "region_name": project.region_name,
        "namespace": _unless(project.namespace, DEFAULT_NAMESPACE),
        "cluster": shared.cluster,
        "service_name": shared.service_name,
        "tag": _unless(project.tag, DEFAULT_TAG),
    }
    for key, text in keys.items():
        if text is not None:
            yield f"{key}: {_scalar(text)}"
    if shared.refs != DEFAULT_REFS:
        yield f"refs: {_texts(shared.refs)}"


def _environment(environment: Environment) -> Iterator[str]:
    yield f"- id: {_scalar(environment.id)}"
    if environment.variables:
        yield "  variables:"
        for name, text in sorted(environment.variables.items()):
            yield f"    {name}: {_scalar(text)}"


def _images(project: Project, shared: _Shared, comments: Mapping[str, str]) -> Iterator[str]:
    described: set[str] = set()
    for image in project.images:
        yield from _image(project, image, shared)
        if image.services:
            yield "  services:"
        for service_id in image.services:
            keys = {} if service_id in described else _service_keys(project, service_id, shared)
            described.add(service_id)
            comment = f"  # {comments[service_id]}" if keys and service_id in comments else ""
            if keys:
                texts = (f"{key}: {text}".rstrip() for key, text in {"id": _flow(service_id), **keys}.items())
                yield f"    - {{{', '.join(texts)}}}{comment}"
            else:
                yield f"    - {_scalar(service_id)}{comment}"


def _image(project: Project, image: Image, shared: _Shared) -> Iterator[str]:
    yield f"- id: {_scalar(image.id)}"
    if image.repository != default_names.repository(project.namespace, image.id):
        yield f"  repository: {_scalar(image.repository)}"
    if image.tag != project.tag:
        yield f"  tag: {_scalar(image.tag)}"
    if image.refs != shared.refs:
        yield f"  refs: {_texts(image.refs)}"


def _service_keys(project: Project, service_id: str, shared: _Shared) -> dict[str, str]:
    """The keys of a service besides its id, as they are written."""
    keys: dict[str, str] = {}
    address: Address | None = project.addresses.get(service_id)
    if address is None and shared.service_name:
        keys["name"] = ""
    if address is not None and address.name != shared.service_name:
        keys["name"] = _flow(address.name)
    if address is not None and address.cluster != shared.cluster:
        keys["cluster"] = _flow(address.cluster)
    if service_id in project.optional_services:
        keys["optional"] = "true"
    return keys


def _indented(spaces: int, lines: Iterable[str]) -> Iterator[str]:
    return (" " * spaces + line for line in lines)


def _unless(text: str, default: str) -> str | None:
    return None if text == default else text


def _most_common(values: Sequence[T], default: T) -> T:
    """The most common value, the first of several; `default` if there is none."""
    return Counter(values).most_common(1)[0][0] if values else default


def _texts(texts: Sequence[str]) -> str:
    """One text, or a list of them."""
    return _scalar(texts[0]) if len(texts) == 1 else f"[{', '.join(map(_flow, texts))}]"


def _scalar(text: str) -> str:
    """A text in YAML, in quotes if editors would read it as something else."""
    return yaml.safe_dump(text, width=_WIDEST, allow_unicode=True).removesuffix("...\n").strip()


def _flow(text: str) -> str:
    """A text within `{}` or `[]`."""
    return yaml.safe_dump([text], width=_WIDEST, allow_unicode=True, default_flow_style=True).strip()[1:-1]
