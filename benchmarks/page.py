"""Writes what was measured: as lines, as tables, and into docs/performance.md, with the plots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks import plots
from benchmarks.comparison import Compared
from benchmarks.goals import Goal, Results, goals
from benchmarks.processes import Process
from benchmarks.rollouts import Rollout

DOCS = Path(__file__).parent.parent / "docs"
PAGE, PLOTS = DOCS / "performance.md", DOCS / "performance"
BEGIN, END = "<!-- make bench-full writes this -->", "<!-- until here -->"
_MET = {True: "yes", False: "**no**", None: "–"}


def rollout_line(measured: Rollout) -> str:
    return f"{measured.case.name}: " + ", ".join(
        f"{heading} {cell}" for heading, cell in zip(_HEADINGS[1:], _cells(measured), strict=True)
    )


def comparison_line(measured: Compared) -> str:
    return (
        f"{measured.size} with {measured.tool}: {measured.seconds:.0f} s, {measured.calls} calls, {measured.right} of "
        f"{measured.services} services run the new version, {measured.cpu:.0f} s of CPU, {measured.ended}"
    )


def process_line(measured: Process) -> str:
    return (
        f"{measured.size} as a process: {measured.megabytes:.0f} MB, {measured.cpu:.1f} s of CPU, "
        f"{measured.seconds:.0f} s, exit code {measured.code}"
    )


def goals_table(found: Iterable[Goal]) -> str:
    rows = [[goal.goal, goal.measured, _MET[goal.met]] for goal in found]
    return _table(["goal", "measured", "met"], rows)


def write(results: Results) -> None:
    """Replace the measured part of docs/performance.md, and its plots."""
    PLOTS.mkdir(exist_ok=True)
    images = list(plots.draw(results, PLOTS))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + "\n\n".join((BEGIN, *_sections(results, images), END)) + after)


def _sections(results: Results, images: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "### Goals"
    yield goals_table(goals(results))
    yield "### Deployments"
    yield _table(_HEADINGS, [[measured.case.name, *_cells(measured)] for measured in results.rollouts])
    yield "### Next to other tools"
    yield _table(
        [
            "size",
            "tool",
            "seconds",
            "seconds a service",
            "services with the new version",
            "calls",
            "seconds of CPU",
            "ended with",
        ],
        [
            [
                measured.size,
                measured.tool,
                f"{measured.seconds:.0f}",
                "–" if measured.seconds_a_service is None else f"{measured.seconds_a_service:.1f}",
                f"{measured.right} of {measured.services}",
                f"{measured.calls}",
                f"{measured.cpu:.0f}" if measured.cpu >= 1 else "",
                measured.ended,
            ]
            for measured in results.compared
        ],
    )
    yield "### Processes"
    yield _table(
        ["size", "memory, MB", "CPU, s"],
        [
            [measured.size, f"{measured.megabytes:.0f}", f"{measured.cpu:.1f}"]
            for measured in results.processes
        ],
    )
    yield "### History"
    yield _table(
        ["calls of the command", *(f"{measured.releases:,} releases" for measured in results.commands)],
        [
            [f"`{name}`", *(str(measured.calls[name]) for measured in results.commands)]
            for name in results.commands[0].calls
        ],
    )
    yield "### Curves"
    yield from (f"![{caption}](performance/{file})" for file, caption in images)


_HEADINGS = [
    "deployment",
    "calls until the last UpdateService",
    "one after another",
    "all calls",
    "seconds to the last UpdateService",
    "to what the limits dictate",
    "verdict after, s",
    "at most, s",
    "largest poll",
    "refused",
    "ended",
]


def _cells(measured: Rollout) -> list[str]:
    largest = max(measured.polls, key=lambda poll: poll.total)
    return [
        f"{measured.calls}",
        # Where AWS's limits decide, calls follow one another because they wait for tokens, not for answers.
        f"{len(measured.chain)}" if measured.ratio is None else "–",
        f"{measured.total_calls}",
        f"{measured.redeploying:.1f}",
        "–" if measured.ratio is None else f"{measured.ratio:.2f}",
        f"{measured.latency:.1f}",
        f"{max(measured.latencies):.1f}",
        f"{largest.total} (S {largest.services}, T {largest.tasks}, bound {largest.bound})",
        f"{measured.refused}",
        ", ".join(dict.fromkeys(measured.statuses)),
    ]


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, ["---"] * len(headings), *rows))
