"""Deploys a release to an environment.

observe → plan → (show, confirm) → claim → move tags → redeploy services → watch → settle.

Planning is pure and changes nothing. Claiming takes the environment's lock and records the whole intent before the first
change, on condition that the environment's record has not changed since it was observed. Otherwise the tool plans again, and
decides again whether images would go backwards. From
the claim on, whatever happens is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from weco_deploy.errors import Command, Declined, EnvironmentLocked, PlanRefused, StaleFence
from weco_deploy.model.deployment import Deployment, DeploymentStatus, reasons
from weco_deploy.model.direction import Backwards
from weco_deploy.model.events import Claimed, Event, Notice, Settling
from weco_deploy.model.plan import Plan, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.operations.carry_out import carry_out
from weco_deploy.operations.directions import with_directions
from weco_deploy.operations.gates import check, directions_gate, requirements_gate
from weco_deploy.operations.planned import planned_with_health
from weco_deploy.operations.rollback_on_failure import ROLLED_BACK_IF_WANTED, roll_back
from weco_deploy.operations.settle import settle
from weco_deploy.operations.wait_for_lock import notify_takeover, observed_when_free
from weco_deploy.pipeline.claim import claim
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.observe import observe, with_tags
from weco_deploy.ports import Ports
from weco_deploy.rules.backwards import overtaken_by, policy
from weco_deploy.rules.deployment_status import (
    outcomes_when_cut_off,
    status_when_cut_off,
    steps_when_cut_off,
)
from weco_deploy.rules.lock import blocking_lock, refused
from weco_deploy.rules.precedence import rollback_wanted
from weco_deploy.rules.tag_drift import with_observed_tags


class AlreadyNewer(Exception):
    """The environment has newer images than the run would bring, from a deployment that began since. So the run ends well.

    Args:
        plan: what the run would have done.
        newer: the deployment that brought them.

    """

    def __init__(self, plan: Plan, newer: Deployment) -> None:
        super().__init__(f"{plan.environment} is already newer")
        self.plan = plan
        self.newer = newer


PLANS = 3
"""How often the tool plans if the environment changes each time, unless it is asked to wait for the lock."""


def plan(request: DeployRequest, ports: Ports) -> Plan:
    """What `deploy` would do now; changes nothing. Gates that would stop it are in the plan.

    Raises PlanRefused with all reasons against it or, like `deploy`, GateClosed if there is no plan to show with a closed gate.
    """
    environment = ports.project.environment(request.environment_id)
    required = requirements_gate(environment, request, ports)
    try:
        release, observed = observe(environment, request.release, ports)
        planned = _plan(environment, replace(request, release=release), observed, ports)
    except PlanRefused:
        check(required)
        raise
    gates = (required, directions_gate(planned, environment, request, ports))
    planned = replace(planned, closed_gates=tuple(gate for gate in gates if gate is not None))
    lock = blocking_lock(observed.record, ports.clock.utc())
    if lock is None:
        return planned
    return replace(planned, warnings=(*planned.warnings, refused(environment.id, lock).message))


def deploy(
    request: DeployRequest,
    ports: Ports,
    approve: Callable[[Plan], bool],
    notify: Callable[[Event], None],
) -> Deployment:
    """Deploy and watch; the deployment's status is the verdict.

    Calls `approve` before anything changes, unless nothing would. Raises Declined if it returns False, PlanRefused,
    GateClosed, EnvironmentLocked, AlreadyNewer, or an AwsError from before the claim.
    """
    environment = ports.project.environment(request.environment_id)
    check(requirements_gate(environment, request, ports))
    patient_until = ports.clock.utc() + timedelta(seconds=request.wait_for_lock)
    approved: Plan | None = None
    overtaken = 0
    while overtaken < PLANS:
        release, observed = observed_when_free(environment, request, patient_until, ports, notify)
        planned = _plan(environment, replace(request, release=release), observed, ports)
        if gate := directions_gate(planned, environment, request, ports):
            if ports.store.environment(environment.id).fence != observed.record.fence:
                # Somebody moved the tags after the record was read.
                overtaken += ports.clock.utc() >= patient_until
                continue
            if newer := overtaken_by(planned.images, _latest(observed, ports), ports.began):
                raise AlreadyNewer(planned, newer)
            check(gate)
        if planned.changes and not _same(planned, approved):
            if not approve(planned):
                raise Declined("nothing was deployed: the answer was no")
            approved = planned
        settles = _cut_off(environment, observed, ports)
        with ports.interrupts.deferred():
            try:
                ledger = claim(planned, request, settles, ports)
            except (StaleFence, EnvironmentLocked):
                # Somebody was faster: planning again reports that, or waits until `patient_until`.
                if ports.clock.utc() >= patient_until:
                    overtaken += 1
                continue
            notify_takeover(observed.record, notify)
            if settles is not None:
                notify(Settling(settles))
            if approved is None:  # the plan was not shown
                for warning in planned.warnings:
                    notify(Notice(f"warning: {warning}"))
            notify(Claimed(ledger.deployment, planned))
            return _carry_out(planned, environment, request, ledger, ports, notify)
    raise EnvironmentLocked(
        f"{environment.id} was changed by others {PLANS} times while this deployment was planned",
        ("somebody else deploys to it: look with ", Command("show-deployments"), ", then run this again"),
    )


def _plan(environment: Environment, request: DeployRequest, observed: Snapshot, ports: Ports) -> Plan:
    # A rollback may go backwards, so it does not wait for a fetch.
    fetch = policy(environment, request) is not Backwards.ALLOW
    with_history = with_directions(observed, request.release, ports, fetch=fetch)
    return planned_with_health(environment, request, with_history, ports)


def _latest(observed: Snapshot, ports: Ports) -> tuple[Deployment, ...]:
    """The environment's latest deployments, the newest first, with the last one even if the listing still lacks it."""
    current = observed.record.current
    newest = ports.store.deployment(current.deployment_id) if current else None
    others = tuple(
        found for found in observed.history if newest is None or found.deployment_id != newest.deployment_id
    )
    return (newest, *others) if newest else others


