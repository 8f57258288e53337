"""Shortens names in the middle, so that no two of them look alike."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

LEAST = 5
"""The fewest characters of a shortened name."""


def short_names(names: Iterable[str], width: int, ellipsis: str = "…") -> dict[str, str]:
    """By name, the name itself if it fits into `width` columns, else its beginning and end.

    Names often differ at the end or at the beginning, so other parts are kept where two shortened names would be alike. A
    name for which no part of this width is unique is not shortened.
    """
    wanted = list(dict.fromkeys(names))
    found = {name: name for name in wanted if cell_len(name) <= width}
    taken = set(wanted)
    for name in wanted:
        if name in found:
            continue
        short = next((short for short in _shortened(name, width, ellipsis) if short not in taken), name)
        found[name] = short
        taken.add(short)
    return {name: found[name] for name in wanted}


def _shortened(name: str, width: int, ellipsis: str) -> Iterable[str]:
    """The ways to shorten a name: with equal parts first, then with a longer end, or a longer beginning."""
    kept = max(width, LEAST) - len(ellipsis)
    half = kept // 2
    tails = sorted(range(kept + 1), key=lambda tail: (abs(tail - (kept - half)), -tail))
    for tail in tails:
        short = name[: kept - tail] + ellipsis + (name[-tail:] if tail else "")
        if cell_len(short) <= max(width, LEAST):
            yield short
