"""One run of the tool over a world, as short as a command line."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.world import Killed, World
from weco_deploy.model.deployment import Deployment, ServiceStatus
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.events import Event, Progress
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ConfirmRequest, DeployRequest, ReleaseRequest
from weco_deploy.model.tags import LATEST
from weco_deploy.operations.confirm import confirm
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.prepare import make_release, prepare
from weco_deploy.operations.promote import running_release
from weco_deploy.operations.release import choose
from weco_deploy.operations.rollback import earlier_release
from weco_deploy.ports import Ports


@dataclass
class Told:
    """What a run showed and told."""

    plans: list[Plan] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def states(told: Told) -> list[str]:
    """The states that a run showed of rollouts, each once."""
    found = (event.state for event in told.events if isinstance(event, Progress))
    return list(dict.fromkeys(found))


def release(
    ports: Ports, label: str = LATEST, *, save: bool = False, allow_partial: bool | None = None
) -> Release:
    """`prepare --from-label LABEL`. Another label than latest may name only some of the images, unless told otherwise."""
    partial = label != LATEST if allow_partial is None else allow_partial
    wanted = ReleaseRequest(from_label=label, description="", allow_partial=partial)
    return prepare(ports, wanted, lambda _: None, save=save).release


def request(chosen: Release, environment: str = "stage", **options: object) -> DeployRequest:
    fields = {"new_release": True, "interval": 10.0, "wait": 600.0, "description": "a test", **options}
    return DeployRequest(release=chosen, environment_id=environment, **fields)  # type: ignore[arg-type]  # options of any field


def release_deploy(
    world: World,
    environment: str = "stage",
    label: str = "latest",
    told: Told | None = None,
    *,
    allow_partial: bool | None = None,
    **options: object,
) -> Deployment:
    """`release-deploy --from-label LABEL --environment-id ENVIRONMENT`, without questions."""
    said = told or Told()

    def approve(plan: Plan) -> bool:
        said.plans.append(plan)
        return True

    ports = world.ports()
    # The plan that follows checks the images' manifests, so the command makes no release with `prepare`.
    partial = label != LATEST if allow_partial is None else allow_partial
    wanted = ReleaseRequest(from_label=label, description="", allow_partial=partial)
    made = make_release(ports, wanted, lambda _: None)
    return deploy(request(made, environment, **options), ports, approve, said.events.append)


def deploy_release(
    world: World,
    release_id: str,
    environment: str = "stage",
    told: Told | None = None,
    **options: object,
) -> Deployment:
    """`deploy --release-id RELEASE --environment-id ENVIRONMENT`."""
    ports = world.ports()
    chosen = choose(ports, release_id)
    return carried_out(request(chosen, environment, new_release=False, **options), ports, told)


def promote(
    world: World,
    source: str = "stage",
    target: str = "prod",
    told: Told | None = None,
    *,
    override: str | None = None,
    **options: object,
) -> Deployment:
    """`promote --from SOURCE --to TARGET`."""
    ports = world.ports()
    found, new = running_release(ports, source, override=override)
    wanted = request(found, target, new_release=new, kind=Kind.PROMOTE, override_gate=override, **options)
    return carried_out(wanted, ports, told)


def rollback(
    world: World,
    environment: str = "stage",
    to_release: str | None = None,
    told: Told | None = None,
    **options: object,
) -> Deployment:
    """`rollback --environment-id ENVIRONMENT`."""
    ports = world.ports()
    found, new = earlier_release(ports, environment, to_release, (told or Told()).said.append)
    return carried_out(
        request(found, environment, new_release=new, kind=Kind.ROLLBACK, **options), ports, told
    )


def carried_out(wanted: DeployRequest, ports: Ports, told: Told | None = None) -> Deployment:
    return deploy(wanted, ports, lambda _: True, (told or Told()).events.append)


def confirm_deploy(
    world: World, environment: str = "stage", told: Told | None = None, **options: object
) -> Deployment:
    """`confirm-deploy --environment-id ENVIRONMENT`."""
    asked = ConfirmRequest(environment_id=environment, **options)  # type: ignore[arg-type]  # as above
    return confirm(asked, world.ports(), (told or Told()).events.append)


def recorded(world: World, environment: str = "stage") -> EnvironmentRecord:
    return world.ports().store.environment(environment)


def deployments(world: World, environment: str = "stage") -> tuple[Deployment, ...]:
    """Its deployments as they are recorded, the newest first."""
    return world.ports().store.deployments([environment], 100)


def statuses(deployment: Deployment) -> dict[str, ServiceStatus]:
    return {service.service_id: service.status for service in deployment.services}


LEASE_AND_GRACE = 120 + 15
"""Seconds after which the environment of a run that was killed is free."""
STORE_WRITES = frozenset(
    f"store.{name}" for name in ("claim", "resume", "renew", "note", "settle", "save", "lock", "unlock")
)
_CHANGES = STORE_WRITES | {"registry.point", "runtime.redeploy", "runtime.roll_back"}


def written(world: World, before: int) -> list[str]:
    """The names of the calls that changed anything, from the call with this number on."""
    return [call.name for call in world.calls[before:] if call.name in _CHANGES]


def killed(world: World, call: str, nth: int = 1) -> Deployment:
    """A `release-deploy` that is killed after that call, as it is recorded."""
    world.cut_after(nth, call)
    with pytest.raises(Killed):
        release_deploy(world)
    return deployments(world)[0]
