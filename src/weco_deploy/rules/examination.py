"""Examines the services of an environment: which can be deployed, what each of them needs, and which are missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from weco_deploy.model.expected import Expected
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.model.plan import PlannedService, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.rules.near_misses import not_found, tags_of, uses_another_registry, uses_other_images
from weco_deploy.rules.rollout.strategies import INSTEAD, unsupported
from weco_deploy.rules.running import images_of
from weco_deploy.rules.service_action import planned_service


@dataclass(frozen=True, slots=True)
class Missing:
    """A service that was not found, or that uses none of its images or one from another registry: why it counts as missing.

    `images` are the ids of the images that it lacks.
    """

    reason: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """The planned services, and the reasons against those that can't be deployed.

    `missing` are the services that were not found, that use none of their images, or that use one from another registry, by
    service id. The last ones are planned, too, if they use others of their images. `unused` are the images that planned services do
    not use, although the project file says so.
    """

    services: tuple[PlannedService, ...]
    refusals: tuple[str, ...]
    missing: Mapping[str, Missing]
    unused: tuple[LeftOut, ...]


def examine(
    project: Project,
    environment: Environment,
    expected: Mapping[str, Expected],
    observed: Snapshot,
    stable_for: float,
) -> Examined:
    """What each service needs to run the expected images (by image id). Services without such images are skipped.

    `stable_for` is for how many seconds the tasks of a service must have been running before it is left alone.
    """
    services: list[PlannedService] = []
    refusals: list[str] = []
    missing: dict[str, Missing] = {}
    unused: list[LeftOut] = []
    named, groups = project.named_services(environment), project.deployment_groups(environment)
    for service_id, image_ids in project.services.items():
        images = tuple(expected[image_id] for image_id in image_ids if image_id in expected)
        views = observed.services.get(service_id, ())
        if not images or service_id in project.services_of_others:
            continue
        if not views:
            reason = not_found(service_id, named.get(service_id), environment.id, images, observed)
            missing[service_id] = Missing(reason, _ids(images))
        elif len(views) > 1:
            tags, names = (
                tags_of(service_id, environment.id),
                ", ".join(str(view.service.key) for view in views),
            )
            refusals.append(f"{service_id}: more than one ECS service is tagged {tags}: {names}")
        elif refusal := unsupported(
            views[0].service, groups.get(service_id), observed.groups.get(service_id)
        ):
            refusals.append(f"{service_id}: {refusal}: {INSTEAD}")
        else:
            view = views[0]
            defined = images_of(view, observed.defined.get(view.service.key, ()))
            used = tuple(image for image in images if not defined or any(map(image.concerns, defined)))
            others = tuple(image for image in images if image not in used)
            elsewhere = tuple(image for image in others if any(map(image.is_elsewhere, defined)))
            if used:
                services.append(
                    planned_service(
                        service_id, used, view, observed, stable_for, group=groups.get(service_id)
                    )
                )
                unused += [_unused(service_id, view, image) for image in others if image not in elsewhere]
            if elsewhere:
                reason = uses_another_registry(service_id, str(view.service.key), defined, elsewhere)
                missing[service_id] = Missing(reason, _ids(elsewhere if used else images))
            elif not used:
                reason = uses_other_images(service_id, str(view.service.key), defined, images)
                missing[service_id] = Missing(reason, _ids(images))
    refusals += _shared(services)
    return Examined(tuple(services), tuple(refusals), missing, tuple(unused))


def _shared(services: Iterable[PlannedService]) -> Iterator[str]:
    """A refusal for each service that is the same ECS service as another one: by its name and by the other's tags."""
    first_with_key: dict[ServiceKey, str] = {}
    for service in services:
        first = first_with_key.setdefault(service.key, service.service_id)
        if first != service.service_id:
            yield f"{service.service_id}: {service.key} is also the service {first}: correct its name or tags"


def _ids(images: Iterable[Expected]) -> tuple[str, ...]:
    return tuple(image.image_id for image in images)


def _unused(service_id: str, view: ServiceView, image: Expected) -> LeftOut:
    return LeftOut(
        id=service_id,
        images=(image.image_id,),
        why=Allowance.UNUSED,
        reason=f"{service_id}: none of the containers of {view.service.key} uses {image.image}, so that image is not verified",
    )
