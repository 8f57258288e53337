"""Goes back: finds the release to go back to, and the rest is a deployment."""

from __future__ import annotations

from weco_deploy.errors import NotFound
from weco_deploy.model.release import Release
from weco_deploy.operations.release import choose
from weco_deploy.ports import Ports
from weco_deploy.rules.history import rollback_target

FAR = 200
"""Among so many newest deployments of the environment an earlier release is looked for."""


def earlier_release(ports: Ports, environment_id: str, to_release: str | None) -> Release:
    """The release named, or the one that `rollback` means. Raises NotFound if there is none."""
    environment = ports.project.environment(environment_id)
    if to_release is not None:
        return choose(ports, to_release)
    record = ports.store.environment(environment.id)
    target = rollback_target(record, ports.store.deployments([environment.id], FAR))
    if target is None:
        raise NotFound(
            f"there is no earlier release to go back to in {environment.id}",
            f"look with: weco-deploy show-deployments --environment-id {environment.id}; "
            "name one with --to-release",
        )
    return choose(ports, target)
