"""Ids of services, and the template of their names: `storage-{environment}-{service}`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from weco_deploy.rules.inventory.families import Family

SERVICE = "{service}"


def service_name(names: Iterable[str]) -> str:
    """The template that describes most of these templates of names, with {service} for what differs. The shortest if several do."""
    counted = Counter(template for name in names for template in {template for template, _ in _splits(name)})
    return min(counted, key=lambda template: (-counted[template], len(template), template), default=SERVICE)


def service_id(name: str, template: str) -> str | None:
    """What {service} stands for in a name; None if the template doesn't describe it."""
    return next((service for candidate, service in _splits(name) if candidate == template), None)


def ids(families: Sequence[Family], template: str) -> Mapping[int, str]:
    """The id of each family, by its number. No two are the same."""
    taken = {family.tagged_id for family in families if family.tagged_id}
    chosen: dict[int, str] = {}
    for number, family in enumerate(families):
        if family.tagged_id:
            chosen[number] = family.tagged_id
            continue
        wanted = service_id(family.name, template) or _plain(family)
        chosen[number] = next(text for text in _numbered(wanted) if text not in taken)
        taken.add(chosen[number])
    return chosen


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """The templates that a name may have been made from, each with the id: words without a placeholder among them."""
    separators = [found for found in re.finditer(r"\{[a-z0-9_]+\}|[-_]", name) if found[0] in {"-", "_"}]
    starts = [0, *(found.end() for found in separators)]
    ends = [*(found.start() for found in separators), len(name)]
    for start in starts:
        for end in ends:
            if start < end and "{" not in name[start:end]:
                yield name[:start] + SERVICE + name[end:], name[start:end]


def _plain(family: Family) -> str:
    """An id from the name without placeholders, or else from the image."""
    words = re.sub(r"\{[a-z0-9_]+\}", "", family.name).strip("-_")
    text = re.sub("[-_]{2,}", "-", words)
    if text:
        return text
    return min(family.repositories).rpartition("/")[2]


def _numbered(text: str) -> Iterator[str]:
    yield text
    number = 2
    while True:
        yield f"{text}-{number}"
        number += 1
