"""Finds the release that an environment runs, in order to deploy it to another environment."""

from __future__ import annotations

from weco_deploy.errors import GateClosed, NotFound
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.project import Environment
from weco_deploy.model.release import Release
from weco_deploy.operations.gates import once_it_runs
from weco_deploy.operations.image_versions import applied_version
from weco_deploy.operations.release import new_release
from weco_deploy.pipeline.observe import observe
from weco_deploy.ports import Ports
from weco_deploy.rules.environment_drift import environment_drift
from weco_deploy.rules.gates import source_refusal


def running_release(ports: Ports, source: str, *, override: str | None) -> tuple[Release, bool]:
    """The release recorded as running in the environment, and whether it is new and not recorded yet.

    An environment may run images of several releases, because releases may be partial. Then a new release of its images is
    made. Raises NotFound if nothing was deployed there. Raises GateClosed, unless `override` gives a reason to go on, if the
    last deployment did not succeed, an image did not work when it was deployed, or other images run than are recorded.
    """
    environment = ports.project.environment(source)
    record = ports.store.environment(environment.id)
    if record.current is None:
        raise NotFound(f"nothing was deployed to {environment.id} yet", f"deploy to {environment.id} first")
    images = {image.id for image in ports.project.images}
    if override is None and (against := source_refusal(record, images)):
        raise _closed(environment, [against])
    release, new = _release(record, ports)
    release, observed = observe(environment, release, ports)
    against_all = environment_drift(ports.project, environment, release, observed)
    if override is None and against_all:
        raise _closed(environment, list(against_all))
    return release, new


def _release(record: EnvironmentRecord, ports: Ports) -> tuple[Release, bool]:
    """The release that all applied images belong to, or a new one of these images."""
    named = {image.id for image in ports.project.images}
    applied = {image_id: image for image_id, image in record.images.items() if image_id in named}
    releases = {image.release_id for image in applied.values()}
    if record.current is not None and releases <= {record.current.release_id}:
        release = ports.store.release(record.current.release_id)
        if release is None:
            raise NotFound(f"release {record.current.release_id}, which runs there, is not recorded any more")
        return release, False
    images = {image_id: applied_version(image) for image_id, image in applied.items()}
    description = f"what {record.environment} runs, of {len(releases)} releases"
    label = ports.project.label_of(ports.project.environment(record.environment))
    return new_release(ports, ports.caller(), images, description=description, from_label=label), True


def _closed(environment: Environment, reasons: list[str]) -> GateClosed:
    return GateClosed(f"{environment.id} can't be promoted:", reasons, once_it_runs(environment))
