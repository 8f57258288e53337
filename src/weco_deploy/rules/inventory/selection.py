"""Which of the listed services are in the project, and why others are not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from weco_deploy.model.inventory import EcrTag, Inventory, ListedService, Selection, Unplaced
from weco_deploy.model.registry import EcrAddress, ImageName
from weco_deploy.model.service import Service, ServiceKey
from weco_deploy.rules.inventory.floating_tags import (
    FloatingTags,
    TagUse,
    floating_tags,
    shared_by_environments,
    words_in,
)
from weco_deploy.rules.rollout.strategies import unsupported


@dataclass(frozen=True, slots=True)
class PlacedService:
    """A service with its environment, and the repositories of its images with floating tags."""

    service: Service
    environment: str
    repositories: frozenset[str]

    @property
    def key(self) -> ServiceKey:
        return self.service.key


@dataclass(frozen=True, slots=True)
class Selected:
    """The project's services, the templates of its repositories' tags, and what is not in the project.

    `in_the_way` are all services with a floating tag, and those that a plan would refuse: also those that are not in the project.
    """

    services: tuple[PlacedService, ...]
    templates: Mapping[str, str]
    unplaced: tuple[Unplaced, ...]
    in_the_way: frozenset[ServiceKey]


def select(inventory: Inventory, selection: Selection) -> Selected:
    active = [listed for listed in inventory.services if listed.service.status == "ACTIVE"]
    selected = [listed for listed in active if selection.has_cluster(listed.service.key.cluster_name)]
    floating = floating_tags(
        TagUse(tag.repository, tag.tag, _words(listed.service.key))
        for listed in active
        for tag in _own_tags(listed, inventory)
    )
    shared = shared_by_environments(
        ((_floating(listed, inventory, floating), _words(listed.service.key)) for listed in active),
        floating,
    )
    unplaced = [
        Unplaced(f"{repository}:{tag}", "services of several environments use this tag")
        for repository, tag in shared.items()
        if selection.has_repository(repository)
    ]
    placed: list[PlacedService] = []
    for listed in selected:
        tags = _floating(listed, inventory, floating)
        ours = {
            repository: floating.environments[repository, tag]
            for repository, tag in tags.items()
            if repository not in shared and selection.has_repository(repository)
        }
        why = _why_not(listed, ours, inventory, floating, shared)
        if why is None:
            placed.append(PlacedService(listed.service, next(iter(ours.values())), frozenset(ours)))
        elif not selection.repositories:
            unplaced.append(Unplaced(str(listed.service.key), why))
    main, others = _projects(placed)
    unplaced += [
        Unplaced(
            str(service.key),
            f"another project, by its environments ({', '.join(_environments(group))}): give --cluster for each project",
        )
        for group in others
        for service in group
    ]
    keys = {service.key for service in main}
    used_elsewhere = {
        repository
        for listed in active
        if listed.service.key not in keys
        for repository in _floating(listed, inventory, floating)
    }
    main, sidecars = _without_sidecars(main, used_elsewhere)
    unplaced += [
        Unplaced(repository, "services of other projects use it too, here only beside other images")
        for repository in sidecars
    ]
    in_the_way = frozenset(
        listed.service.key
        for listed in active
        if _floating(listed, inventory, floating) or unsupported(listed.service)
    )
    return Selected(tuple(main), floating.templates, tuple(sorted(set(unplaced))), in_the_way)


def _words(key: ServiceKey) -> frozenset[str]:
    return words_in(key.cluster_name) | words_in(key.name)


def _own_tags(listed: ListedService, inventory: Inventory) -> list[EcrTag]:
    """The tags of the account's own repositories that exist."""
    return [
        tag
        for tag in map(EcrTag.parse, listed.images)
        if tag is not None
        and (tag.account, tag.region) == (inventory.account_id, inventory.region_name)
        and tag.repository in inventory.repositories
    ]


