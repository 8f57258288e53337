"""Draws the curves of docs/performance.md, as SVG files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.goals import Results
from benchmarks.rollouts import Rollout

mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same file for the same figures


def draw(results: Results, directory: Path) -> Iterator[tuple[str, str]]:
    """Draw each plot into the directory. Yields their files' names and captions."""
    plain = [
        found
        for found in results.rollouts
        if found.case.runs == 1 and found.case.part == 1 and not found.case.role
    ]
    curves: tuple[tuple[str, str, Callable[[Rollout], int], Callable[[Rollout], bool]], ...] = (
        ("images", "images, with two services each", _images, lambda found: _is(found, services=2, others=0)),
        (
            "services",
            "services of each of ten images",
            _services,
            lambda found: _is(found, images=10, others=0),
        ),
        (
            "others",
            "other services in the account, at 50×3",
            _others,
            lambda found: _is(found, images=50, services=3),
        ),
    )
    for name, label, place, belongs in curves:
        chosen = sorted(filter(belongs, plain), key=place)
        figure = _figure(label, [place(found) for found in chosen], chosen)
        yield _saved(figure, directory, f"{name}.svg"), f"Seconds and calls by the number of {label}"
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    releases = [measured.releases for measured in results.commands]
    for command in results.commands[0].calls:
        axes.plot(
            releases, [measured.calls[command] for measured in results.commands], marker="o", label=command
        )
    axes.set(xlabel="releases in the record", ylabel="calls", xscale="log", ylim=(0, None))
    axes.legend(fontsize="xx-small", loc="center left", bbox_to_anchor=(1, 0.5))
    yield _saved(figure, directory, "history.svg"), "Calls of each command by the number of releases"


def _figure(label: str, places: Sequence[int], chosen: Sequence[Rollout]) -> Figure:
    figure = Figure(figsize=(7, 3), layout="constrained")
    seconds, calls = figure.subplots(1, 2)
    seconds.plot(
        places, [found.redeploying for found in chosen], marker="o", label="to the last UpdateService"
    )
    seconds.plot(
        places, [found.dictated for found in chosen], linestyle="--", label="what AWS's limits dictate"
    )
    seconds.plot(places, [found.duration for found in chosen], marker="o", label="to the verdict")
    seconds.set(xlabel=label, ylabel="seconds", ylim=(0, None))
    seconds.legend(fontsize="x-small")
    calls.plot(places, [found.calls for found in chosen], marker="o", label="to the last UpdateService")
    calls.plot(places, [found.total_calls for found in chosen], marker="o", label="all")
    calls.set(xlabel=label, ylabel="calls", ylim=(0, None))
    calls.legend(fontsize="x-small")
    return figure


def _saved(figure: Figure, directory: Path, name: str) -> str:
    figure.savefig(directory / name, metadata={"Date": None})
    return name


def _is(
    found: Rollout, images: int | None = None, services: int | None = None, others: int | None = None
) -> bool:
    wanted = ((images, found.case.images), (services, found.case.services), (others, found.case.others))
    return all(expected in {None, actual} for expected, actual in wanted)


def _images(found: Rollout) -> int:
    return found.case.images


def _services(found: Rollout) -> int:
    return found.case.services


def _others(found: Rollout) -> int:
    return found.case.others
