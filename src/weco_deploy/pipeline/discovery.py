"""Finds the ECS services of an environment by their tags.

The tagging API lists the whole environment in one call, and the environment's record has the services of the
last deployment. The index of the tagging API lags, so the services that it names are described. Services that
are still missing are searched for in the project's `clusters`, else in the clusters that are known by then, else
in all clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from weco_deploy.errors import AccessDenied
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import FoundService, Service, ServiceKey
from weco_deploy.pipeline import reads
from weco_deploy.ports import Calls, ServiceRuntime


@dataclass(frozen=True, slots=True)
class Discovered:
    """Services by service id (several if the tags are not unique), and notes on the search for the user.

    `searched` are the clusters (names or ARNs) that were listed because services were missing, `others` the services there
    that are none of the wanted ones.
    """

    services: Mapping[str, tuple[Service, ...]]
    searched: tuple[str, ...] = ()
    others: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()


def tagged(runtime: ServiceRuntime, environment: Environment) -> tuple[FoundService, ...] | AccessDenied:
    """The services that the tagging API knows. If access to it is denied, clusters can still be listed."""
    try:
        return runtime.tagged(environment.id)
    except AccessDenied as denied:
        return denied


def hinted(
    wanted: frozenset[str], index: tuple[FoundService, ...] | AccessDenied, record: EnvironmentRecord
) -> frozenset[ServiceKey]:
    """Where the services with the wanted ids most likely are."""
    tagged_services = () if isinstance(index, AccessDenied) else index
    indexed = {found.key for found in tagged_services if found.service_id in wanted}
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
    calls: Calls,
) -> Discovered:
    """The services of the environment with the wanted service ids."""
    notes: tuple[str, ...] = ()
    if isinstance(index, AccessDenied):
        notes = (f"services were found by listing clusters, which is slow: {index.message}",)
    described = reads.services(runtime, hinted(wanted, index, record), calls)
    found = _ours(described.values(), environment, wanted)
    missing = wanted - {service.service_id for service in found}
    clusters: tuple[str, ...] = ()
    if missing:
        clusters = project.clusters or tuple(sorted({service.key.cluster for service in found}))
        clusters = clusters or calls.answer(calls.begin(runtime.clusters))
        keys = _listed(runtime, clusters, calls) - {service.key for service in found}
        described |= reads.services(runtime, keys, calls)
        found = _ours(described.values(), environment, wanted)
    services: dict[str, tuple[Service, ...]] = {}
    for service in sorted(found, key=lambda service: service.key):
        if service.service_id is not None:
            services[service.service_id] = (*services.get(service.service_id, ()), service)
    ours = {service.key for service in found}
    others = tuple(
        service for service in described.values() if service.status == "ACTIVE" and service.key not in ours
    )
    return Discovered(services, clusters, others, notes)


def _listed(runtime: ServiceRuntime, clusters: Iterable[str], calls: Calls) -> set[ServiceKey]:
    answers = calls.read(partial(runtime.services_in, cluster) for cluster in clusters)
    return {key for answer in answers for key in answer}


def _ours(services: Iterable[Service], environment: Environment, wanted: frozenset[str]) -> list[Service]:
    return [
        service
        for service in services
        if service.status == "ACTIVE"
        and service.environment == environment.id
        and service.service_id in wanted
    ]
