"""What environments are called in the names of clusters and services: `staging` where the environment's id is `stage`.

An environment's name in AWS is the one that makes its services' names like those of the other environments. So
`storage-staging-notifier` and `storage-prod-notifier` are both `storage-{}-notifier`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from weco_deploy.rules.inventory.floating_tags import words_in

PLACEHOLDER = "{}"
_COMMON = 0.5
"""A word may be an environment's name if it is in the names of at least this share of the environment's services."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a service or cluster, and what else tells that it belongs together with names in other environments."""

    name: str
    group: Hashable


Template = tuple[str, Hashable]
"""A name with placeholders, and its group."""


@dataclass(frozen=True, slots=True)
class AwsNames:
    """The name of each environment; None where names don't tell the environment."""

    by_environment: Mapping[str, str | None]
    _environments_with: Mapping[Template, int]

    def template(self, environment: str, named: Named) -> str:
        """The name with placeholders, in the variant that most environments have."""
        variants = _variants(named.name, self.by_environment[environment])
        return max(variants, key=lambda variant: self._environments_with.get((variant, named.group), 0))


def aws_names(named: Mapping[str, Sequence[Named]], *, whole: bool) -> AwsNames:
    """The names of the environments in these names, by environment.

    `whole` says whether an environment's name may be the whole name, as it may be of a cluster.
    """
    made = {
        environment: {
            name: [_templates(item, name) for item in names]
            for name in _candidates(environment, names, whole=whole)
        }
        for environment, names in named.items()
    }
    possible = {environment: _union(by_name.values()) for environment, by_name in made.items()}

    def best(environment: str, others: set[Template]) -> tuple[tuple[int, bool, bool, int, str], str | None]:
        """The best name of an environment, and how good it is: it explains most names, is the id, or none, or short."""
        return max(
            (
                (
                    sum(1 for templates in found if templates & others),
                    name == environment,
                    name is None,
                    -len(name or ""),
                    name or "",
                ),
                name,
            )
            for name, found in made[environment].items()
        )

    chosen: dict[str, str | None] = {}
    known: set[Template] = set()
    while len(chosen) < len(made):
        candidates = {
            environment: best(
                environment,
                known or set().union(*(found for other, found in possible.items() if other != environment)),
            )
            for environment in sorted(made.keys() - chosen.keys())
        }
        # The first environment decides what the others are compared with: one that has its id in its names.
        environment = max(
            candidates, key=lambda environment: (candidates[environment][0][1], candidates[environment][0][0])
        )
        name = candidates[environment][1]
        chosen[environment] = name
        known |= _union([made[environment][name]])
    counted = Counter(
        template for environment, name in chosen.items() for template in _union([made[environment][name]])
    )
    return AwsNames(chosen, counted)


def _union(found: Iterable[Iterable[set[Template]]]) -> set[Template]:
    return {template for by_item in found for templates in by_item for template in templates}


def _candidates(environment: str, named: Sequence[Named], *, whole: bool) -> Sequence[str | None]:
    """What the environment may be called: words that many of its names have, or none."""
    counted: defaultdict[str, int] = defaultdict(int)
    for item in named:
        for word in words_in(item.name):
            if whole or word != item.name or word == environment:
                counted[word] += 1
    least = len(named) * _COMMON
    return [None, *sorted(word for word, number in counted.items() if number >= least or word == environment)]


def _templates(named: Named, name: str | None) -> set[Template]:
    return {(variant, named.group) for variant in _variants(named.name, name)}


def _variants(text: str, name: str | None) -> Sequence[str]:
    """The text with placeholders for the environment's name: for all, for the first, for the last, for none."""
    if name is None:
        return [text]
    found = list(re.finditer(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text))
    if not found:
        return [text]
    everywhere = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", PLACEHOLDER, text)
    alone = [text[: place.start()] + PLACEHOLDER + text[place.end() :] for place in (found[0], found[-1])]
    return [*dict.fromkeys([everywhere, *alone, text])]
