"""Judges an earlier deployment by what runs now, and closes or corrects its record.

While the deployment's own process lives, nothing is written, because that process will settle the record. If the process died,
this one claims the deployment, judges it and settles it. A deployment that has a verdict is judged without claiming it. Only if
the result differs from the recorded verdict is it recorded, unless somebody has claimed the environment meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from weco_deploy.errors import Command, DeployError, EnvironmentLocked, Interrupted, NotFound, StaleFence
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus, reasons
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held
from weco_deploy.model.events import Claimed, Event, Notice, Waiting
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ConfirmRequest
from weco_deploy.operations.release import choose
from weco_deploy.operations.settle import settle
from weco_deploy.operations.wait_for_lock import notify_takeover
from weco_deploy.pipeline.ledger import Ledger, Nowhere
from weco_deploy.pipeline.observe import observe
from weco_deploy.pipeline.polling import Patience, poll_until_settled
from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Ports
from weco_deploy.rules import precedence
from weco_deploy.rules.deployment_status import (
    remark,
    replaces_verdict,
    status_by_steps,
    steps_when_cut_off,
    unsuccessful_steps,
    verdict,
)
from weco_deploy.rules.lock import CLOCK_GRACE, blocking_lock
from weco_deploy.rules.reassess import Reassessment, expected_digests, has_live_holder, reassess
from weco_deploy.rules.rollback import can_go_back_from
from weco_deploy.rules.superseded import superseded_by, superseding

REACH = 200
"""How many of the environment's newest deployments are searched for those that replaced one which is in none of the newest fifty."""
ATTEMPTS = 3
"""How often the deployment is judged if somebody else changes the environment each time."""


def confirm(request: ConfirmRequest, ports: Ports, notify: Callable[[Event], None]) -> Deployment:
    """Judge the environment's last deployment, or the last one of a release there. Watches rollouts that still go on.

    Returns the deployment with its status of now. Raises NotFound if there is no such deployment, and Interrupted if a signal
    came and there is nothing to record.
    """
    environment = ports.project.environment(request.environment_id)
    until = ports.clock.utc() + timedelta(seconds=request.wait)
    for _ in range(ATTEMPTS):
        found = _found(request, environment, until, ports, notify)
        left = max(0.0, (until - ports.clock.utc()).total_seconds())
        patience = Patience(wait=left, interval=request.interval)
        try:
            if request.recorded and _cut_off(found, ports):
                return _settle_claimed(found, patience, request, ports, notify)
            return _judge_unclaimed(found, patience, request, ports, notify)
        except StaleFence:
            continue  # somebody was faster
    raise EnvironmentLocked(
        f"{environment.id} was changed by others {ATTEMPTS} times while it was looked at",
        ("somebody deploys to it: look with ", Command("show-deployments"), ", then run this again"),
    )


def _settle_claimed(
    found: _Found, patience: Patience, request: ConfirmRequest, ports: Ports, notify: Callable[[Event], None]
) -> Deployment:
    """Claim a deployment whose process died, judge it and close its record. Raises StaleFence."""
    with ports.interrupts.deferred():
        steps = steps_when_cut_off(found.deployment.steps)
        ledger = _resumed(found, replace(found.deployment, steps=steps), request, ports)
        notify_takeover(found.record, notify)
        notify(Claimed(found.deployment))
        try:
            _judge(found, patience, ledger, ports, notify)
        except Interrupted as interrupted:
            ledger.verdict(DeploymentStatus.INTERRUPTED, ports.clock.utc(), interrupted.message)
        return settle(ledger, ports, notify, gone=found.reassessment.gone)


def _judge_unclaimed(
    found: _Found, patience: Patience, request: ConfirmRequest, ports: Ports, notify: Callable[[Event], None]
) -> Deployment:
    """Judge a deployment that its own process will settle, or that has its verdict. Raises StaleFence."""
    ledger = _unrecorded(found, request, ports)
    judged = _judge(found, patience, ledger, ports, notify)
    recorded = found.deployment.status
    with ports.interrupts.deferred():
        if request.recorded and _is_last(found) and judged.status is not recorded:
            if not replaces_verdict(recorded, judged.status):
                notify(Notice(_stays_recorded(found, ports)))
            else:
                ledger = _with_new_verdict(found, judged, ledger, request, ports, notify)
        return settle(ledger, ports, notify, gone=found.reassessment.gone)


