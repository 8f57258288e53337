"""Reads the services of an environment, with their running tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from weco_deploy.model.arn import Arn
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.service import ServiceView
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.discovery import Discovered, Index, begin_index, discover, hinted, named
from weco_deploy.ports import Ports
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.identity import belongs

ServiceViews = Mapping[str, tuple[ServiceView, ...]]
"""By service id; several views if several services have the same tags."""


def begin_service_index(
    images: Iterable[Image], environment: Environment, ports: Ports
) -> tuple[Future[Index], ...]:
    """Begin to look up the services of these images that the project file does not name."""
    project = ports.project
    of_images = {service_id for image in images for service_id in image.services}
    by_tags = of_images - project.services_of_others - project.addresses.keys()
    return begin_index(ports.runtime(environment), environment, by_tags, ports.calls)


def observed_services(
    images: Iterable[Image],
    environment: Environment,
    index: Index,
    record: EnvironmentRecord,
    ports: Ports,
) -> tuple[Discovered, ServiceViews]:
    """The services of these images as they were discovered, and the same services with their running tasks."""
    runtime = ports.runtime(environment)
    of_images = frozenset(service_id for image in images for service_id in image.services)
    wanted = of_images - ports.project.services_of_others
    names = named(ports.project, environment, wanted, record)
    hints = hinted(wanted, names, index, record)
    listing = reads.begin_listing(runtime, (key for key in hints if Arn.parse(key.cluster)), ports.calls)
    found = discover(ports.project, environment, wanted, index, record, runtime, ports.calls)
    services = [service for same_tags in found.services.values() for service in same_tags]
    busy = [service for service in services if service.running or service.pending]
    listed = reads.running_tasks(runtime, busy, ports.calls, listing)
    tasks = Definitions(runtime).with_images(listed, ports.calls)
    views = {
        service_id: tuple(
            ServiceView(service=service, tasks=tasks.get(service.key, ())) for service in same_tags
        )
        for service_id, same_tags in found.services.items()
    }
    return found, views


def tells_digests(view: ServiceView) -> bool:
    """Whether a running task of the primary deployment tells a digest."""
    primary = view.service.primary
    return primary is not None and any(
        container.digest
        for task in running_tasks(view)
        if belongs(task, primary)
        for container in task.containers
    )
