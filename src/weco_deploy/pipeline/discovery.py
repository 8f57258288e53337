"""Finds the ECS services of an environment by their tags.

The tagging API answers for the whole environment in one call, and the environment's record knows the
services of the last deployment. Its index lags, so what it says is confirmed by describing the services.
Pairs that are still missing are looked for the strict way: in the project's `clusters`, else in the
clusters already seen, else in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from weco_deploy.errors import AccessDenied
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import FoundService, Service, ServiceKey
from weco_deploy.pipeline import concurrent_calls, reads
from weco_deploy.pipeline.concurrent_calls import Turn
from weco_deploy.ports import ServiceRuntime


@dataclass(frozen=True, slots=True)
class Discovered:
    """Services by service id (several where the tags are not unique), and what to tell about the search."""

    services: Mapping[str, tuple[Service, ...]]
    notes: tuple[str, ...] = ()


def tagged(runtime: ServiceRuntime, environment: Environment) -> tuple[FoundService, ...] | AccessDenied:
    """What the tagging API knows; being denied it is no reason to give up: there is the strict way."""
    try:
        return runtime.tagged(environment.id)
    except AccessDenied as denied:
        return denied


def hinted(
    wanted: frozenset[str], index: tuple[FoundService, ...] | AccessDenied, record: EnvironmentRecord
) -> frozenset[ServiceKey]:
    """Where the services with the wanted ids most likely are."""
    told = () if isinstance(index, AccessDenied) else index
    indexed = {found.key for found in told if found.service_id in wanted}
    return frozenset(
        indexed | {known.key for service_id, known in record.services.items() if service_id in wanted}
    )


def discover(
    project: Project,
    environment: Environment,
    wanted: frozenset[str],
    index: tuple[FoundService, ...] | AccessDenied,
    record: EnvironmentRecord,
    runtime: ServiceRuntime,
    turn: Turn = concurrent_calls.no_turn,
) -> Discovered:
    """The services of the environment with the wanted service ids."""
    notes: tuple[str, ...] = ()
    if isinstance(index, AccessDenied):
        notes = (f"services were found by listing clusters, which is slow: {index.message}",)
    seen = _ours(reads.services(runtime, hinted(wanted, index, record), turn).values(), environment, wanted)
    missing = wanted - {service.service_id for service in seen}
    if missing:
        clusters = project.clusters or tuple(sorted({service.key.cluster for service in seen}))
        clusters = clusters or concurrent_calls.answer(concurrent_calls.begin(runtime.clusters), turn)
        keys = _listed(runtime, clusters, turn) - {service.key for service in seen}
        more = reads.services(runtime, keys, turn).values()
        seen += _ours(more, environment, frozenset(missing))
    services: dict[str, tuple[Service, ...]] = {}
    for service in sorted(seen, key=lambda one: one.key):
        if service.service_id is not None:
            services[service.service_id] = (*services.get(service.service_id, ()), service)
    return Discovered(services, notes)


def _listed(runtime: ServiceRuntime, clusters: Iterable[str], turn: Turn) -> set[ServiceKey]:
    answers = concurrent_calls.read([partial(runtime.services_in, cluster) for cluster in clusters], turn)
    return {key for answer in answers for key in answer}


def _ours(services: Iterable[Service], environment: Environment, wanted: frozenset[str]) -> list[Service]:
    return [
        service
        for service in services
        if service.status == "ACTIVE"
        and service.environment == environment.id
        and service.service_id in wanted
    ]
