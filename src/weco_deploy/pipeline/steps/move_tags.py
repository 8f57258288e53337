"""Moves the tags of an environment. No service restarts before all of them have moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from weco_deploy.errors import AwsError, DeployError, Interrupted, Unreachable
from weco_deploy.model.events import Notice, TagMoved, TagPutBack
from weco_deploy.model.plan import PlannedImage
from weco_deploy.pipeline.ledger import Ledger
from weco_deploy.pipeline.step import StepContext
from weco_deploy.pipeline.throttled import repeat_throttled
from weco_deploy.ports import Clock, Done, Failed, ImageRegistry, Outcome


@dataclass(frozen=True, slots=True)
class MoveTags:
    """Points each image's environment tag at the release's digest."""

    images: tuple[PlannedImage, ...]
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> None:
        """Move all tags at once. Raises the first reason why one could not be moved."""
        ledger, ports = context.ledger, context.ports
        failures: list[DeployError] = []

        def record_outcome(index: int, outcome: Outcome[None]) -> None:
            image = self.images[index]
            if isinstance(outcome, Failed):
                failures.append(outcome.error)
            if isinstance(outcome, Done) or _may_have_moved(outcome):
                ledger.tag_moved(image.image_id, moved=True)
            if isinstance(outcome, Done):
                context.notify(TagMoved(image))

        def stop() -> bool:
            return bool(failures) or ports.interrupts.requested()

        calls = [partial(_move, ports.registry, image, ledger, ports.clock) for image in self.images]
        ports.calls.meanwhile(ledger.renew_if_due).change(calls, record_outcome, stop)
        if failures:
            raise failures[0]
        ledger.note()
        context.stop_if_requested("interrupted before any service was redeployed")

    def undo(self, context: StepContext) -> None:
        """Point the tags that moved back to where they pointed before.

        A tag that did not exist before stays, because images are never deleted: the record still says that it moved, and
        the event says why. If the lease can't be renewed, tags still go back until it ends.
        """
        ledger, ports, notify = context.ledger, context.ports, context.notify
        moved = [image for image in self.images if ledger.deployment.images[image.image_id].tag_moved]
        problems: list[DeployError] = []

        def record_outcome(index: int, outcome: Outcome[None]) -> None:
            image = moved[index]
            if isinstance(outcome, Done):
                ledger.tag_moved(image.image_id, moved=False)
                notify(TagPutBack(image))
            elif isinstance(outcome, Failed):
                notify(TagPutBack(image, outcome.error.message))

        def renew() -> None:
            try:
                ledger.renew_if_due()
            except Interrupted:
                pass  # a signal ended the wait for a busy table: whoever sent it wants the tags back all the same
            except AwsError as error:
                problems.append(error)

        calls = [partial(_move_back, ports.registry, image, ledger, ports.clock) for image in moved]
        try:
            ports.calls.meanwhile(renew).change(calls, record_outcome, lambda: False)
            ledger.note()
        except DeployError as error:
            problems.append(error)
        for problem in problems[:1]:
            notify(Notice(f"while the tags were put back: {problem.message}"))


def _may_have_moved(outcome: Outcome[None]) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, Unreachable)


def _move(registry: ImageRegistry, image: PlannedImage, ledger: Ledger, clock: Clock) -> None:
    repeat_throttled(lambda: registry.point(image.repository, image.tag, image.manifest), ledger.ours, clock)


def _move_back(registry: ImageRegistry, image: PlannedImage, ledger: Ledger, clock: Clock) -> None:
    ledger.ours()
    if image.from_digest is None:
        if registry.manifest_and_tag(image.repository, image.manifest.digest, image.tag).tagged is None:
            return
        raise DeployError(f"{image.tag} of {image.repository} did not exist before, so it can't go back")
    view = registry.manifest_and_tag(image.repository, image.from_digest, image.tag)
    if view.tagged == image.from_digest:
        return
    manifest = view.manifest
    if view.unreadable:
        raise DeployError(f"ECR does not give {image.from_digest} of {image.repository}: {view.unreadable}")
    if manifest is None:
        raise DeployError(f"{image.from_digest} is not in {image.repository} any more")
    repeat_throttled(lambda: registry.point(image.repository, image.tag, manifest), ledger.ours, clock)
