"""Carries out a claimed plan: the steps, one after the other, and what their failure means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import DeploymentStatus, reasons
from weco_deploy.model.events import Event, StepFinished
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Plan, PlannedService
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.steps import StepStatus
from weco_deploy.operations.undo_interrupted import undo_interrupted
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.polling import Patience
from weco_deploy.pipeline.rollouts import Rollouts
from weco_deploy.pipeline.step import Step, StepContext
from weco_deploy.pipeline.steps.await_replicas import AwaitReplicas
from weco_deploy.pipeline.steps.move_tags import MoveTags
from weco_deploy.pipeline.steps.redeploy import Redeploy
from weco_deploy.pipeline.steps.roll_back_in_ecs import RollBackInEcs
from weco_deploy.pipeline.steps.run_check import RunCheck
from weco_deploy.pipeline.steps.run_task import RunTask
from weco_deploy.pipeline.steps.watch import Watch
from weco_deploy.pipeline.steps.wave import BeginWave, EndWave
from weco_deploy.pipeline.update_service import redeploy_instead
from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Ports
from weco_deploy.rules import precedence
from weco_deploy.rules.deployment_status import remark, verdict
from weco_deploy.rules.step_failure import Ending, StepFailure, ending
from weco_deploy.rules.waves import cut_short, ended, not_started


def steps_of(plan: Plan, request: DeployRequest) -> tuple[Step, ...]:
    """The steps that carry out the plan, in their order."""
    patience = Patience(wait=request.wait, interval=request.interval)
    early = plan.moves_for_tasks
    tasks = tuple(task for task in plan.tasks if task.waits or task.said_done)
    replicas = tuple(dict.fromkeys(replica for task in tasks for replica in task.replicas))
    return (
        *((MoveTags(early), AwaitReplicas(replicas, patience)) if tasks else ()),
        *(RunTask(task, patience) for task in tasks),
        MoveTags(tuple(image for image in plan.moves if image not in early)),
        AwaitReplicas(plan.replicas, patience),
        *_wave_steps(plan, patience),
        *map(RunCheck, plan.checks),
    )


def _wave_steps(plan: Plan, patience: Patience) -> Iterator[Step]:
    """The steps of each wave. What is true of the last wave is true of the only one.

    A rollback goes on with the next wave whatever became of one. It gives each wave but the last a part of the waiting time, so
    that a slow one does not hold it up; then that one is watched together with the next.
    """
    waves = plan.waves
    backwards = plan.kind is Kind.ROLLBACK and len(waves) > 1
    in_part = replace(patience, wait=patience.wait / max(1, sum(wave.changes for wave in waves)))
    earlier: tuple[PlannedService, ...] = ()
    for wave in waves:
        recorded = len(waves) > 1 and wave.changes
        goes_on = backwards and wave is not waves[-1]
        if recorded:
            yield BeginWave(wave)
        yield RollBackInEcs(wave.services)
        yield Redeploy(wave, goes_on=backwards)
        yield Watch(wave, in_part if goes_on else patience, earlier=earlier, goes_on=goes_on)
        if recorded:
            yield EndWave(wave)
        earlier += wave.services


def carry_out(
    planned: Plan,
    environment: Environment,
    request: DeployRequest,
    ledger: Ledger,
    ports: Ports,
    notify: Callable[[Event], None],
) -> Ending:
    """Run the steps up to the first that fails, and undo them if that is what the failure means.

    Whatever happens, the ledger has the deployment with its verdict afterwards. Its record is not closed yet: the caller
    may roll back first, under the same lock.
    """
    watched = Watched(
        environment,
        request.interval,
        ledger,
        ledger.holding(ports),
        notify,
        partial(
            redeploy_instead, ledger=ledger, ports=ports, runtime=ports.runtime(environment), notify=notify
        ),
    )
    stable_for = precedence.stable_for(request, environment)
    context = StepContext(
        environment=environment,
        ledger=ledger,
        ports=ports,
        notify=notify,
        rollouts=Rollouts(environment, stable_for, watched, ledger, ports.clock),
    )
    end = _run_all(steps_of(planned, request), planned, context)
    if end.status is DeploymentStatus.INTERRUPTED and precedence.undo_wanted(request):
        end = replace(end, reason=reasons(end.reason, undo_interrupted(planned, context)))
    ledger.verdict(end.status, ports.clock.utc(), end.reason)
    return end


def _run_all(steps: Sequence[Step], plan: Plan, context: StepContext) -> Ending:
    begun: list[Step] = []
    for step in steps:
        begun.append(step)
        failure = _run(step, context)
        if failure is not None:
            end = ending(
                failure,
                context.ledger.deployment.services,
                undo_on_failure=step.undo_on_failure,
                redeployed=_any_redeployed(plan, context.ledger),
            )
            if end.undo:
                for begun_step in reversed(begun):
                    begun_step.undo(context)
            _stop_waves(plan, end, context)
            return end
    deployment = context.ledger.deployment
    return Ending(status=verdict(deployment.services), reason=remark(deployment.services, deployment.steps))


def _run(step: Step, context: StepContext) -> DeployError | StepFailure | None:
    try:
        return step.run(context)
    except DeployError as error:
        return error


def _stop_waves(plan: Plan, end: Ending, context: StepContext) -> None:
    """Give the wave in which the deployment stopped its result, and the services that it never reached theirs."""
    ledger = context.ledger
    begun = {step.id for step in ledger.deployment.steps if step.status is StepStatus.RUNNING}
    for wave in plan.waves:
        if wave.id in begun:
            interrupted = end.status is DeploymentStatus.INTERRUPTED
            if not interrupted:
                for outcome in not_started(ledger.deployment.services, wave):
                    ledger.service(outcome)
            step = ledger.step_outcome(wave.id)
            stopped = cut_short(step) if interrupted else ended(step, wave, ledger.deployment.services)
            ledger.step(replace(stopped, finished=context.ports.clock.utc()))
            context.notify(StepFinished(ledger.step_outcome(wave.id)))


def _any_redeployed(plan: Plan, ledger: Ledger) -> bool:
    """Whether ECS began a deployment of any service that the plan redeploys, or rolls one back."""
    return any(ledger.outcome(service.service_id).begun for service in plan.redeploys)
