"""Waits until the replicas from which services pull have the release. ECR replicates a tag some time after it moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar

from weco_deploy.errors import AwsError, Throttled, Unreachable
from weco_deploy.model.deployment import reasons
from weco_deploy.model.events import Notice, PollFailed
from weco_deploy.model.replica import Replica
from weco_deploy.pipeline.polling import Patience
from weco_deploy.pipeline.step import StepContext
from weco_deploy.ports import Replicas
from weco_deploy.rules.replication import explained, not_there
from weco_deploy.rules.step_failure import NotReplicated

Late = Mapping[Replica, str | None]
"""The replicas without the release, and the digests that their tags point at instead, as far as is known."""


@dataclass(frozen=True, slots=True)
class AwaitReplicas:
    """Reads the environment's tags in the replicas until each points at the release's digest.

    ECS resolves the tag in the replica, so services that restart earlier would run the image from before.
    """

    replicas: tuple[Replica, ...]
    patience: Patience
    undo_on_failure: ClassVar[bool] = True

    def run(self, context: StepContext) -> NotReplicated | None:
        """Wait. Returns None once all replicas have the release, and otherwise which do not have it in time, and why.

        Raises AwsError if a replica can't be read, except in passing.
        """
        if not self.replicas:
            return None
        clock, patience = context.ports.clock, self.patience
        end = clock.utc() + timedelta(seconds=patience.wait)
        answered_by = end + timedelta(seconds=patience.late_answers)
        late = _poll(dict.fromkeys(self.replicas), context, answered_by)
        if late:
            context.notify(Notice(f"waiting for ECR's replication: {reasons(*_states(late))}"))
        while late and (left := (end - clock.utc()).total_seconds()) > 0:
            context.ledger.wait(min(patience.interval, left))
            late = _poll(late, context, answered_by)
        return NotReplicated(reason=_reason(late, patience.wait, context)) if late else None

    def undo(self, context: StepContext) -> None:
        """There is nothing to put back: ECR replicates the tags that go back, too."""


def _poll(late: Late, context: StepContext, answered_by: datetime) -> Late:
    """The replicas that still lack the release. A poll that fails in passing finds nothing new."""
    port = context.ports.replicas(context.environment)
    calls = context.ledger.holding(context.ports).calls.until(answered_by)
    try:
        digests = calls.read(partial(port.digest, replica) for replica in late)
    except (Throttled, Unreachable) as error:
        context.notify(PollFailed(error.message, context.ports.clock.utc()))
        return late
    found = dict(zip(late, digests, strict=True))
    return {replica: digest for replica, digest in found.items() if digest != _wanted(replica, context)}


def _wanted(replica: Replica, context: StepContext) -> str:
    return context.ledger.deployment.images[replica.image_id].to_digest


def _states(late: Late) -> list[str]:
    return [not_there(replica, found) for replica, found in late.items()]


def _reason(late: Late, waited: float, context: StepContext) -> str:
    port = context.ports.replicas(context.environment)
    calls = context.ledger.holding(context.ports).calls
    explanations = calls.read(
        partial(_explained, port, replica, _wanted(replica, context)) for replica in late
    )
    states = (f"{state}: {why}" for state, why in zip(_states(late), explanations, strict=True))
    return reasons(
        f"the release was not replicated within {waited:g} s, so no service was redeployed", *states
    )


def _explained(port: Replicas, replica: Replica, digest: str) -> str:
    try:
        return explained(port.replication(replica, digest))
    except AwsError as error:  # it is only an explanation
        return f"why is not known: {error.message}"
