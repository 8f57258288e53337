"""Makes one poll: services, their tasks, and ECS's own verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from weco_deploy.model.service import ServiceDeployment, ServiceKey, ServiceView
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import Calls, ServiceRuntime
from weco_deploy.rules.rollout import rolling
from weco_deploy.rules.rollout.track import Track

VERDICTS = "ECS's own verdict on its deployments"


def poll(
    moving: Iterable[Track], runtime: ServiceRuntime, calls: Calls, optional: OptionalReads
) -> dict[ServiceKey, ServiceView]:
    """The services as ECS describes them now, with what else can tell more about them (`rolling.reads`)."""
    tracked = {track.service.key: track for track in moving}
    services = reads.services(runtime, tracked, calls)
    wanted = {key: rolling.reads(tracked[key], service) for key, service in services.items()}
    unknown: dict[ServiceKey, ServiceDeployment] = {}
    verdicts = optional.read(
        VERDICTS, partial(reads.service_deployments, runtime, services.values(), calls), unknown
    )
    running = reads.running_tasks(
        runtime, [services[key] for key, read in wanted.items() if read.tasks], calls
    )
    stopped = reads.stopped_tasks(runtime, [key for key, read in wanted.items() if read.stopped], calls)
    return {
        key: ServiceView(
            service=service,
            tasks=running.get(key),
            stopped=stopped.get(key),
            service_deployment=verdicts.get(key),
        )
        for key, service in services.items()
    }
