"""Uploads the image of an OCI layout through ECR's own API: blobs concurrently, then manifests, the index last.

It does not send what is in the repository already, so after any failure it goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import TypeAlias

from weco_deploy.errors import BadImageLayout, DeployError, Interrupted
from weco_deploy.model.digest import short_hash
from weco_deploy.model.events import Event, Notice
from weco_deploy.model.publication import Blob, LayoutImage, Part
from weco_deploy.ports import Done, Failed, ImageLayout, ImageUploads, Outcome, Ports

BLOBS_A_CALL = 100
"""BatchCheckLayerAvailability takes a hundred digests."""
READ_SIZE = 8 * 1024 * 1024
CONCURRENT_BLOBS = 4
"""How many blobs are sent at once. A part is in memory several times, as bytes and as the text of its request."""

Stop: TypeAlias = Callable[[], bool]
"""Whether a call that is under way should give up."""


def check(layout: ImageLayout, image: LayoutImage, ports: Ports) -> None:
    """Compare every blob with its digest. Raises BadImageLayout if one differs, Interrupted if a signal came."""
    _make_all([partial(_check, layout, blob) for blob in image.blobs], ports)


def upload(
    layout: ImageLayout, image: LayoutImage, repository: str, ports: Ports, notify: Callable[[Event], None]
) -> None:
    """Upload the image, which `check` has checked, without a tag. Raises Interrupted if a signal came."""
    uploads = ports.publishing.uploads
    blobs = _absent(image.blobs, repository, ports)
    held = len(image.blobs) - len(blobs)
    if blobs:
        total = megabytes(sum(blob.size for blob in blobs))
        notify(
            Notice(f"{len(blobs)} layers and configs to upload, {total}; {held} are in {repository} already")
        )
    sending = threading.BoundedSemaphore(CONCURRENT_BLOBS)
    sent = count(1)

    def done(index: int) -> None:
        blob = blobs[index]
        notify(
            Notice(
                f"{short_hash(blob.digest)} uploaded, {megabytes(blob.size)} ({next(sent)} of {len(blobs)})"
            )
        )

    _make_all([partial(_send, layout, blob, repository, uploads, sending) for blob in blobs], ports, done)
    for manifest in (*image.parts, image.top):
        uploads.put(repository, manifest)


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


def _make_all(
    calls: Sequence[Callable[[Stop], None]], ports: Ports, done: Callable[[int], None] = lambda _: None
) -> None:
    """Make all calls. After the first failure or a signal no further call begins, and those under way are asked to stop."""
    failures: list[DeployError] = []

    def stop() -> bool:
        return bool(failures) or ports.interrupts.requested()

    def ended(index: int, outcome: Outcome[None]) -> None:
        if isinstance(outcome, Failed):
            failures.append(outcome.error)
        elif isinstance(outcome, Done):
            done(index)

    with ports.interrupts.deferred():
        ports.calls.change([partial(call, stop) for call in calls], ended, stop)
        if ports.interrupts.requested():
            raise Interrupted("interrupted while publishing", "run the same command again to go on")
    if failures:
        raise failures[0]


def _absent(blobs: Sequence[Blob], repository: str, ports: Ports) -> list[Blob]:
    digests = [blob.digest for blob in blobs]
    batches = [digests[start : start + BLOBS_A_CALL] for start in range(0, len(digests), BLOBS_A_CALL)]
    answers = ports.calls.read(
        partial(ports.publishing.uploads.absent, repository, batch) for batch in batches
    )
    absent = frozenset[str]().union(*answers)
    return [blob for blob in blobs if blob.digest in absent]


def _check(layout: ImageLayout, blob: Blob, stop: Stop) -> None:
    digest = hashlib.sha256()
    for part in Part.all_of(blob.size, READ_SIZE):
        _unless_stopped(stop)
        digest.update(layout.read(blob.digest, part))
    if f"sha256:{digest.hexdigest()}" != blob.digest:
        raise BadImageLayout(
            f"{layout.name}: the content of the blob {blob.digest} has another digest",
            "it is damaged: write the layout again",
        )


def _send(
    layout: ImageLayout,
    blob: Blob,
    repository: str,
    uploads: ImageUploads,
    sending: threading.BoundedSemaphore,
    stop: Stop,
) -> None:
    with sending:
        _unless_stopped(stop)
        begun = uploads.begin(repository)
        for part in Part.all_of(blob.size, begun.part_size):
            _unless_stopped(stop)
            uploads.send(repository, begun, part, layout.read(blob.digest, part))
        uploads.complete(repository, begun, blob.digest)


def _unless_stopped(stop: Stop) -> None:
    if stop():
        raise Interrupted("interrupted while publishing")
