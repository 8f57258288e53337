"""Reads the ids in a file, so that entries can be compared even if other parts of the file are invalid.

A duplicate id is then reported together with, for example, a misspelt role on the next line. Values that don't look
like ids are skipped: validation.py reports them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Node
from weco_deploy.config.patterns import Pattern
from weco_deploy.model.arn import account_of
from weco_deploy.model.project import DEFAULT_NAMESPACE, DEFAULT_REGION
from weco_deploy.model.tags import DEFAULT_TAG
from weco_deploy.model.template import fill, placeholders

_REGISTRY_KEYS = {
    "account_id": patterns.ACCOUNT_ID,
    "role_arn": patterns.ROLE_ARN,
    "region_name": patterns.REGION,
    "aws_region_name": patterns.REGION,
}


@dataclass(frozen=True, slots=True)
class Identified:
    """An entry with an id. `node` is the id in the file."""

    id: str
    node: Node


@dataclass(frozen=True, slots=True)
class EnvironmentOutline(Identified):
    """An environment. `variables` are its variables' nodes, by name."""

    requires: tuple[Identified, ...]
    variables: Mapping[str, Node]

    @property
    def values(self) -> Mapping[str, str]:
        """The values of placeholders in templates. Invalid variables have some value, because they are not missing."""
        return {**{name: node.text or "" for name, node in self.variables.items()}, "environment": self.id}


@dataclass(frozen=True, slots=True)
class Template:
    """A template of names. `node` is its place in the file; None for a default."""

    text: str
    node: Node | None

    def filled(self, environment: EnvironmentOutline, more: Mapping[str, str] | None = None) -> str | None:
        """The name in an environment, with `more` values; None if the environment lacks a variable."""
        values = {**environment.values, **(more or {})}
        lacks = placeholders(self.text) - values.keys()
        return None if lacks else fill(self.text, values)


@dataclass(frozen=True, slots=True)
class ServiceOutline(Identified):
    """A service at an image. `after` are the services that must come before it, as this entry says."""

    after: tuple[Identified, ...]


@dataclass(frozen=True, slots=True)
class ImageOutline(Identified):
    """An image. `repository` is its full name, given or by default; None if the name can't be determined.

    `tag` is the template of its floating tags, its own or the project's; None if it is invalid.
    """

    repository: str | None
    services: tuple[ServiceOutline, ...]
    tag: Template | None


@dataclass(frozen=True, slots=True)
class ProjectOutline(Identified):
    """A project. `node` is the whole project.

    `registry` is a pair of account id (empty: the caller's account) and region; None if they are invalid.
    """

    registry: tuple[str, str] | None
    environments: tuple[EnvironmentOutline, ...]
    images: tuple[ImageOutline, ...]
    tag: Template | None

    def mapping(self, environment: EnvironmentOutline) -> Node:
        """The whole mapping of the environment."""
        return self.node.nearest(environment.node.path[1:-1])


def outlines(root: Node) -> tuple[ProjectOutline, ...]:
    return tuple(_project(node) for node in root.entries() if isinstance(node.value, dict))


def _project(node: Node) -> ProjectOutline:
    return ProjectOutline(
        id=str(node.path[-1]),
        node=node,
        registry=_registry(node),
        environments=tuple(_environments(node)),
        images=tuple(_images(node)),
        tag=template_at(node, "tag", patterns.TAG_TEMPLATE, Template(DEFAULT_TAG, None)),
    )


def _registry(project: Node) -> tuple[str, str] | None:
    given = {key: _text(project, key, pattern) for key, pattern in _REGISTRY_KEYS.items() if project.at(key)}
    if None in given.values():
        return None
    account_id = given.get("account_id") or account_of(given.get("role_arn"))
    return account_id, given.get("region_name") or given.get("aws_region_name") or DEFAULT_REGION


def _environments(project: Node) -> Iterator[EnvironmentOutline]:
    for node in project.items("environments"):
        environment = _identified(node.at("id"), patterns.ENVIRONMENT_ID)
        if environment:
            required = _required(node)
            requires = tuple(_all_identified(required, patterns.ENVIRONMENT_ID))
            variables = node.at("variables")
            named = {str(value.path[-1]): value for value in variables.entries()} if variables else {}
            yield EnvironmentOutline(environment.id, environment.node, requires, named)


def _required(environment: Node) -> Iterator[Node | None]:
    """The required environments: an id, a list of ids, or a mapping with the key environment."""
    requires = environment.at("requires")
    yield requires
    yield from environment.items("requires")
    yield requires.at("environment") if requires else None


def _images(project: Node) -> Iterator[ImageOutline]:
    shared_tag = template_at(project, "tag", patterns.TAG_TEMPLATE, Template(DEFAULT_TAG, None))
    for node in project.items("image_repositories"):
        image = _identified(node.at("id"), patterns.IMAGE_ID)
        if image:
            services = tuple(_services(node))
            tag = template_at(node, "tag", patterns.TAG_TEMPLATE, shared_tag)
            yield ImageOutline(image.id, image.node, _repository(project, node, image.id), services, tag)


def _services(image: Node) -> Iterator[ServiceOutline]:
    """The services of an image. Each is an id, or a mapping with the key id."""
    for node in image.items("services"):
        service = _identified(node.at("id") or node, patterns.SERVICE_ID)
        if service:
            after = tuple(_all_identified(node.items("after"), patterns.SERVICE_ID))
            yield ServiceOutline(service.id, service.node, after)


def _repository(project: Node, image: Node, image_id: str) -> str | None:
    if image.at("repository"):
        return _text(image, "repository", patterns.REPOSITORY)
    if project.at("namespace") is None:
        return default_names.repository(DEFAULT_NAMESPACE, image_id)
    namespace = _text(project, "namespace", patterns.NAMESPACE)
    return default_names.repository(namespace, image_id) if namespace else None


def template_at(mapping: Node, key: str, pattern: Pattern, default: Template | None) -> Template | None:
    """The template at `key`, or else the default; None if it is invalid."""
    node = mapping.at(key)
    if node is None:
        return default
    return Template(node.text, node) if node.text is not None and pattern.matches(node.text) else None


def _all_identified(nodes: Iterable[Node | None], pattern: Pattern) -> Iterator[Identified]:
    for node in nodes:
        identified = _identified(node, pattern)
        if identified:
            yield identified


def _identified(node: Node | None, pattern: Pattern) -> Identified | None:
    if node is None or node.text is None or not pattern.matches(node.text):
        return None
    return Identified(node.text, node)


def _text(mapping: Node, key: str, pattern: Pattern) -> str | None:
    identified = _identified(mapping.at(key), pattern)
    return identified.id if identified else None
