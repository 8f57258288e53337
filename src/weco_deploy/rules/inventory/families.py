"""The services that are the same one in several environments, with templates of their clusters and names.

Services with the tags `deployment:service` and `deployment:env` belong together by these. Others do by their names, with a placeholder
for what the environment is called. Those that are left over belong together by their images, if each environment has one of them:
their names become variables.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from weco_deploy.model.inventory import ListedService
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.template import fill, placeholders
from weco_deploy.rules.inventory.aws_names import PLACEHOLDER, AwsNames, Named, aws_names
from weco_deploy.rules.inventory.floating_tags import ENVIRONMENT
from weco_deploy.rules.inventory.selection import PlacedService

Variables = dict[str, dict[str, str]]
"""The variables of each environment."""

_AWS_NAME = "aws_name"
_CLUSTER_NAME = "cluster_name"
_LONGEST_VARIABLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A service in all its environments.

    `tagged_id` is its id if it is found by its tags; then it has no templates. `cluster` and `name` are templates.
    """

    services: Mapping[str, PlacedService]
    tagged_id: str | None = None
    cluster: str = ""
    name: str = ""

    @property
    def repositories(self) -> frozenset[str]:
        return frozenset().union(*(service.repositories for service in self.services.values()))


@dataclass(frozen=True, slots=True)
class Families:
    """All families, the environments' variables for their templates, and the services that no template can describe."""

    families: tuple[Family, ...]
    variables: Variables = field(default_factory=dict)
    indistinct: tuple[PlacedService, ...] = ()


def families(
    placed: Sequence[PlacedService], listed: Iterable[ListedService], distinct_from: Iterable[ServiceKey]
) -> Families:
    """The families of the services in a project.

    Args:
        placed: the project's services.
        listed: all services of the account.
        distinct_from: the services that must not have the name of one of the project's services in another environment.

    """
    tagged = _tagged(placed, listed)
    by_tags = {service.key for family in tagged for service in family.services.values()}
    named = [service for service in placed if service.key not in by_tags]
    environments = sorted({service.environment for service in placed})
    found, variables = _named(named, environments)
    taken = set(map(_address, distinct_from))
    kept, indistinct = _distinct(found, environments, variables, taken)
    return Families((*tagged, *kept), _used(kept, variables), tuple(indistinct))


def _tagged(placed: Sequence[PlacedService], listed: Iterable[ListedService]) -> list[Family]:
    """The services whose tags name their environment and a service id, which no other service has there."""
    counted = Counter(
        (item.service.environment, item.service.service_id)
        for item in listed
        if item.service.status == "ACTIVE"
    )
    by_id: defaultdict[str, dict[str, PlacedService]] = defaultdict(dict)
    for item in placed:
        tags = (item.service.environment, item.service.service_id)
        if item.service.service_id and item.service.environment == item.environment and counted[tags] == 1:
            by_id[item.service.service_id][item.environment] = item
    environments = {item.environment for item in placed}
    return [
        Family(services=services, tagged_id=service_id)
        for service_id, services in sorted(by_id.items())
        # Where the project lacks the service, none of others may be found in its place.
        if sum(counted[environment, service_id] for environment in environments) == len(services)
    ]


def _named(placed: Sequence[PlacedService], environments: Sequence[str]) -> tuple[list[Family], Variables]:
    if not placed:
        return [], {}
    names = aws_names(
        _by_environment((item.environment, Named(item.key.name, item.repositories)) for item in placed),
        whole=False,
    )
    name_of = {
        item.key: names.template(item.environment, Named(item.key.name, item.repositories)) for item in placed
    }
    clusters = aws_names(
        _by_environment(
            (item.environment, Named(item.key.cluster_name, item.repositories)) for item in placed
        ),
        whole=True,
    )
    cluster_of = {
        item.key: clusters.template(item.environment, Named(item.key.cluster_name, item.repositories))
        for item in placed
    }
    variables: Variables = {environment: {} for environment in environments}
    in_names = _placeholder(names, _AWS_NAME, environments, variables)
    same = _texts(clusters, environments) == _texts(names, environments)
    in_clusters = (
        in_names
        if same and in_names != ENVIRONMENT
        else _placeholder(
            clusters, _CLUSTER_NAME if in_names != ENVIRONMENT else _AWS_NAME, environments, variables
        )
    )
    if not any(PLACEHOLDER in name for name in name_of.values()):
        in_names = ENVIRONMENT
    grouped: defaultdict[tuple[str, str], dict[str, PlacedService]] = defaultdict(dict)
    for item in placed:
        cluster, name = cluster_of[item.key], name_of[item.key]
        grouped[cluster.replace(PLACEHOLDER, in_clusters), name.replace(PLACEHOLDER, in_names)][
            item.environment
        ] = item
    found = [
        Family(services=services, cluster=cluster, name=name)
        for (cluster, name), services in sorted(grouped.items())
    ]
    return _joined(found, environments, variables), variables


