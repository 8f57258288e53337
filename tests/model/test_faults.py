"""Whether ECS's words about a task that failed to start, or could not be placed, blame its image."""

from __future__ import annotations

import pytest

from weco_deploy.model.deployment import Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.faults import blames_image, is_innocent, spares_images
from weco_deploy.model.service import ServiceKey
from weco_deploy.sandbox.ecs.trouble import START_FAILS

REF = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/uk.ac.wellcome/network-denied:env.stage"
"""An image whose name has words that speak of permissions and networks."""
NO_ROOM = Failure(
    kind="event", message="(service web) was unable to place a task because no container instance …"
)
NO_SECRET = Failure(kind="task", message=START_FAILS["no-secret"], stop_code="TaskFailedToStart")
CRASH = Failure(
    kind="task",
    message="Essential container in task exited",
    stop_code="EssentialContainerExited",
    exit_code=1,
)
GAVE_UP = Failure(kind="event", message="(deployment ecs-svc/1) deployment failed: tasks failed to start.")


@pytest.mark.parametrize(
    "reason",
    [
        f"CannotPullContainerError: failed to resolve ref {REF}: {REF}: not found",
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): image Manifest does not contain "
        f"descriptor matching platform 'linux/amd64' for {REF}",
        f"CannotPullContainerError: manifest for {REF} not found: manifest unknown",
        "CannotPullImageManifestError: Error response from daemon: manifest unknown",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to unpack image on snapshotter overlayfs: "
        "failed to extract layer sha256:0123: no processor for media-type",
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim "
        'task: OCI runtime create failed: runc create failed: unable to start container process: exec: "serve": executable '
        "file not found in $PATH: unknown",
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: OCI runtime "
        'create failed: container_linux.go:370: starting container process caused: exec: "/run.sh": stat /run.sh: no such file '
        "or directory: unknown",
        "CannotStartContainerError: standard_init_linux.go:228: exec user process caused: exec format error",
        "Task failed to start; CannotStartContainerError: unable to find user app: no matching entries in passwd file",
        "OutOfMemoryError: Container killed due to memory usage",
    ],
)
def test_image_is_to_blame_if_it_can_not_be_pulled_or_executed(reason: str) -> None:
    assert blames_image(reason)


@pytest.mark.parametrize(
    "reason",
    [
        *START_FAILS.values(),
        "RESOURCE:MEMORY",
        "AGENT",
        "EMPTY CAPACITY PROVIDER",
        "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        "ResourceInitializationError: failed to download env files: file download command: non empty error stream",
        "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon "
        "ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
        f"CannotPullContainerError: failed to resolve ref {REF}: unexpected status code 403 Forbidden",
        f"CannotPullContainerError: Error response from daemon: pull access denied for {REF}",
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: failed to "
        "do request: dial tcp 192.0.2.1:443: i/o timeout",
        "CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed open: unexpected status code "
        "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
        "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob0: no space left on device",
        "CannotPullContainerError: context canceled",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: unexpected EOF",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: ResourceNotFoundException: "
        "The specified log group does not exist",
        "CannotStartContainerError: driver failed programming external connectivity: Bind for 0.0.0.0:8080 failed: port is "
        "already allocated",
        "CannotCreateVolumeError: Get http://%2Frun%2Fdocker: timeout",
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        "ContainerRuntimeError: failed to create container model",
        "Task failed to start",
        "",
    ],
)
def test_image_is_not_to_blame_if_something_else_is_missing_or_nothing_is_known(reason: str) -> None:
    assert not blames_image(reason)


@pytest.mark.parametrize(
    ("failure", "innocent"),
    [
        (NO_ROOM, True),
        (NO_SECRET, True),
        (CRASH, False),
        (GAVE_UP, False),
        (
            Failure(kind="task", message="Task failed to start", stop_code="TaskFailedToStart", exit_code=1),
            False,
        ),
        (
            Failure(
                kind="task", message="CannotPullContainerError: not found", stop_code="TaskFailedToStart"
            ),
            False,
        ),
    ],
)
def test_recorded_failure_tells_whether_the_image_is_innocent(failure: Failure, innocent: bool) -> None:
    assert is_innocent(failure) is innocent


@pytest.mark.parametrize(
    ("failures", "spared"),
    [
        ((NO_SECRET, GAVE_UP), True),
        ((NO_ROOM, GAVE_UP), True),
        ((NO_ROOM, CRASH), False),
        ((NO_SECRET, CRASH), False),
        ((GAVE_UP,), False),
        ((), False),
    ],
)
def test_service_spares_its_images_if_no_failure_blames_them(
    failures: tuple[Failure, ...], spared: bool
) -> None:
    outcome = ServiceOutcome(
        service_id="web",
        key=ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/stage", "web"),
        images=("web",),
        status=ServiceStatus.FAILED,
        failures=failures,
    )
    assert spares_images(outcome) is spared
