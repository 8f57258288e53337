"""Waits while the CI system is still pushing images."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from weco_deploy.errors import ImagesNotPushed
from weco_deploy.model.events import Event, Waiting
from weco_deploy.model.project import Image
from weco_deploy.ports import Ports

POLL_INTERVAL = 10.0
"""Seconds between two looks for images."""


def wait_for_images(
    ports: Ports,
    wanted: str,
    exists: Callable[[Image], bool],
    seconds: float,
    notify: Callable[[Event], None],
) -> None:
    """Wait until all images of the project exist that are not optional. Raises ImagesNotPushed if they don't in time.

    Args:
        ports: the project's.
        wanted: which images are waited for, such as `tagged latest`.
        exists: whether an image exists. It is called in a worker.
        seconds: for how long to wait at most; with 0 nothing is waited for or looked up.
        notify: gets the images that are missing, whenever these change.

    """
    if not seconds:
        return
    until = ports.clock.utc() + timedelta(seconds=seconds)
    missing = [image for image in ports.project.images if not image.optional]
    announced = ""
    while True:
        found = ports.calls.read(partial(exists, image) for image in missing)
        missing = [image for image, there in zip(missing, found, strict=True) if not there]
        if not missing:
            return
        names = ", ".join(image.id for image in missing)
        now = ports.clock.utc()
        if now >= until:
            raise ImagesNotPushed(
                f"after {seconds:g} s there is still no image {wanted} of: {names}",
                "see whether their builds failed, and run this again; if this commit does not build all images, leave out "
                "--wait-for-images",
            )
        if names != announced:
            notify(Waiting(f"no image {wanted} yet of: {names}; waiting until {until:%H:%M:%S}Z at most"))
            announced = names
        ports.clock.wait(min(POLL_INTERVAL, (until - now).total_seconds()))
