"""Goes back: finds the release to go back to, and the rest is a deployment."""

from __future__ import annotations

from collections.abc import Callable

from weco_deploy.errors import Command, NotFound
from weco_deploy.model.release import Release
from weco_deploy.operations.earlier import as_it_was, recorded
from weco_deploy.operations.release import choose
from weco_deploy.ports import Ports
from weco_deploy.rules.rollback import is_unfinished_rollback, rollback_target


def earlier_release(
    ports: Ports, environment_id: str, to_release: str | None, say: Callable[[str], None]
) -> tuple[Release, bool]:
    """The release named, or the one that `rollback` means, and whether it is new and not recorded yet.

    An environment may be mixed, because releases may be partial: then a release of what it ran is made.
    After a rollback that did not succeed it is the release that that one was going to, which `say` is told.
    Raises NotFound if there is none.
    """
    environment = ports.project.environment(environment_id)
    if to_release is not None:
        return choose(ports, to_release), False
    record = ports.store.environment(environment.id)
    current = ports.store.deployment(record.current.deployment_id) if record.current else None
    if current is not None and is_unfinished_rollback(current):
        say(
            f"the last rollback of {environment.id} ({current.deployment_id}) did not succeed, it is {current.status}: "
            f"going to its release again, {current.release_id}; another one can be named with --to-release"
        )
        return choose(ports, current.release_id), False
    deployments = recorded(environment, current, ports)
    target = rollback_target(record, deployments)
    if target is None:
        raise NotFound(
            f"there is no earlier release to go back to in {environment.id}",
            (
                "look with: ",
                Command("show-deployments", "--environment-id", environment.id),
                "; name one with --to-release",
            ),
        )
    return as_it_was(target, deployments, ports)
