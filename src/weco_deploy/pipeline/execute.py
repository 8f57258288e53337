"""Carries a plan out: all tags first, then the services.

Nothing restarts before every tag has moved. If one can't be moved, or ECS refuses the first service,
those already moved go back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from weco_deploy.errors import AwsError, DeployError, Interrupted, LeaseLost, Unreachable
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.events import Event, Notice, ServiceRedeployed, TagMoved, TagPutBack
from weco_deploy.model.plan import Plan, PlannedImage, PlannedService
from weco_deploy.model.project import Environment
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.ports import Clock, Done, Failed, ImageRegistry, Outcome, Ports, ServiceRuntime

REDEPLOY_ATTEMPTS = 3
"""How often UpdateService is called for a service if ECS turns out not to have acted."""
LOOKS = 3
LOOK_AGAIN = 2.0
"""After a lost answer the service is looked at so many times, so many seconds apart: reads lag."""


def execute(
    plan: Plan, environment: Environment, ledger: Ledger, ports: Ports, notify: Callable[[Event], None]
) -> None:
    """Move the tags and redeploy the services; the ledger has what became of each.

    Raises Interrupted if a signal asked to stop, else the first reason why the tags could not be moved or
    the first service not be redeployed. A later service that is refused fails alone.
    """
    _move_tags(plan, ledger, ports, notify)
    _redeploy(plan, environment, ledger, ports, notify)


def _move_tags(plan: Plan, ledger: Ledger, ports: Ports, notify: Callable[[Event], None]) -> None:
    failures: list[DeployError] = []
    touched: list[PlannedImage] = []

    def record_outcome(place: int, outcome: Outcome[None]) -> None:
        image = plan.moves[place]
        if isinstance(outcome, Failed):
            failures.append(outcome.error)
        if isinstance(outcome, Done) or _may_have_happened(outcome):
            touched.append(image)
            ledger.tag_moved(image.image_id, moved=True)
        if isinstance(outcome, Done):
            notify(TagMoved(image))

    def stop() -> bool:
        return bool(failures) or ports.interrupts.requested()

    calls = [partial(_point, ports.registry, image, ledger) for image in plan.moves]
    ports.calls.meanwhile(ledger.renew_if_due).change(calls, record_outcome, stop)
    if failures:
        if not isinstance(failures[0], LeaseLost):
            put_back(touched, ledger, ports, notify)
        raise failures[0]
    ledger.note()
    if ports.interrupts.requested():
        raise Interrupted("interrupted before any service was redeployed")


def _may_have_happened(outcome: Outcome[None]) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, Unreachable)


def _point(registry: ImageRegistry, image: PlannedImage, ledger: Ledger) -> None:
    ledger.ours()
    registry.point(image.repository, image.tag, image.manifest)


def put_back(
    images: Sequence[PlannedImage], ledger: Ledger, ports: Ports, notify: Callable[[Event], None]
) -> None:
    """Point the tags of these images back to where they pointed before.

    A tag that did not exist before stays where it is, because images are never deleted: the record goes
    on saying that it moved, and the event says why. What stops it is reported, not raised: there was a reason
    to put things back, and that one is to be heard. A signal does not stop it.
    """

    def record_outcome(place: int, outcome: Outcome[None]) -> None:
        image = images[place]
        if isinstance(outcome, Done):
            ledger.tag_moved(image.image_id, moved=False)
            notify(TagPutBack(image))
        elif isinstance(outcome, Failed):
            notify(TagPutBack(image, outcome.error.message))

    def renew() -> None:
        # A signal ends the wait for a table that is busy. Whoever is asked to stop knows that already.
        with suppress(Interrupted):
            ledger.renew_if_due()

    calls = [partial(_put_back, ports.registry, image, ledger) for image in images]
    try:
        ports.calls.meanwhile(renew).change(calls, record_outcome, lambda: False)
        ledger.note()
    except DeployError as error:
        notify(Notice(f"while the tags were put back: {error.message}"))


def _put_back(registry: ImageRegistry, image: PlannedImage, ledger: Ledger) -> None:
    ledger.ours()
    if image.from_digest is None:
        if registry.manifest_and_tag(image.repository, image.manifest.digest, image.tag).tagged is None:
            return
        raise DeployError(f"{image.tag} of {image.repository} did not exist before, so it can't go back")
    view = registry.manifest_and_tag(image.repository, image.from_digest, image.tag)
    if view.tagged == image.from_digest:
        return
    if view.manifest is None:
        raise DeployError(f"{image.from_digest} is not in {image.repository} any more")
    registry.point(image.repository, image.tag, view.manifest)


def _redeploy(
    plan: Plan, environment: Environment, ledger: Ledger, ports: Ports, notify: Callable[[Event], None]
) -> None:
    runtime = ports.runtime(environment)
    services = plan.redeploys
    if not services:
        return

    def record_outcome(place: int, outcome: Outcome[str]) -> None:
        service = services[place]
        if isinstance(outcome, Done):
            ledger.redeployed(service.service_id, outcome.value)
            notify(ServiceRedeployed(service.service_id, service.key, outcome.value))
        elif isinstance(outcome, Failed) and not isinstance(outcome.error, Interrupted):
            _refused(ledger, service, outcome.error)

    def note_and_renew() -> None:
        ledger.note()
        ledger.renew_if_due()

    def allowed() -> None:
        ledger.ours()
        if ports.interrupts.requested():
            raise Interrupted("interrupted while the services were redeployed")

    calls = [partial(_redeploy_one, service, runtime, allowed, ports.clock) for service in services]
    alone = ports.calls.meanwhile(ledger.renew_if_due)
    (first,) = alone.change(calls[:1], record_outcome, ports.interrupts.requested)
    if isinstance(first, Failed):
        if not isinstance(first.error, LeaseLost | Interrupted):
            put_back(plan.moves, ledger, ports, notify)
        raise first.error
    ports.calls.meanwhile(note_and_renew).change(
        calls[1:], lambda place, outcome: record_outcome(place + 1, outcome), ports.interrupts.requested
    )
    ledger.note()
    if ports.interrupts.requested():
        raise Interrupted("interrupted while the services were redeployed")


def _refused(ledger: Ledger, service: PlannedService, error: DeployError) -> None:
    known = ledger.outcome(service.service_id)
    reason = f"it could not be redeployed: {error.message}"
    ledger.service(replace(known, status=ServiceStatus.FAILED, reason=reason))


def _redeploy_one(
    service: PlannedService, runtime: ServiceRuntime, allowed: Callable[[], None], clock: Clock
) -> str:
    """Tell ECS to redeploy the service, once: after a lost answer, the PRIMARY read back says whether it acted."""
    for attempt in range(1, REDEPLOY_ATTEMPTS + 1):
        allowed()
        try:
            return runtime.redeploy(service.key, allowed)
        except Unreachable:
            begun = _begun(service, runtime, clock)
            if begun is not None:
                return begun
            if attempt == REDEPLOY_ATTEMPTS:
                raise
    raise AwsError("ecs:UpdateService", f"{service.key} could not be redeployed")


def _begun(service: PlannedService, runtime: ServiceRuntime, clock: Clock) -> str | None:
    """The deployment that became PRIMARY in place of the one that was planned from, if there is one."""
    for look in range(LOOKS):
        if look:
            clock.wait(LOOK_AGAIN)
        found = runtime.describe(service.key.cluster, [service.key.name])
        primary = found[0].primary if found else None
        if primary is not None and primary.id != service.ecs_deployment_id:
            return primary.id
    return None
