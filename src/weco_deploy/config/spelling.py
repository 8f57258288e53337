"""Keys that nothing reads, and names that are nearly another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from weco_deploy.config.nodes import Fault, Spot, fault
from weco_deploy.config.schema import Entry, EnvironmentEntry, ImageEntry, ProjectEntry, ServiceEntry

_LENGTH, _COMPARED = 100, 500  # comparing all of a huge file with all of it would take minutes


def unknown_keys(root: Spot) -> Iterator[Fault]:
    """A warning for each key that has no meaning where it stands."""
    for project in root.entries():
        yield from _unknown(project, ProjectEntry)
        for environment in project.items("environments"):
            yield from _unknown(environment, EnvironmentEntry)
        for image in project.items("image_repositories"):
            yield from _unknown(image, ImageEntry)
            for service in image.items("services"):
                yield from _unknown(service, ServiceEntry)


def meant(given: str, known: Iterable[str]) -> str:
    """` (did you mean 'stage'?)` if one of `known` is close to `given`, else nothing."""
    close = get_close_matches(given[:_LENGTH], list(islice(known, _COMPARED)), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _unknown(spot: Spot, entry: type[Entry]) -> Iterator[Fault]:
    for child in spot.entries():
        key = str(child.path[-1])
        if key not in entry.model_fields:
            yield fault(child, f"unknown key, ignored{meant(key, entry.model_fields)}")
