"""Takes a deployment by a native strategy through its stages (`stages.py`), with traffic weights and lifecycle hooks.

The scheduler calls `advance` whenever it looks at the service, and starts and stops tasks as the stage allows.
A step is over when its hooks are done and its time has passed. SCALE_UP lasts until all desired tasks are healthy,
CLEAN_UP until the old tasks are gone.
"""

from __future__ import annotations

from datetime import timedelta

from weco_deploy.sandbox.ecs import deployments
from weco_deploy.sandbox.ecs.causes import HOOK, HOOK_TIMEOUT, REFUSED_AT_PAUSE
from weco_deploy.sandbox.ecs.errors import invalid
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import HookRun, Progress, Service, ServiceDeployment
from weco_deploy.sandbox.ecs.stages import CLEAN_UP, NO_PAUSE, RECONCILE, SCALE_UP
from weco_deploy.sandbox.ecs.state import Json, Task

PAUSE, LAMBDA = "PAUSE", "AWS_LAMBDA"
USUAL_TIMEOUT = 1440
"""Minutes."""


def progress_of(service: Service) -> Progress | None:
    """How far the deployment by a native strategy has come that is under way; None if none is."""
    record = _under_way(service)
    return record.progress if record is not None else None


def advance(region: Region, service: Service, *, scaled_up: bool) -> None:
    """Go on to the next steps, as far as nothing is waited for. `scaled_up`: all desired new tasks are healthy."""
    record = _under_way(service)
    if record is None or record.progress is None:
        return
    progress = record.progress
    if progress.position < 0:
        _enter_next(region, service, record, progress)
    while _is_over(region, service, progress, scaled_up=scaled_up):
        _enter_next(region, service, record, progress)


def tasks_to_remove(service: Service, progress: Progress) -> list[Task]:
    """The tasks that ECS stops before it scales up: those of deployments that never completed, but for the new one."""
    if progress.step.stage != RECONCILE:
        return []
    kept = (service.primary, service.completed[-1] if service.completed else None)
    return [task for task in service.tasks.values() if task.wanted and task.deployment not in kept]


def continue_deployment(
    region: Region, service: Service, record: ServiceDeployment, hook_id: str, action: str
) -> None:
    """Let a paused deployment go on, or roll it back."""
    runs = record.progress.runs if record.progress is not None else []
    run = next((run for run in runs if run.id == hook_id), None)
    if run is None:
        raise invalid(f"The lifecycle hook {hook_id} was not found.")
    if run.kind != PAUSE or run.status != "AWAITING_ACTION" or _under_way(service) is not record:
        raise invalid(f"The lifecycle hook can't be continued: its status is {run.status}.")
    run.status = "SUCCEEDED" if action == "CONTINUE" else "FAILED"
    record.updated_at = region.now
    if action == "ROLLBACK":
        deployments.fail(region, service, record.deployment, REFUSED_AT_PAUSE)
    region.wake(service)


def check_hooks(configuration: Json) -> None:
    """Refuse lifecycle hooks that ECS refuses."""
    for hook in configuration.get("lifecycleHooks", ()):
        kind = hook.get("targetType", LAMBDA)
        if not hook.get("lifecycleStages"):
            raise invalid("A lifecycle hook needs lifecycleStages.")
        if kind == LAMBDA and not hook.get("hookTargetArn"):
            raise invalid("hookTargetArn is required for lifecycle hooks of the type AWS_LAMBDA.")
        if kind == PAUSE and (refused := NO_PAUSE.intersection(hook["lifecycleStages"])):
            raise invalid(f"PAUSE lifecycle hooks are not supported at {', '.join(sorted(refused))}.")


def _under_way(service: Service) -> ServiceDeployment | None:
    for record in service.service_deployments:
        if record.deployment is service.primary:
            return record if record.progress is not None and record.status == "IN_PROGRESS" else None
    return None


def _is_over(region: Region, service: Service, progress: Progress, *, scaled_up: bool) -> bool:
    """Whether the step is over. Its time begins to pass once its hooks are done."""
    stage = progress.step.stage
    if progress.pending or stage == CLEAN_UP or (stage == SCALE_UP and not scaled_up):
        return False
    if progress.over_at is None:
        seconds = region.settings.timings.stage + 60.0 * progress.step.minutes
        progress.over_at = region.now + timedelta(seconds=seconds / region.settings.speed)
        region.after(seconds, lambda: region.wake(service))
    return region.now >= progress.over_at


def _enter_next(region: Region, service: Service, record: ServiceDeployment, progress: Progress) -> None:
    progress.position += 1
    progress.over_at = None
    step = progress.step
    if step.test is not None:
        progress.test = step.test
    if step.production is not None:
        progress.production = step.production
    record.updated_at = region.now
    for hook in record.configuration.get("lifecycleHooks", ()):
        if step.hooks and step.hooks in hook["lifecycleStages"]:
            _run_hook(region, service, record, progress, hook)
    region.changed(service)


def _run_hook(
    region: Region, service: Service, record: ServiceDeployment, progress: Progress, hook: Json
) -> None:
    kind = hook.get("targetType", LAMBDA)
    timeout = hook.get("timeoutConfiguration", {})
    seconds = 60.0 * timeout.get("timeoutInMinutes", USUAL_TIMEOUT)
    run = HookRun(
        id=f"ecs-{'pause' if kind == PAUSE else 'lambda'}-{region.new_hex()}",
        kind=kind,
        target=hook.get("hookTargetArn", ""),
        status="AWAITING_ACTION" if kind == PAUSE else "IN_PROGRESS",
        expires_at=region.now + timedelta(seconds=seconds / region.settings.speed),
        at_timeout=timeout.get("action", "ROLLBACK"),
    )
    progress.runs.append(run)
    region.after(seconds, lambda: _expire(region, service, record, run))
    if kind == LAMBDA:
        region.after(region.settings.timings.hook, lambda: _answer(region, service, record, run))


def _answer(region: Region, service: Service, record: ServiceDeployment, run: HookRun) -> None:
    """The Lambda function answers. One that answers IN_PROGRESS is asked again."""
    if _under_way(service) is not record or not run.pending:
        return
    if service.trouble.hook_answers == "IN_PROGRESS":
        region.after(region.settings.timings.hook_again, lambda: _answer(region, service, record, run))
        return
    run.status = service.trouble.hook_answers
    record.updated_at = region.now
    if run.status == "FAILED":
        deployments.fail(region, service, record.deployment, HOOK)
    region.wake(service)


def _expire(region: Region, service: Service, record: ServiceDeployment, run: HookRun) -> None:
    if _under_way(service) is not record or not run.pending:
        return
    run.status = "TIMED_OUT"
    record.updated_at = region.now
    if run.at_timeout == "ROLLBACK":
        deployments.fail(region, service, record.deployment, HOOK_TIMEOUT)
    region.wake(service)
