"""What the tool is to achieve, and what was measured: the table that `make bench` prints last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.comparison import Compared
from benchmarks.history import Commands
from benchmarks.processes import Process
from benchmarks.rollouts import Case, Rollout

SEQUENTIAL_CALLS, SEQUENTIAL_CALLS_WITH_ROLE, CALLS = 11, 13, 75
FASTER = 10
RATIO, DEVIATION = 1.1, 0.15
LATENCY = 2.0
CRASH = "crash"
"""New versions that exit while they start, so that ECS's circuit breaker gives up."""
MEGABYTES, CPU_SECONDS = 150, 10


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal with its measurement; `met` is None if it was not measured."""

    goal: str
    measured: str
    met: bool | None


@dataclass(frozen=True, kw_only=True)
class Results:
    """All that was measured."""

    rollouts: Sequence[Rollout]
    commands: Sequence[Commands]
    processes: Sequence[Process]
    compared: Sequence[Compared]

    def rollout(self, case: Case) -> Rollout | None:
        return next((found for found in self.rollouts if found.case == case), None)


def goals(results: Results) -> Iterator[Goal]:
    """The goals, in order."""
    yield from _small(results)
    yield from _rates(results)
    yield from _independence(results)
    yield from _watching(results)
    yield from _failures(results)
    yield from _size(results)


def _small(results: Results) -> Iterator[Goal]:
    for role, most in ((False, SEQUENTIAL_CALLS), (True, SEQUENTIAL_CALLS_WITH_ROLE)):
        small = results.rollout(Case(10, 2, role=role))
        name = "10×2 with a role to assume" if role else "10×2"
        goal = f"{name}: at most {most} sequential calls until the last UpdateService"
        if small is None:
            yield Goal(goal, "not measured", None)
        else:
            yield Goal(goal, str(len(small.chain)), len(small.chain) <= most)
    small = results.rollout(Case(10, 2))
    if small is not None:
        goal = f"10×2: at most {CALLS} calls until the last UpdateService"
        yield Goal(goal, str(small.calls), small.calls <= CALLS)
    goal = f"10×2: at least {FASTER} times as fast as 5.7.4 per service that really runs the release"
    ours, published = (
        next((found for found in results.compared if found.tool == tool and found.size == "10×2"), None)
        for tool in ("weco-deploy", "weco-deploy 5.7.4")
    )
    if ours is None or published is None or not ours.seconds_a_service:
        yield Goal(goal, "not measured", None)
    elif published.seconds_a_service is None:
        yield Goal(goal, f"5.7.4 ends with {published.right} services that run it", published.right == 0)
    else:
        times = published.seconds_a_service / ours.seconds_a_service
        yield Goal(goal, f"{times:.1f} times", times >= FASTER)


def _rates(results: Results) -> Iterator[Goal]:
    for images in (50, 100):
        large = results.rollout(Case(images, 3))
        goal = f"{images}×3: at most {RATIO} times what AWS's rate limits dictate, no call refused"
        if large is None or large.ratio is None:
            yield Goal(goal, "not measured", None)
        else:
            measured = f"{large.ratio:.2f} times, {large.refused} refused"
            yield Goal(goal, measured, large.ratio <= RATIO and not large.refused)
    for runs, part, name in (
        (1, 0.5, "50×3, half of the limits used by others"),
        (2, 1.0, "two projects of 50×3 at once"),
    ):
        shared = results.rollout(Case(50, 3, runs=runs, part=part))
        goal = f"{name}: succeeds, and says what it waits for"
        if shared is None:
            yield Goal(goal, "not measured", None)
        else:
            said = ", ".join(f"“{line}”" for line in shared.said) or "nothing"
            succeeded = set(shared.statuses) == {"succeeded"}
            yield Goal(goal, f"{', '.join(shared.statuses)}; says {said}", succeeded and bool(shared.said))


def _independence(results: Results) -> Iterator[Goal]:
    for images, services in ((10, 2), (50, 3), (100, 3)):
        alone, crowded = (results.rollout(Case(images, services, others)) for others in (0, 2000))
        goal = f"{images}×{services}: 2,000 other services change no number of calls, and times by at most {DEVIATION:.0%}"
        if alone is None or crowded is None:
            yield Goal(goal, "not measured", None)
            continue
        deviation = crowded.duration / alone.duration - 1
        same = alone.total_calls == crowded.total_calls
        measured = f"{alone.total_calls} and {crowded.total_calls} calls, {deviation:+.0%}"
        yield Goal(goal, measured, same and abs(deviation) <= DEVIATION)
    few, many = results.commands[0], results.commands[-1]
    different = [
        f"{name} ({few.calls[name]} and {many.calls[name]})"
        for name in few.calls
        if few.calls[name] != many.calls[name]
    ]
    measured = f"{len(few.calls)} commands; different: {', '.join(different) or 'none'}"
    yield Goal(
        f"{few.releases} and {many.releases:,} releases: the same calls for every command",
        measured,
        not different,
    )


def _watching(results: Results) -> Iterator[Goal]:
    for images, services in ((10, 2), (50, 3), (100, 3)):
        found = results.rollout(Case(images, services))
        if found is None:
            continue
        goal = f"{images}×{services}: verdicts at most {LATENCY:.0f} s on average after ECS is done"
        yield Goal(
            goal, f"{found.latency:.1f} s, at most {max(found.latencies):.1f} s", found.latency <= LATENCY
        )
        worst = max(found.polls, key=lambda poll: poll.excess)
        over = sum(poll.excess > 0 for poll in found.polls)
        measured = (
            f"{over} of {len(found.polls)} polls above it; the worst: {worst.total} calls, S {worst.services}, "
            f"T {worst.tasks}, bound {worst.bound}"
        )
        yield Goal(
            f"{images}×{services}: polls within ⌈S/10⌉ + ⌈S/20⌉ (+ 2·⌈T/100⌉) calls", measured, not over
        )


def _failures(results: Results) -> Iterator[Goal]:
    for images, services in ((10, 2), (50, 3)):
        found = results.rollout(Case(images, services, behaviour=CRASH))
        goal = (
            f"{images}×{services}: failures at most {LATENCY:.0f} s on average after ECS gives up, explained"
        )
        if found is None:
            yield Goal(goal, "not measured", None)
        else:
            measured = f"{found.latency:.1f} s, at most {max(found.latencies):.1f} s"
            yield Goal(goal, measured, found.latency <= LATENCY)


def _size(results: Results) -> Iterator[Goal]:
    goal = f"100×3: at most {MEGABYTES} MB of memory and {CPU_SECONDS} s of CPU"
    found = next((process for process in results.processes if process.size == "100×3"), None)
    if found is None:
        yield Goal(goal, "not measured", None)
    else:
        met = found.megabytes <= MEGABYTES and found.cpu <= CPU_SECONDS
        yield Goal(goal, f"{found.megabytes:.0f} MB, {found.cpu:.1f} s", met)
