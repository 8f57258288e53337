"""Tells from ECS's words whether an image is at fault when a task could not be started, or something else that the task needs.

ECS gives a reason for the task, and may give another one for a container: on EC2 instances the task's is often only "Task failed
to start". (Developer guide, "stopped tasks error messages".)

| ECS's reason                                                                             | at fault       |
|------------------------------------------------------------------------------------------|----------------|
| `CannotPull…`: no such image, none for the platform, a layer that can't be unpacked      | the image      |
| `CannotPull…`: no permission, no connection, too many requests, a full disk              | something else |
| `CannotStart…`, `ResourceInitializationError: failed to create new container runtime     | the image      |
| task`: the entry point can't be executed, or its user or working directory is missing    |                |
| `OutOfMemoryError`                                                                       | the image      |
| `RESOURCE:…`, `AGENT`, `ATTRIBUTE`, no container instances, capacity is unavailable      | something else |
| `ResourceInitializationError` otherwise: secrets, registry credentials, environment      | something else |
| files, log groups and drivers, network interfaces, EFS volumes                           |                |
| any other: `Unexpected EC2 error …`, `CannotCreateVolumeError`, a port that is taken,    | something else |
| time-outs and errors of the container runtime; or none                                   |                |

What ECS does not tell is no evidence: an unknown reason counts as something else.
"""

from __future__ import annotations

import re

from weco_deploy.model.deployment import Failure, ServiceOutcome

FAILED_TO_START = "TaskFailedToStart"
"""The stop code of a task that ECS could not start."""
_NO_ROOM = "unable to place a task"
"""How ECS's event begins if the cluster has no room for a task."""
_ENTRY_POINT = re.compile(
    r"(?i)exec format error|executable file not found|\bexec: |exec user process|unable to find user|chdir to cwd|"
    r"OutOfMemoryError"
)
_PULL = re.compile(r"CannotPull\w*")
_NO_ACCESS = re.compile(
    r"(?i)denied|not authorized|unauthorized|forbidden|no basic auth|x509|timed? ?out|timeout|deadline|connection|"
    r"no such host|no route to host|network|dial tcp|request canceled|context canceled|send request failed|"
    r"EOF|too ?many ?requests|rate exceeded|throttl|no space left|internal server error|service unavailable|registry auth"
)
"""Why an image can't be pulled though it may be there: permissions, the network, the registry's limits, the disk."""
_ADDRESS = re.compile(r"\S*/\S*")
"""An image or a URL in a reason. Its name may contain any word."""


def blames_image(reason: str) -> bool:
    """Whether the reason why a task failed to start says that the image is at fault."""
    if _ENTRY_POINT.search(reason):
        return True
    return bool(_PULL.search(reason)) and not _NO_ACCESS.search(_ADDRESS.sub("", reason))


def is_innocent(failure: Failure) -> bool:
    """Whether a failure says that the image is not at fault: there was no room for a task, or something else was missing."""
    if failure.kind == "task":
        started = failure.stop_code != FAILED_TO_START or failure.exit_code is not None
        return not started and not blames_image(failure.message)
    return _NO_ROOM in failure.message


def spares_images(service: ServiceOutcome) -> bool:
    """Whether tasks of the service could not be placed or started, and nothing in its failures says that an image is at fault."""
    tasks = [failure for failure in service.failures if failure.kind == "task"]
    return any(map(is_innocent, service.failures)) and all(map(is_innocent, tasks))