def _floating(listed: ListedService, inventory: Inventory, floating: FloatingTags) -> dict[str, str]:
    """The floating tags of a service, by repository."""
    return {
        tag.repository: tag.tag
        for tag in _own_tags(listed, inventory)
        if (tag.repository, tag.tag) in floating.environments
    }


def _why_not(
    listed: ListedService,
    ours: Mapping[str, str],
    inventory: Inventory,
    floating: FloatingTags,
    shared: Mapping[str, str],
) -> str | None:
    """Why a service is not in the project; None if it is."""
    environments = sorted(set(ours.values()))
    if len(environments) > 1:
        return f"its tags are those of several environments: {', '.join(environments)}"
    if environments:
        refusal = unsupported(listed.service)
        return refusal and refusal.removeprefix(f"{listed.service.key} ")
    if not listed.images:
        return "its task definition could not be read, or has no containers"
    reasons = (_why_not_image(image, inventory, floating, shared) for image in listed.images)
    return "; ".join(dict.fromkeys(reasons))


def _why_not_image(
    image: str, inventory: Inventory, floating: FloatingTags, shared: Mapping[str, str]
) -> str:
    tag = EcrTag.parse(image)
    if tag is None:
        in_ecr = EcrAddress.parse(ImageName.parse(image).registry) is not None
        return f"{image}: {'a digest has no tag that moves' if in_ecr else 'not in ECR'}"
    if tag.account != inventory.account_id:
        return f"{tag}: in the registry of account {tag.account}, so of a project there"
    if tag.region != inventory.region_name:
        return f"{tag}: in the registry of {tag.region}: give --region-name for a project there"
    if tag.repository not in inventory.repositories:
        return f"{tag}: there is no such repository"
    if tag.repository in shared:
        return f"{tag}: services of several environments use this tag"
    return f"{tag}: {floating.rejected.get((tag.repository, tag.tag), 'left out by --repository')}"


def _projects(
    services: Sequence[PlacedService],
) -> tuple[list[PlacedService], list[list[PlacedService]]]:
    """The services of the largest project, and those of others.

    Services in one cluster, and services with the same images, belong together. So do groups whose environments
    are all among those of the largest group.
    """
    groups = sorted(_connected(services), key=lambda group: (-len(group), group[0].key))
    if not groups:
        return [], []
    environments = set(_environments(groups[0]))
    ours = [group for group in groups if set(_environments(group)) <= environments]
    return (
        sorted((service for group in ours for service in group), key=lambda service: service.key),
        [group for group in groups if group not in ours],
    )


def _connected(services: Sequence[PlacedService]) -> Iterable[list[PlacedService]]:
    """The services in groups, which are connected by a cluster, or by a repository that a service uses alone."""
    leaders: dict[object, object] = {}

    def leader(node: object) -> object:
        while (above := leaders.setdefault(node, node)) != node:
            leaders[node] = leaders[above]
            node = leaders[node]
        return node

    for service in services:
        for link in (("cluster", service.key.cluster), service.repositories):
            leaders[leader(link)] = leader(service.key)
    groups: defaultdict[object, list[PlacedService]] = defaultdict(list)
    for service in services:
        groups[leader(service.key)].append(service)
    return groups.values()


def _environments(services: Iterable[PlacedService]) -> list[str]:
    return sorted({service.environment for service in services})


def _without_sidecars(
    services: Sequence[PlacedService], used_elsewhere: set[str]
) -> tuple[list[PlacedService], list[str]]:
    """The services without images that other projects use too, unless one of the services has no other image."""
    counted = Counter(repository for service in services for repository in service.repositories)
    alone = {
        repository
        for service in services
        if len(service.repositories) == 1
        for repository in service.repositories
    }
    sidecars = sorted((used_elsewhere & counted.keys()) - alone)
    kept = [
        replace(service, repositories=service.repositories - set(sidecars) or service.repositories)
        for service in services
    ]
    still_used = {repository for service in kept for repository in service.repositories}
    return kept, [repository for repository in sidecars if repository not in still_used]
