"""The JSON of `status`."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.errors import DeployError
from weco_deploy.model.environment import Lock
from weco_deploy.model.status import (
    Crash,
    Drift,
    EnvironmentStatus,
    ImageStatus,
    KnownBad,
    ServiceStatus,
    Status,
    Version,
    Waiting,
)
from weco_deploy.report.documents import Document, error_document, nested_deployment, time_text
from weco_deploy.report.status_sentences import drift_sentence, known_bad_sentence, service_sentence


def status_document(status: Status, options: Sequence[str] = ()) -> Document:
    """The environments by id. One that could not be read has an `error`, and is not in sync as far as anybody knows."""
    return {
        "environments": {
            id_: _unread(found, options) if isinstance(found, DeployError) else _environment(found, status)
            for id_, found in status.environments.items()
        }
    }


def _unread(error: DeployError, options: Sequence[str]) -> Document:
    return {
        **error_document(error, options),
        "images": {},
        "in_sync": False,
        "lock": None,
        "deployment": None,
    }


def _environment(state: EnvironmentStatus, status: Status) -> Document:
    tags = {image.image_id: image.tag for image in state.images}
    drifted = {drift.image_id for drift in state.drifts}
    return {
        "error": None,
        "images": {
            image.image_id: _image(image, in_sync=image.image_id not in drifted) for image in state.images
        },
        "in_sync": state.in_sync,
        "drift": [_drift(drift, tags[drift.image_id]) for drift in state.drifts],
        "services": [_service(service, status) for service in state.services],
        "services_down": [service.service_id for service in state.down],
        "lock": _lock(state.lock, state.lock_build_url),
        "next_lock": _lock(state.next_lock, state.next_lock.build_url if state.next_lock else None),
        "deployment": nested_deployment(state.deployment) if state.deployment else None,
        "cut_off": state.cut_off,
        "waiting": [_waiting(waits) for waits in status.waiting if waits.target == state.environment],
        "known_bad": [_known_bad(known) for known in state.known_bad],
        "notes": list(state.notes),
    }


def _version(version: Version | None) -> Document | None:
    return {"commit": version.commit, "digest": version.digest} if version else None


def _image(image: ImageStatus, *, in_sync: bool) -> Document:
    return {
        "tag": image.tag,
        "deployed": _version(image.deployed),
        "tagged": _version(image.tagged),
        "running": [
            {"commit": version.commit, "digest": version.digest, "services": list(services)}
            for version, services in image.running.items()
        ],
        "since": time_text(image.since) if image.since else None,
        "since_or_earlier": image.or_earlier,
        "in_sync": in_sync,
    }


def _drift(drift: Drift, tag: str) -> Document:
    return {
        "source": drift.source.value,
        "image_id": drift.image_id,
        "service_id": drift.service_id,
        "expected": _version(drift.expected),
        "found": _version(drift.found),
        "message": drift_sentence(drift, tag=tag),
    }


def _service(service: ServiceStatus, status: Status) -> Document:
    return {
        "service_id": service.service_id,
        "ecs_services": [{"cluster": key.cluster, "service_name": key.name} for key in service.keys],
        "desired": service.desired,
        "running": service.running,
        "pending": service.pending,
        "problems": [problem.value for problem in service.problems],
        "message": service_sentence(service, status.at) if service.problems else None,
        "crashes": [_crash(crash) for crash in service.crashes],
        "rolling_out": service.rolling_out,
        "missing": not service.keys,
    }


def _crash(crash: Crash) -> Document:
    return {
        "tasks": crash.tasks,
        "last": time_text(crash.last),
        "container": crash.container,
        "exit_code": crash.exit_code,
        "reason": crash.reason,
    }


def _lock(lock: Lock | None, build_url: str | None) -> Document | None:
    if lock is None:
        return None
    return {
        "holder": lock.holder,
        "reason": lock.reason,
        "since": time_text(lock.since),
        "deployment_id": lock.deployment_id,
        "lease_ends": time_text(lock.lease_ends) if lock.lease_ends else None,
        "build_url": build_url,
    }


def _waiting(waiting: Waiting) -> Document:
    return {
        "from": waiting.source,
        "release_id": waiting.release_id,
        "images": list(waiting.images),
        "commits": waiting.commits,
        "lost": waiting.lost,
        "unknown": list(waiting.unknown),
        "refused": waiting.refused or None,
    }


def _known_bad(known: KnownBad) -> Document:
    return {
        "image_id": known.image_id,
        "version": _version(known.version),
        "failed": known.failed,
        "deployment_id": known.deployment.deployment_id,
        "there": known.there,
        "message": known_bad_sentence(known),
    }
