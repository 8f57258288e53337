"""Runs the checks of an environment again, and records their results in its last deployment.

The deployment's status stays as it is: `confirm-deploy` judges again, by what runs and by the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weco_deploy.errors import Command, DeployError, EnvironmentLocked, NotFound, PlanRefused, StaleFence
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held
from weco_deploy.model.events import Event, Notice
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import VerifyRequest
from weco_deploy.model.rollout_check import CHECKS, PlannedCheck
from weco_deploy.model.steps import StepOutcome
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.rollouts import Rollouts
from weco_deploy.pipeline.step import StepContext
from weco_deploy.pipeline.steps.run_check import RunCheck
from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Ports
from weco_deploy.rules.lock import blocking_lock, refused
from weco_deploy.rules.rollout_checks import deployed, plan_checks


def verify(request: VerifyRequest, ports: Ports, notify: Callable[[Event], None]) -> Deployment:
    """Run all checks of the environment, one after the other, and return its last deployment with their results.

    A check that fails does not keep the others from running. Raises NotFound if there are no checks, or nothing was deployed yet,
    and EnvironmentLocked while somebody deploys.
    """
    environment = ports.project.environment(request.environment_id)
    if not environment.checks:
        raise NotFound(
            f"{environment.id} has no checks", "list them in the project file, as docs/steps.md says"
        )
    record = ports.store.environment(environment.id)
    if lock := blocking_lock(record, ports.clock.utc()):
        raise refused(environment.id, lock)
    found = _last_deployment(environment, record, ports)
    planned = _planned(environment, found, record, ports)
    with ports.interrupts.deferred():
        held = _hold(found, record, request, ports)
        ledger = Ledger(_with_pending(found, planned), held, request.lease, ports.store, ports.clock)
        context = _context(environment, ledger, ports, notify)
        try:
            for check in planned:
                RunCheck(check).run(context)
        finally:
            _record(ledger, notify)
    return ledger.deployment


def _context(
    environment: Environment, ledger: Ledger, ports: Ports, notify: Callable[[Event], None]
) -> StepContext:
    """The context of steps that watch no rollouts."""
    watched = Watched(environment, 0.0, ledger, ports, notify)
    rollouts = Rollouts(environment, 0.0, watched, ledger, ports.clock)
    return StepContext(environment=environment, ledger=ledger, ports=ports, notify=notify, rollouts=rollouts)


def _last_deployment(environment: Environment, record: EnvironmentRecord, ports: Ports) -> Deployment:
    found = ports.store.deployment(record.current.deployment_id) if record.current else None
    if found is None:
        raise NotFound(f"nothing was deployed to {environment.id} yet")
    if not found.finished:
        raise EnvironmentLocked(
            f"deployment {found.deployment_id} was cut off, so it has no verdict yet",
            ("settle it with: ", Command("confirm-deploy", "--environment-id", environment.id)),
        )
    return found


def _planned(
    environment: Environment, found: Deployment, record: EnvironmentRecord, ports: Ports
) -> tuple[PlannedCheck, ...]:
    about = deployed(ports.project, environment, found.release_id, (), record)
    planned, refusals = plan_checks(environment.checks, about)
    if refusals:
        raise PlanRefused(f"the checks of {environment.id} can't run:", refusals)
    return planned


def _with_pending(found: Deployment, planned: tuple[PlannedCheck, ...]) -> Deployment:
    """The deployment with its other steps, and with these checks as if they had not run yet."""
    others = tuple(step for step in found.steps if step.kind != CHECKS)
    checks = (StepOutcome(id=check.id, kind=CHECKS, advisory=check.check.advisory) for check in planned)
    return replace(found, steps=(*others, *checks))


def _hold(found: Deployment, record: EnvironmentRecord, request: VerifyRequest, ports: Ports) -> Held:
    release = ports.store.release(found.release_id)
    if release is None:
        raise NotFound(f"release {found.release_id} is not recorded any more")
    try:
        return ports.store.resume(
            Claim(
                deployment=found,
                observed=record,
                owner=ports.new_id(),
                lease_seconds=request.lease,
                release=release,
            )
        )
    except StaleFence as stale:
        raise EnvironmentLocked(
            f"{found.environment} was changed meanwhile", "run the same command again"
        ) from stale


def _record(ledger: Ledger, notify: Callable[[Event], None]) -> None:
    try:
        ledger.settle()
    except DeployError as error:
        notify(Notice(f"the results could not be recorded: {error.message}"))
        raise
