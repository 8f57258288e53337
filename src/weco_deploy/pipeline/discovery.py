"""Finds the ECS services of an environment: by the names in the project file, others by their tags.

Services with a name are described directly, and nothing is listed for them. The others are looked up with the tagging API, twenty
ids a call, so that other services in the account cost nothing. The environment's record has the services of the last deployment. The index of the tagging API lags, so the services that it names are described. Services that
are still missing are searched for in the project's `clusters`, else in the clusters that are known by then, else
in all clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from weco_deploy.errors import AccessDenied
from weco_deploy.model.arn import resource_name
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.service import FoundService, Service, ServiceKey
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.batches import batches_of
from weco_deploy.ports import TAG_VALUES_A_CALL, Calls, ServiceRuntime

Index = tuple[FoundService, ...] | AccessDenied
"""The services that the tagging API knows, or why it tells none."""


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


def begin_index(
    runtime: ServiceRuntime, environment: Environment, service_ids: Iterable[str], calls: Calls
) -> tuple[Future[Index], ...]:
    """Begin to look up the services with these ids that the tagging API knows."""
    batches = batches_of(sorted(service_ids), TAG_VALUES_A_CALL)
    return tuple(calls.begin(partial(_indexed, runtime, environment, batch)) for batch in batches)


def answered_index(begun: Iterable[Future[Index]], calls: Calls) -> Index:
    """The services that were looked up. If access to the tagging API is denied, clusters can still be listed."""
    found: tuple[FoundService, ...] = ()
    for answer in calls.answers(begun):
        if isinstance(answer, AccessDenied):
            return answer
        found += answer
    return found


def _indexed(runtime: ServiceRuntime, environment: Environment, service_ids: Sequence[str]) -> Index:
    try:
        return runtime.tagged(environment.id, service_ids)
    except AccessDenied as denied:
        return denied


def named(
    project: Project, environment: Environment, wanted: frozenset[str], record: EnvironmentRecord
) -> dict[str, ServiceKey]:
    """The wanted services that the project file names, by service id.

    Their clusters are ARNs where the record knows them, so that they share calls with services that were found by tags.
    """
    arns = {resource_name(known.key.cluster): known.key.cluster for known in record.services.values()}
    return {
        service_id: ServiceKey(arns.get(resource_name(key.cluster), key.cluster), key.name)
        for service_id, key in project.named_services(environment).items()
        if service_id in wanted
    }


def hinted(
    wanted: frozenset[str],
    names: Mapping[str, ServiceKey],
    index: Index,
    record: EnvironmentRecord,
) -> frozenset[ServiceKey]:
    """Where the services with the wanted ids most likely are; `names` are those that the project file names."""
    by_tags = wanted - names.keys()
    tagged_services = () if isinstance(index, AccessDenied) else index
    indexed = {found.key for found in tagged_services if found.service_id in by_tags}
    known = {known.key for service_id, known in record.services.items() if service_id in by_tags}
    return frozenset(indexed | known | set(names.values()))


def discover(
    project: Project,
    environment: Environment,
    wanted: frozenset[str],
    index: Index,
    record: EnvironmentRecord,
    runtime: ServiceRuntime,
    calls: Calls,
) -> Discovered:
    """The services of the environment with the wanted service ids."""
    notes: tuple[str, ...] = ()
    if isinstance(index, AccessDenied):
        notes = (f"services were found by listing clusters, which is slow: {index.message}",)
    names = named(project, environment, wanted, record)
    by_tags = wanted - names.keys()
    described = reads.services(runtime, hinted(wanted, names, index, record), calls)
    found = _ours(described.values(), environment, by_tags)
    missing = by_tags - {service.service_id for service in found}
    clusters: tuple[str, ...] = ()
    if missing:
        clusters = project.clusters or tuple(sorted({service.key.cluster for service in found}))
        clusters = clusters or calls.answer(calls.begin(runtime.clusters))
        keys = _listed(runtime, clusters, calls) - {service.key for service in found}
        described |= reads.services(runtime, keys, calls)
        found = _ours(described.values(), environment, by_tags)
    services: dict[str, tuple[Service, ...]] = {}
    for service in sorted(found, key=lambda service: service.key):
        if service.service_id is not None:
            services[service.service_id] = (*services.get(service.service_id, ()), service)
    by_name = _with_names(described.values(), names)
    services |= {service_id: (service,) for service_id, service in by_name.items()}
    ours = {service.key for service in (*found, *by_name.values())}
    others = tuple(
        service for service in described.values() if service.status == "ACTIVE" and service.key not in ours
    )
    return Discovered(services, clusters, others, notes)


def _listed(runtime: ServiceRuntime, clusters: Iterable[str], calls: Calls) -> set[ServiceKey]:
    answers = calls.read(partial(runtime.services_in, cluster) for cluster in clusters)
    return {key for answer in answers for key in answer}


def _with_names(services: Iterable[Service], names: Mapping[str, ServiceKey]) -> dict[str, Service]:
    """The services with these names, by service id. ECS answers the ARN of a cluster that is asked for by its name."""
    active = {_by_cluster_name(service.key): service for service in services if service.status == "ACTIVE"}
    return {
        service_id: active[_by_cluster_name(key)]
        for service_id, key in names.items()
        if _by_cluster_name(key) in active
    }


def _by_cluster_name(key: ServiceKey) -> tuple[str, str]:
    return key.cluster_name, key.name


def _ours(services: Iterable[Service], environment: Environment, wanted: frozenset[str]) -> list[Service]:
    return [
        service
        for service in services
        if service.status == "ACTIVE"
        and service.environment == environment.id
        and service.service_id in wanted
    ]