def _used(found: Iterable[Family], variables: Variables) -> Variables:
    """The variables that templates use."""
    used = frozenset().union(
        *(placeholders(text) for family in found for text in (family.cluster, family.name))
    )
    return {
        environment: {name: text for name, text in texts.items() if name in used}
        for environment, texts in variables.items()
    }


def _by_environment(named: Iterable[tuple[str, Named]]) -> Mapping[str, list[Named]]:
    grouped: defaultdict[str, list[Named]] = defaultdict(list)
    for environment, item in named:
        grouped[environment].append(item)
    return grouped


def _texts(names: AwsNames, environments: Iterable[str]) -> dict[str, str]:
    """What each environment is called in names. Where names don't tell, its id without characters that names can't have."""
    return {
        environment: names.by_environment.get(environment) or re.sub("[^A-Za-z0-9_-]", "-", environment)
        for environment in environments
    }


def _placeholder(names: AwsNames, variable: str, environments: Sequence[str], variables: Variables) -> str:
    """The placeholder for what environments are called: {environment}, or a variable, which is added to `variables`."""
    texts = _texts(names, environments)
    if all(text == environment for environment, text in texts.items()):
        return ENVIRONMENT
    for environment, text in texts.items():
        variables[environment][variable] = text
    return f"{{{variable}}}"


def _joined(found: Sequence[Family], environments: Sequence[str], variables: Variables) -> list[Family]:
    """The families, with those joined that have the same images, and that each environment has exactly one of."""
    partial: defaultdict[frozenset[str], list[Family]] = defaultdict(list)
    for family in found:
        if len(family.services) < len(environments):
            partial[family.repositories].append(family)
    joined: list[Family] = []
    replaced: set[int] = set()
    for repositories, candidates in partial.items():
        members = [item for family in candidates for item in family.services.items()]
        if sorted(environment for environment, _ in members) != list(environments):
            continue
        services = dict(members)
        slug = _slug(min(repositories), variables[environments[0]])
        clusters = {family.cluster for family in candidates}
        cluster = clusters.pop() if len(clusters) == 1 else f"{{{slug}_cluster}}"
        for environment, item in services.items():
            variables[environment][f"{slug}_name"] = item.key.name
            variables[environment][f"{slug}_cluster"] = item.key.cluster_name
        joined.append(Family(services=services, cluster=cluster, name=f"{{{slug}_name}}"))
        replaced |= {id(family) for family in candidates}
    return [*(family for family in found if id(family) not in replaced), *joined]


def _slug(repository: str, taken: Iterable[str]) -> str:
    """The beginning of a variable's name, for an image."""
    text = re.sub("[^a-z0-9]+", "_", repository.rpartition("/")[2]).strip("_")[: _LONGEST_VARIABLE - 15]
    text = text if text[:1].isalpha() else f"image_{text}"
    names = [text, *(f"{text}_{number}" for number in range(2, 1000))]
    taken = set(taken)
    return next(name for name in names if f"{name}_name" not in taken)


def _distinct(
    found: Sequence[Family],
    environments: Sequence[str],
    variables: Variables,
    taken: set[tuple[str, str]],
) -> tuple[list[Family], list[PlacedService]]:
    """The families whose names are those of one service in all environments, and the services of the others.

    In an environment that lacks a service, its name must not be that of another one, which is so of a name without a
    placeholder.
    """
    claimed: set[tuple[str, str]] = set()
    kept: list[Family] = []
    indistinct: list[PlacedService] = []
    for family in sorted(found, key=lambda family: (-len(family.services), family.cluster, family.name)):
        elsewhere = [
            (fill(family.cluster, values), fill(family.name, values))
            for environment in environments
            if environment not in family.services
            for values in [{**variables[environment], "environment": environment}]
        ]
        if len(set(elsewhere)) < len(elsewhere) or claimed & set(elsewhere) or taken & set(elsewhere):
            indistinct += family.services.values()
        else:
            claimed |= set(elsewhere)
            kept.append(family)
    return sorted(kept, key=lambda family: (family.cluster, family.name)), indistinct


def _address(key: ServiceKey) -> tuple[str, str]:
    return key.cluster_name, key.name
