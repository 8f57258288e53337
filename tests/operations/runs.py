"""One run of the tool over a world, as short as a command line."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.world import World
from weco_deploy.model.deployment import Deployment, ServiceStatus
from weco_deploy.model.events import Event
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.requests import ConfirmRequest, DeployRequest
from weco_deploy.operations.confirm import confirm
from weco_deploy.operations.deploy import deploy
from weco_deploy.operations.release import prepare
from weco_deploy.ports import Ports


@dataclass
class Told:
    """What a run showed and told."""

    plans: list[Plan] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


def release(ports: Ports, label: str = "latest", *, save: bool = False) -> Release:
    return prepare(ports, from_label=label, description="", save=save).release


def request(chosen: Release, environment: str = "stage", **options: object) -> DeployRequest:
    fields = {"new_release": True, "interval": 10.0, "wait": 600.0, "description": "a test", **options}
    return DeployRequest(release=chosen, environment_id=environment, **fields)  # type: ignore[arg-type]  # options of any field


def release_deploy(
    world: World,
    environment: str = "stage",
    label: str = "latest",
    told: Told | None = None,
    **options: object,
) -> Deployment:
    """`release-deploy --from-label LABEL --environment-id ENVIRONMENT`, without questions."""
    said = told or Told()

    def approve(plan: Plan) -> bool:
        said.plans.append(plan)
        return True

    ports = world.ports()
    return deploy(request(release(ports, label), environment, **options), ports, approve, said.events.append)


def confirm_deploy(world: World, environment: str = "stage", **options: object) -> Deployment:
    return confirm(ConfirmRequest(environment_id=environment, **options), world.ports(), lambda _: None)  # type: ignore[arg-type]  # as above


def statuses(deployment: Deployment) -> dict[str, ServiceStatus]:
    return {service.service_id: service.status for service in deployment.services}
