"""Reads how the services of environments are set up, each environment in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.arn import resource_name
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.service import NearbyService
from weco_deploy.model.setup import ServicesSetup
from weco_deploy.pipeline import reads
from weco_deploy.pipeline.attempts import attempt, begin_attempt
from weco_deploy.pipeline.deployment_groups import begin_groups
from weco_deploy.pipeline.discovery import answered_index
from weco_deploy.pipeline.environment_services import begin_service_index, observed_services
from weco_deploy.pipeline.nearby import nearby_services
from weco_deploy.ports import Calls, Done, Failed, Ports
from weco_deploy.rules.digests import running_tasks


def read_services(
    ports: Ports, records: Mapping[Environment, Future[Answer[EnvironmentRecord]]]
) -> Mapping[Environment, Answer[ServicesSetup]]:
    """The services of each environment, or the error that kept them from being read. `records` are begun already."""
    outcomes = ports.calls.side_by_side(
        [partial(_read, environment, record, ports) for environment, record in records.items()]
    )
    found: dict[Environment, Answer[ServicesSetup]] = {}
    for environment, outcome in zip(records, outcomes, strict=True):
        match outcome:
            case Done(setup):
                found[environment] = setup
            case Failed(error):
                found[environment] = error
    return found


def _read(
    environment: Environment, begun_record: Future[Answer[EnvironmentRecord]], ports: Ports, calls: Calls
) -> ServicesSetup:
    ports = replace(ports, calls=calls)
    project, runtime = ports.project, ports.runtime(environment)
    index = answered_index(begin_service_index(project.images, environment, ports), calls)
    record = calls.answer(begun_record)
    if isinstance(record, DeployError):
        raise record
    found, services = observed_services(project.images, environment, index, record, ports)
    views = [view for same_tags in services.values() for view in same_tags]
    names = {view.service.task_definition for view in views} - {""}
    groups = begin_groups(services, environment, ports)
    begun = {name: begin_attempt(calls, partial(runtime.defined, name)) for name in sorted(names)}
    tasks = {view.service.key: [task.arn for task in running_tasks(view)] for view in views}
    protected = attempt(lambda: reads.protections(runtime, tasks, calls))
    definitions = dict(zip(begun, calls.answers(begun.values()), strict=True))
    needed = project.services.keys() - project.optional_services - project.services_of_others
    nearby: tuple[NearbyService, ...] = ()
    if needed - services.keys():
        nearby = nearby_services(project, environment, found, runtime, calls)
    defined = {
        view.service.key: containers
        for view in views
        if isinstance(containers := definitions.get(view.service.task_definition), tuple)
    }
    return ServicesSetup(
        environment=environment,
        observed=Snapshot(
            record=record,
            images={},
            repositories={},
            services=services,
            defined=defined,
            groups={service_id: calls.answer(settings) for service_id, settings in groups.items()},
            searched=tuple(resource_name(cluster) for cluster in found.searched),
            nearby=nearby,
            notes=found.notes,
        ),
        unread={name: answer for name, answer in definitions.items() if isinstance(answer, DeployError)},
        protected=protected,
    )