def _same(planned: Plan, approved: Plan | None) -> bool:
    """Whether a second plan does what was approved, so that nobody needs to be asked again."""
    return approved is not None and planned == replace(
        approved, observed=planned.observed, warnings=planned.warnings, current=planned.current
    )


def _cut_off(environment: Environment, observed: Snapshot, ports: Ports) -> Deployment | None:
    """The environment's last deployment with its verdict, if its process died and never settled it.

    That process may have moved tags of images that this release lacks, without noting it. So those tags are read, too.
    """
    current = observed.record.current
    if current is None or current.status is not DeploymentStatus.IN_PROGRESS:
        return None
    deployment = ports.store.deployment(current.deployment_id)
    if deployment is None or deployment.finished:
        return None
    status = status_when_cut_off(deployment, ports.project, observed)
    if status is DeploymentStatus.SUCCEEDED:
        deployment = replace(deployment, services=outcomes_when_cut_off(deployment, observed))
    return replace(
        with_observed_tags(deployment, with_tags(observed, environment, deployment.images, ports)),
        status=status,
        steps=steps_when_cut_off(deployment.steps),
        date_finished=ports.clock.utc(),
        reason="its holder was gone: settled by what runs, when the next deployment began",
    )


def _carry_out(
    planned: Plan,
    environment: Environment,
    request: DeployRequest,
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Deployment:
    end = carry_out(planned, environment, request, ledger, ports, notify)
    if rollback_wanted(request, environment) and end.status in ROLLED_BACK_IF_WANTED and not end.lease_lost:
        if not end.innocent:
            return roll_back(ledger.deployment, environment, request, ledger, ports, notify)
        left = f"it was not rolled back, because {end.innocent}"
        ledger.verdict(end.status, ports.clock.utc(), reasons(end.reason, left))
    return settle(ledger, ports, notify)
