"""The project that describes the services of an account."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from weco_deploy.model.inventory import Inventory, Proposal, Selection, Unplaced
from weco_deploy.model.project import DEFAULT_NAMESPACE, Address, Environment, Image, Project
from weco_deploy.model.tags import DEFAULT_REFS, DEFAULT_TAG
from weco_deploy.rules.inventory import service_ids
from weco_deploy.rules.inventory.families import Families, Family, families
from weco_deploy.rules.inventory.selection import select
from weco_deploy.rules.inventory.version_patterns import version_patterns

LAST = ("prod", "production", "live")
"""Environments that come after all others in the file."""


def propose(inventory: Inventory, selection: Selection, template: Project) -> Proposal:
    """The project that describes the services of the inventory.

    Args:
        inventory: what the account has.
        selection: what to look at.
        template: has the project's id, account, region and role.

    """
    selected = select(inventory, selection)
    found = families(selected.services, inventory.services, selected.in_the_way)
    unplaced = [
        *selected.unplaced,
        *(
            Unplaced(
                str(service.key),
                f"its name doesn't tell it from services of other environments than {service.environment}",
            )
            for service in found.indistinct
        ),
    ]
    if not found.families:
        return Proposal(project=None, unplaced=tuple(sorted(unplaced)))
    environments = _environments(found)
    name = service_ids.service_name(family.name for family in found.families if not family.tagged_id)
    ids = service_ids.ids(found.families, name)
    by_id = {ids[number]: family for number, family in enumerate(found.families)}
    optional = {
        service_id: family for service_id, family in by_id.items() if len(family.services) < len(environments)
    }
    templates = {
        repository: selected.templates[repository]
        for repository in sorted(
            {repository for family in found.families for repository in family.repositories}
        )
    }
    tag = _most_common(templates.values(), DEFAULT_TAG)
    namespace = _namespace(templates)
    project = replace(
        template,
        namespace=namespace,
        environments=environments,
        images=_images(templates, namespace, by_id),
        addresses={
            service_id: _address(service_id, family, name)
            for service_id, family in by_id.items()
            if not family.tagged_id
        },
        optional_services=frozenset(optional),
        tag=tag,
    )
    return Proposal(
        project=project,
        unplaced=tuple(sorted(unplaced)),
        comments={
            service_id: f"only in {', '.join(environment.id for environment in environments if environment.id in family.services)}"
            for service_id, family in optional.items()
        },
    )


def with_version_patterns(project: Project, tags: Mapping[str, Sequence[Collection[str]]]) -> Project:
    """The project with the patterns of its images' version tags.

    `tags` are by image id the tags of some of its images.
    """
    return replace(
        project,
        images=tuple(
            replace(
                image,
                refs=tuple(
                    version_patterns(
                        set(project.without_floating(of_image)) for of_image in tags.get(image.id, ())
                    )
                )
                or DEFAULT_REFS,
            )
            for image in project.images
        ),
    )


def _environments(found: Families) -> tuple[Environment, ...]:
    ids = {environment for family in found.families for environment in family.services}
    return tuple(
        Environment(id=environment, name=environment, variables=found.variables.get(environment, {}))
        for environment in sorted(ids, key=lambda environment: (environment in LAST, environment))
    )


def _address(service_id: str, family: Family, name: str) -> Address:
    described = name.replace(service_ids.SERVICE, service_id) == family.name
    return Address(cluster=family.cluster, name=name if described else family.name)


def _namespace(repositories: Collection[str]) -> str:
    """What most repositories' names begin with."""
    begins = (repository.rpartition("/")[0] for repository in repositories)
    return _most_common([begin for begin in begins if begin], DEFAULT_NAMESPACE)


def _most_common(texts: Iterable[str], default: str) -> str:
    counted = Counter(texts)
    return max(counted, key=lambda text: (counted[text], text == default, text), default=default)


def _images(templates: Mapping[str, str], namespace: str, by_id: Mapping[str, Family]) -> tuple[Image, ...]:
    images: list[Image] = []
    last_parts = Counter(repository.rpartition("/")[2] for repository in templates)
    for repository, template in templates.items():
        begin, _, last = repository.rpartition("/")
        unique = begin == namespace or last_parts[last] == 1
        services = sorted(
            (service_id for service_id, family in by_id.items() if repository in family.repositories),
            key=_natural,
        )
        images.append(
            Image(
                id=last if unique else repository,
                repository=repository,
                services=tuple(services),
                tag=template,
            )
        )
    return tuple(images)


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else -1, part) for part in re.split("([0-9]+)", text)]
