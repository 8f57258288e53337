"""Checks the names of ECS services and their clusters.

A service with a name, its own or by the project's `service_name`, needs a cluster. In each environment a name is that
of one service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Node, Problem
from weco_deploy.config.outline import EnvironmentOutline, ProjectOutline, Template, template_at
from weco_deploy.config.patterns import Pattern
from weco_deploy.config.templates import missing_variables

SERVICE = "service"
_KEYS: Mapping[str, Pattern] = {
    "cluster": patterns.CLUSTER_TEMPLATE,
    "name": patterns.SERVICE_NAME_TEMPLATE,
}


@dataclass(frozen=True, slots=True)
class _Service:
    """A service, with the nodes of its keys by name. A service of several images has the keys of all its entries."""

    id: str
    node: Node
    keys: dict[str, Node]


@dataclass(frozen=True, slots=True)
class _Address:
    """The templates of a service's cluster and name. `node` is where a problem with the name is reported."""

    service: _Service
    cluster: Template
    name: Template
    node: Node

    def text(self, environment: EnvironmentOutline) -> tuple[str | None, str | None]:
        """The cluster and the name in an environment; None for what lacks a variable."""
        cluster, name = (
            self.cluster.filled(environment),
            self.name.filled(environment, {SERVICE: self.service.id}),
        )
        return cluster, name


def address_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Names without a cluster, clusters without a name, unknown variables, invalid names, and names given twice."""
    shared_cluster = template_at(project.node, "cluster", patterns.CLUSTER_TEMPLATE, None)
    shared_name = template_at(project.node, "service_name", patterns.SERVICE_NAME_TEMPLATE, None)
    services: dict[str, _Service] = {}
    yield from _other_keys(_entries(project.node), services)
    if shared_cluster:
        yield from missing_variables(shared_cluster, project.environments)
    if shared_name:
        yield from missing_variables(shared_name, project.environments, {SERVICE})
    for service in services.values():
        yield from _unknown_variables(service, project.environments)
    if project.node.at("cluster") and shared_cluster is None:
        return  # validation.py reports the invalid cluster
    addresses = []
    for service in services.values():
        found = _address(service, shared_cluster, shared_name)
        if isinstance(found, Problem):
            yield found
        elif found:
            addresses.append(found)
    first_with_name: dict[tuple[str | None, ...], tuple[_Address, EnvironmentOutline]] = {}
    reported: set[tuple[str, str]] = set()
    for environment in project.environments:
        place = _place(project.node, environment)
        yield from _names(addresses, environment, place, first_with_name, reported)


def _place(project: Node, environment: EnvironmentOutline) -> tuple[str | None, ...]:
    """What an environment's account and region depend on."""
    index = environment.node.path[-2]
    keys = (project.nearest(("environments", index, key)) for key in ("role_arn", "region_name"))
    return tuple(node.text for node in keys)


def _entries(project: Node) -> Iterator[_Service]:
    for image in project.items("image_repositories"):
        for node in image.items("services"):
            id_node = node.at("id") or node
            if id_node.text is not None:
                keys = {key: value for key in _KEYS if (value := node.at(key))}
                yield _Service(id_node.text, id_node, keys)


def _other_keys(entries: Iterable[_Service], services: dict[str, _Service]) -> Iterator[Problem]:
    """Collect the services, and report keys that differ from those of the same service at another image."""
    for entry in entries:
        known = services.setdefault(entry.id, entry)
        for key, node in entry.keys.items():
            first = known.keys.setdefault(key, node)
            if first.value != node.value:
                yield node.problem(
                    f"found another {key} of the service {entry.id!r} than on line {first.line}, expected the same"
                )


def _unknown_variables(service: _Service, environments: Iterable[EnvironmentOutline]) -> Iterator[Problem]:
    for key, node in service.keys.items():
        if node.text is not None and _KEYS[key].matches(node.text):
            others = {SERVICE} if key == "name" else set()
            yield from missing_variables(Template(node.text, node), environments, others)


def _address(
    service: _Service, shared_cluster: Template | None, shared_name: Template | None
) -> _Address | Problem | None:
    """The service's address; None if it is found by its tags, or if a key is invalid."""
    own_name, own_cluster = service.keys.get("name"), service.keys.get("cluster")
    if any(node.text is not None and not _KEYS[key].matches(node.text) for key, node in service.keys.items()):
        return None
    name = (
        Template(own_name.text, own_name) if own_name and own_name.text else None if own_name else shared_name
    )
    if name is None:
        if own_cluster is None:
            return None
        return own_cluster.problem(
            f"found a cluster of the service {service.id!r}, which has no name, expected name too, "
            "or service_name of the project"
        )
    cluster = Template(own_cluster.text, own_cluster) if own_cluster and own_cluster.text else shared_cluster
    where = own_name or service.node
    if cluster is None:
        return where.problem(
            f"found a name of the service {service.id!r} ({name.text!r}) without a cluster, expected cluster too, "
            "here or of the project"
        )
    return _Address(service, cluster, name, where)


def _names(
    addresses: Iterable[_Address],
    environment: EnvironmentOutline,
    place: tuple[str | None, ...],
    first_with_name: dict[tuple[str | None, ...], tuple[_Address, EnvironmentOutline]],
    reported: set[tuple[str, str]],
) -> Iterator[Problem]:
    """The problems with the names in one environment. Two services with one name in all environments are one problem."""
    for address in addresses:
        cluster, name = address.text(environment)
        if cluster is None or name is None:
            continue
        where = f"in the environment {environment.id!r} (line {environment.node.line})"
        if not patterns.CLUSTER.matches(cluster):
            yield address.node.problem(
                f"{where} the cluster is {cluster!r}, expected {patterns.CLUSTER.description}"
            )
        if not patterns.SERVICE_NAME.matches(name):
            yield address.node.problem(
                f"{where} the name is {name!r}, expected {patterns.SERVICE_NAME.description}"
            )
        first, there = first_with_name.setdefault((*place, cluster, name), (address, environment))
        pair = (first.service.id, address.service.id)
        if (first is not address or there.id != environment.id) and pair not in reported:
            reported.add(pair)
            yield address.node.problem(
                f"{where} the service {address.service.id!r} is {cluster}/{name}, expected another name: that is "
                f"{first.service.id!r} (line {first.node.line}) in {there.id!r}"
            )
