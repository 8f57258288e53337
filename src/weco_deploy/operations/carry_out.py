"""Carries out a claimed plan: the steps, one after the other, and what their failure means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weco_deploy.errors import DeployError
from weco_deploy.model.events import Event
from weco_deploy.model.plan import Plan
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.polling import Patience
from weco_deploy.pipeline.rollouts import Rollouts
from weco_deploy.pipeline.step import Step, StepContext
from weco_deploy.pipeline.steps.await_replicas import AwaitReplicas
from weco_deploy.pipeline.steps.move_tags import MoveTags
from weco_deploy.pipeline.steps.redeploy import Redeploy
from weco_deploy.pipeline.steps.run_task import RunTask
from weco_deploy.pipeline.steps.watch import Watch
from weco_deploy.pipeline.watched import Watched
from weco_deploy.ports import Ports
from weco_deploy.rules import precedence
from weco_deploy.rules.deployment_status import remark, verdict
from weco_deploy.rules.step_failure import Ending, NotReplicated, TaskFailed, Unsuccessful, ending


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
        Redeploy(plan.redeploys),
        Watch(plan.services, patience),
    )


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
    watched = Watched(environment, request.interval, ledger, ledger.holding(ports), notify)
    stable_for = precedence.stable_for(request, environment)
    context = StepContext(
        environment=environment,
        ledger=ledger,
        ports=ports,
        notify=notify,
        rollouts=Rollouts(planned.services, environment, stable_for, watched, ledger, ports.clock),
    )
    end = _run_all(steps_of(planned, request), planned, context)
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
            return end
    services = context.ledger.deployment.services
    return Ending(status=verdict(services), reason=remark(services))


def _run(step: Step, context: StepContext) -> DeployError | Unsuccessful | NotReplicated | TaskFailed | None:
    try:
        return step.run(context)
    except DeployError as error:
        return error


def _any_redeployed(plan: Plan, ledger: Ledger) -> bool:
    """Whether ECS began a deployment of any service that the plan redeploys."""
    return any(ledger.outcome(service.service_id).ecs_deployment_id for service in plan.redeploys)
