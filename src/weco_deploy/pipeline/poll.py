"""Makes one poll: services, their tasks, and ECS's own verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

from weco_deploy.model.service import ServiceDeployment, ServiceKey, ServiceView
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.health_reads import health_checked, targets
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import Calls, ServiceRuntime
from weco_deploy.rules.rollout import rolling
from weco_deploy.rules.rollout.old_tasks import tasks_to_ask_about
from weco_deploy.rules.rollout.track import Track

VERDICTS = "ECS's own verdict on its deployments"
PROTECTIONS = "which old tasks are protected from scale-in"


def poll(
    moving: Iterable[Track],
    runtime: ServiceRuntime,
    definitions: Definitions,
    optional: OptionalReads,
    calls: Calls,
) -> dict[ServiceKey, ServiceView]:
    """The services as ECS describes them now, with what else can tell more about them (`rolling.reads`)."""
    tracked = {track.service.key: track for track in moving}
    services = reads.services(runtime, tracked, calls)
    wanted = {key: rolling.reads(tracked[key], service) for key, service in services.items()}
    unknown: dict[ServiceKey, ServiceDeployment] = {}
    verdicts = optional.read(
        VERDICTS, partial(reads.service_deployments, runtime, services.values(), calls), unknown
    )
    busy = [services[key] for key, read in wanted.items() if read.tasks]
    running = definitions.with_images(reads.running_tasks(runtime, busy, calls), calls)
    stopped = reads.stopped_tasks(runtime, [key for key, read in wanted.items() if read.stopped], calls)
    revised = [
        key
        for key, read in wanted.items()
        if read.revision
        or rolling.lacks_digests(tracked[key], ServiceView(service=services[key], tasks=running.get(key)))
    ]
    images = calls.read(partial(runtime.resolved, services[key]) for key in revised)
    resolved = dict(zip(revised, images, strict=True))
    defined = definitions.read((name for read in wanted.values() for name in read.definitions), calls)
    views = {
        key: ServiceView(
            service=service,
            tasks=running.get(key),
            stopped=stopped.get(key),
            resolved=resolved.get(key),
            service_deployment=verdicts.get(key),
            defined={name: defined[name] for name in wanted[key].definitions if name in defined},
        )
        for key, service in services.items()
    }
    unchecked = [view for key, view in views.items() if rolling.needs_health(tracked[key], view)]
    checked = health_checked(unchecked, definitions, optional, calls)
    found = targets(unchecked, runtime, optional, calls)
    not_told_to_stop = {key: tasks_to_ask_about(tracked[key], view) for key, view in views.items()}
    nothing: dict[str, datetime | None] = {}
    protected = optional.read(
        PROTECTIONS, partial(reads.protections, runtime, not_told_to_stop, calls), nothing
    )
    return {
        key: replace(view, health_checked=checked, targets=found, protected=protected)
        for key, view in views.items()
    }