def _with_new_verdict(
    found: _Found,
    judged: Deployment,
    unrecorded: Ledger,
    request: ConfirmRequest,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Ledger:
    """A ledger that records the new verdict; the unrecorded one if somebody else holds the environment."""
    recorded = found.deployment.status
    try:
        ledger = _resumed(found, judged, request, ports)
    except EnvironmentLocked as locked:
        notify(Notice(f"it stays recorded as {recorded}: {locked.message}"))
        return unrecorded
    notify(Claimed(found.deployment))
    was = f"it was recorded as {recorded} before"
    ledger.verdict(judged.status, _end(judged, ports), reasons(judged.reason, was))
    return ledger


def _stays_recorded(found: _Found, ports: Ports) -> str:
    """Why the record does not get what was found out."""
    deployment, lock = found.deployment, found.record.lock
    if has_live_holder(deployment, found.record, ports.clock.utc()) and lock is not None and lock.lease_ends:
        return (
            f"this is not recorded: the deployment still holds {found.environment.id}, and records its own verdict. If it was "
            f"killed, run this again after {lock.lease_ends + CLOCK_GRACE:%H:%M:%S}Z"
        )
    return f"this is not recorded: the record keeps the verdict of its time, {deployment.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A deployment with what is known of it now, and the record of its environment.

    `superseding` are later deployments that replaced its images, by image id.
    """

    environment: Environment
    record: EnvironmentRecord
    release: Release
    reassessment: Reassessment
    superseding: Mapping[str, Deployment]

    @property
    def deployment(self) -> Deployment:
        return self.reassessment.deployment


def _found(
    request: ConfirmRequest,
    environment: Environment,
    until: datetime,
    ports: Ports,
    notify: Callable[[Event], None],
) -> _Found:
    recorded = _once_all_redeployed(request, until, ports, notify)
    release = ports.store.release(recorded.release_id)
    if release is None:
        raise NotFound(
            f"release {recorded.release_id} of deployment {recorded.deployment_id} is not recorded any more"
        )
    release, observed = observe(environment, release, ports)
    possible = can_go_back_from(recorded, observed.record, observed.history)
    recorded = replace(recorded, can_roll_back=possible)
    later = _superseding(recorded, release, observed, ports)
    reassessment = reassess(
        recorded,
        release,
        ports.project,
        environment,
        observed,
        ports.clock.utc(),
        precedence.stable_for(request, environment),
        later,
    )
    return _Found(
        environment=environment,
        record=observed.record,
        release=release,
        reassessment=reassessment,
        superseding=later,
    )


def _superseding(
    recorded: Deployment, release: Release, observed: Snapshot, ports: Ports
) -> Mapping[str, Deployment]:
    """The later deployments to the environment that replaced images of this one, by image id."""
    record = observed.record
    if record.current is None or record.current.deployment_id == recorded.deployment_id:
        return {}
    others = observed.history
    if all(other.date_created > recorded.date_created for other in others):
        others = ports.store.deployments([recorded.environment], REACH)
    return superseding(recorded, expected_digests(recorded, release), others)


def _once_all_redeployed(
    request: ConfirmRequest, until: datetime, ports: Ports, notify: Callable[[Event], None]
) -> Deployment:
    """The deployment, once its living process has redeployed every service, or at `until`."""
    announced = False
    while True:
        deployment = _chosen(request, ports)
        now = ports.clock.utc()
        record = ports.store.environment(request.environment_id)
        pending = any(service.status is ServiceStatus.PENDING for service in deployment.services)
        if not pending or not has_live_holder(deployment, record, now) or now >= until:
            return deployment
        if not announced:
            notify(
                Waiting(
                    f"deployment {deployment.deployment_id} still begins: waiting for {deployment.requested_by}"
                )
            )
            announced = True
        ports.clock.wait(min(request.interval, (until - now).total_seconds()))


def _chosen(request: ConfirmRequest, ports: Ports) -> Deployment:
    release_id = choose(ports, request.release_id).release_id if request.release_id else None
    current = ports.store.environment(request.environment_id).current
    if current is not None and release_id in (None, current.release_id):
        deployment = ports.store.deployment(current.deployment_id)
        if deployment is not None:
            return deployment
    found = ports.store.deployments([request.environment_id], 1, release_id)
    if not found:
        what = f"release {release_id} was never" if release_id else "nothing was"
        raise NotFound(
            f"{what} deployed to {request.environment_id}{'' if release_id else ' yet'}",
            ("look with: ", Command("show-deployments", "--environment-id", request.environment_id)),
        )
    return found[0]


def _is_last(found: _Found) -> bool:
    current = found.record.current
    return current is not None and current.deployment_id == found.deployment.deployment_id


def _cut_off(found: _Found, ports: Ports) -> bool:
    """Whether no process will close the deployment's record."""
    free = blocking_lock(found.record, ports.clock.utc()) is None
    return _is_last(found) and free and not found.deployment.finished


def _resumed(found: _Found, as_judged: Deployment, request: ConfirmRequest, ports: Ports) -> Ledger:
    """Take the lock for the deployment as it was found; the ledger has it as it was judged."""
    held = ports.store.resume(
        Claim(
            deployment=found.deployment,
            observed=found.record,
            owner=ports.new_id(),
            lease_seconds=request.lease,
            release=found.release,
        )
    )
    return Ledger(as_judged, held, request.lease, ports.store, ports.clock)


def _unrecorded(found: _Found, request: ConfirmRequest, ports: Ports) -> Ledger:
    """A ledger without a record."""
    forever = ports.clock.utc() + timedelta(seconds=request.wait + request.lease)
    held = Held(environment=found.environment.id, owner="", fence=found.record.fence, lease_ends=forever)
    return Ledger(found.deployment, held, request.lease, Nowhere(), ports.clock)


def _judge(
    found: _Found, patience: Patience, ledger: Ledger, ports: Ports, notify: Callable[[Event], None]
) -> Deployment:
    """Watch the rollouts that still go on, and give the verdict."""
    reason = ""
    try:
        watched = Watched(found.environment, patience.interval, ledger, ledger.holding(ports), notify)
        watched.add(found.reassessment.tracks)
        polled = poll_until_settled(watched, patience, ports.clock)
        for outcome in ledger.deployment.services:
            if (
                outcome.status is ServiceStatus.SUCCEEDED
                and outcome.service_id in found.reassessment.unchanged
            ):
                ledger.service(replace(outcome, status=ServiceStatus.UNCHANGED))
        status = verdict(ledger.deployment.services)
        reason = reasons(polled.reason, remark(ledger.deployment.services, ledger.deployment.steps))
        if found.reassessment.drifted_tags and status is DeploymentStatus.SUCCEEDED:
            status = DeploymentStatus.FAILED
            images = ", ".join(found.reassessment.drifted_tags)
            tags = " and ".join(
                ports.project.floating_tags(found.environment, found.reassessment.drifted_tags)
            )
            reason = f"the {tags} tag of {images} does not point at what was deployed"
        if unsuccessful_steps(ledger.deployment) and status is DeploymentStatus.SUCCEEDED:
            record = ports.store.environment(found.environment.id)
            goes_on = has_live_holder(found.deployment, record, ports.clock.utc())
            status, reason = status_by_steps(ledger.deployment, goes_on=goes_on)
    except Interrupted:
        raise  # the caller knows whether there is anything to record
    except DeployError as error:
        status, reason = DeploymentStatus.FAILED, error.message
    bad = {outcome.service_id for outcome in ledger.deployment.bad_services}
    if bad <= found.reassessment.gone:
        # A rollback would not bring back what somebody else took away.
        ledger.deployment = replace(ledger.deployment, can_roll_back=False)
    if status is DeploymentStatus.FAILED and found.superseding:
        later = min(found.superseding.values(), key=lambda deployment: deployment.date_created)
        reason = reasons(f"it no longer runs: {superseded_by(later)}", reason)
    if status is DeploymentStatus.FAILED and found.deployment.status is DeploymentStatus.ROLLED_BACK:
        status = DeploymentStatus.ROLLED_BACK
    return ledger.verdict(status, _end(found.deployment, ports), reason)


def _end(deployment: Deployment, ports: Ports) -> datetime:
    """When the deployment ended: its own end, or now if it is only closed now."""
    return deployment.date_finished or ports.clock.utc()
