"""Deploys to one environment what another one runs: finds that release, and the rest is a deployment."""

from __future__ import annotations

from weco_deploy.errors import GateClosed, NotFound
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.operations.gates import OVERRIDE
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports
from weco_deploy.rules.drift import drift
from weco_deploy.rules.gates import half_moved


def running_release(ports: Ports, source: str, *, override: str | None) -> tuple[Release, bool]:
    """The release recorded as running in the environment, and whether it is new and not recorded yet.

    An environment may be mixed, because releases may be partial: then a release of what is applied is
    made. Raises NotFound if nothing was deployed there, and GateClosed if its last deployment did not
    succeed or what it runs is not what is recorded, unless `override` gives a reason to go on.
    """
    environment = ports.project.environment(source)
    record = ports.store.environment(environment.id)
    if record.current is None:
        raise NotFound(f"nothing was deployed to {environment.id} yet", f"deploy to {environment.id} first")
    if override is None and (against := half_moved(record)):
        raise _closed(environment, [against])
    release, new = _release(record, ports)
    release, seen = observe(environment, release, ports)
    against_all = drift(ports.project, environment, release, seen)
    if override is None and against_all:
        raise _closed(environment, list(against_all))
    return release, new


def _release(record: EnvironmentRecord, ports: Ports) -> tuple[Release, bool]:
    """The one release that all images are of, or a new one of what is applied."""
    applied = {one.release_id for one in record.images.values()}
    if record.current is not None and applied <= {record.current.release_id}:
        release = ports.store.release(record.current.release_id)
        if release is None:
            raise NotFound(f"release {record.current.release_id}, which runs there, is not recorded any more")
        return release, False
    caller = ports.caller()
    release = Release(
        release_id=ports.new_id(),
        project_id=ports.project.id,
        project_name=ports.project.name,
        date_created=ports.clock.utc(),
        requested_by=caller.requested_by,
        build_url=caller.build_url,
        description=f"what {record.environment} runs, of {len(applied)} releases",
        from_label=f"env.{record.environment}",
        images={
            image_id: ImageVersion(ref=one.ref, refs=(one.ref,), digest=one.digest)
            for image_id, one in record.images.items()
            if one.ref is not None
        },
    )
    return release, True


def _closed(environment: Environment, reasons: list[str]) -> GateClosed:
    return GateClosed(
        f"{environment.id} can't be promoted:", reasons, f"deploy to {environment.id} again; {OVERRIDE}"
    )
