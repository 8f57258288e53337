"""Decides when a service is polled again: soon where its state may change next, and seldom in between.

| the service                                             | is polled again                                    |
|---------------------------------------------------------|----------------------------------------------------|
| was just redeployed                                     | soon: a wrong digest or a refused start shows early |
| starts tasks                                            | after the interval                                 |
| has failed tasks                                        | after half of the interval                         |
| runs all new tasks, beside old ones                     | after half of the interval                         |
| runs all new tasks only, and ECS has yet to complete it | soon                                               |
| has only to go on running to be stable                  | when it is                                         |
| has an event that says that our deployment failed       | soon: a status decides, not an event               |
| shows what may be an old answer                         | after the interval, because only time refutes it   |

Soon is a tenth of the interval. No service is polled more often on average than at half of the interval: polls that were not made
while tasks started are made up for at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.model.service import EcsDeployment, Service, ServiceView
from weco_deploy.rules.rollout.identity import says_failed
from weco_deploy.rules.rollout.track import Track

FAST = 0.1
"""The part of the interval after which a service is polled that may change soon."""
ON_AVERAGE = 0.5
"""The part of the interval between two polls of a service, on average at least."""
SHORTEST = 1.0
"""Seconds between two polls, unless the interval itself is shorter: AWS's answers tell its time in whole seconds."""
LONGEST_UNWATCHED = 60.0
"""Seconds between redeployment and watch that count at most: a rollout that is adopted may be hours old."""
SERVICES_A_SECOND = 100
"""As many services may be polled in a second: DescribeServices, ten services a call, takes half of ECS's rate then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the polls of a service have shown, as far as it matters for the next one.

    Args:
        polls: how many polls there were.
        age: seconds since the service was redeployed, or watched.
        more_seconds: how long only the passing of time is waited for; 0 if something else has to happen.
        all_run: whether all desired tasks of the watched deployment run.
        old_run: whether tasks of other deployments run beside them.
        trouble: whether tasks failed.
        says_failed: whether an event says that the watched deployment failed.
        uncertain: whether the last answer may be an old one, which has to be confirmed.

    """

    polls: int
    age: float
    more_seconds: float = 0.0
    all_run: bool = False
    old_run: bool = False
    trouble: bool = False
    says_failed: bool = False
    uncertain: bool = False


def progress_of(track: Track, view: ServiceView | None, watched: float) -> Progress:
    """The progress of a service after a poll.

    Args:
        track: after the poll.
        view: what the poll showed; None if ECS does not know the service.
        watched: for how many seconds it had been watched then.

    """
    if view is None:
        return Progress(polls=track.polls, age=watched, uncertain=True)
    service, ours = view.service, view.service.deployment(track.deployment_id)
    unconfirmed = track.polls_not_primary or track.polls_missing or track.polls_stopped
    steady_without_state = ours is not None and ours.rollout_state is None and track.polls_steady > 0
    return Progress(
        polls=track.polls,
        age=watched + _unwatched(view.service, ours, watched),
        more_seconds=track.more_seconds,
        all_run=ours is not None and ours.running >= service.desired,
        old_run=ours is not None and service.running > ours.running,
        trouble=bool(track.stops) or (ours is not None and ours.failed_tasks > 0),
        says_failed=says_failed(track, service),
        uncertain=bool(unconfirmed) or steady_without_state,
    )


def seconds_until_next_poll(progress: Progress, interval: float, moving: int) -> float:
    """The seconds from the last poll of a service to the next one.

    Args:
        progress: the service's.
        interval: the longest time between two polls.
        moving: how many services are polled.

    """
    soon = max(FAST * interval, SHORTEST, moving / SERVICES_A_SECOND)
    if progress.says_failed:
        return min(soon, interval)
    if progress.uncertain or interval <= SHORTEST:
        return interval
    if progress.more_seconds:
        return min(progress.more_seconds, interval)
    budget = progress.polls * ON_AVERAGE * interval - progress.age
    return min(max(_wanted(progress, interval, soon), budget), interval)


def _unwatched(service: Service, ours: EcsDeployment | None, watched: float) -> float:
    """The seconds from the redeployment to the beginning of the watch, in which others were still redeployed, by AWS's clock."""
    if ours is None or service.as_of is None:
        return 0.0
    age = (service.as_of - ours.created_at).total_seconds()
    return min(max(0.0, age - watched), LONGEST_UNWATCHED)


def _wanted(progress: Progress, interval: float, soon: float) -> float:
    if progress.polls <= 1 or (progress.all_run and not progress.old_run):
        return soon
    return ON_AVERAGE * interval if progress.all_run or progress.trouble else interval
