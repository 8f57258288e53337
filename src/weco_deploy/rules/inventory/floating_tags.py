"""Which tags in task definitions are floating, and the environments that they are for.

`env.<environment>` always is. Another pattern is, if it occurs with two or more values that are environments: each is in the names of the
services or clusters that use it, or several repositories have the same values. Versions, build numbers, commits and `latest` never are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from weco_deploy.model.tags import DEFAULT_TAG, LATEST

ENVIRONMENT = "{environment}"
_USUAL = DEFAULT_TAG.removesuffix(ENVIRONMENT)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FEWEST = 2
"""Of environments with a pattern, and of repositories with the same environments."""


@dataclass(frozen=True, slots=True)
class TagUse:
    """A tag of a repository in the task definition of a service. `words` are those in the names of service and cluster."""

    repository: str
    tag: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class FloatingTags:
    """The template of each repository's tags, the environment of each tag, and why other tags are not floating."""

    templates: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[tuple[str, str], str] = field(default_factory=dict)
    rejected: Mapping[tuple[str, str], str] = field(default_factory=dict)


def words_in(name: str) -> frozenset[str]:
    """The words and sequences of words in a name, as they stand between `-` and `_`."""
    starts = [0, *(found.end() for found in re.finditer("[-_]", name))]
    ends = [*(found.start() for found in re.finditer("[-_]", name)), len(name)]
    return frozenset(name[start:end] for start in starts for end in ends if start < end)


def floating_tags(uses: Iterable[TagUse]) -> FloatingTags:
    words: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for use in uses:
        words[use.repository][use.tag] |= use.words
    values: dict[str, dict[str, str]] = {}
    templates: dict[str, str] = {}
    for repository, tags in words.items():
        template, found = _pattern(tags)
        if found:
            templates[repository], values[repository] = template, found
    accepted = {
        repository
        for repository, found in values.items()
        if templates[repository] == DEFAULT_TAG
        or all(value in words[repository][tag] for tag, value in found.items())
        or _shared_with_others(repository, templates, values)
    }
    known: defaultdict[str, set[str]] = defaultdict(set)
    for repository in accepted:
        known[templates[repository]] |= set(values[repository].values())
    for repository, tags in words.items():
        if repository not in accepted and (match := _known_pattern(tags, known)):
            templates[repository], values[repository] = match
            accepted.add(repository)
    return FloatingTags(
        {repository: templates[repository] for repository in sorted(accepted)},
        {(repository, tag): value for repository in accepted for tag, value in values[repository].items()},
        {
            (repository, tag): _why_not(
                tag, tags, templates.get(repository) if repository in accepted else None
            )
            for repository, tags in words.items()
            for tag in tags
            if repository not in accepted or tag not in values[repository]
        },
    )


def _pattern(tags: Mapping[str, set[str]]) -> tuple[str, dict[str, str]]:
    """The template of a repository's floating tags, and the value in each tag; none if there is no pattern."""
    usual = {tag: tag.removeprefix(_USUAL) for tag in tags if tag.startswith(_USUAL) and tag != _USUAL}
    if usual:
        return DEFAULT_TAG, usual
    candidates: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for tag in sorted(tags):
        if not is_version(tag, tags[tag]):
            for before, value, after in _splits(tag):
                candidates[before, after][tag] = value
    # The longest text around the placeholder leaves the shortest values: live-{environment}, not {environment}.
    best = max(
        (affixes for affixes, found in candidates.items() if len(found) >= _FEWEST),
        key=lambda affixes: (len(candidates[affixes]), len("".join(affixes)), affixes),
        default=None,
    )
    return ("", {}) if best is None else (f"{best[0]}{ENVIRONMENT}{best[1]}", candidates[best])


def _splits(tag: str) -> Iterable[tuple[str, str, str]]:
    """All ways to take a sequence of words out of a tag: what is before it, the words, and what is after it."""
    starts = [0, *(found.end() for found in re.finditer("[._-]", tag))]
    ends = [*(found.start() for found in re.finditer("[._-]", tag)), len(tag)]
    return [(tag[:start], tag[start:end], tag[end:]) for start in starts for end in ends if start < end]


def _shared_with_others(
    repository: str, templates: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> bool:
    """Whether another repository has the same pattern with two or more of the same values."""
    ours = set(values[repository].values())
    return any(
        other != repository
        and templates[other] == templates[repository]
        and len(ours & set(found.values())) >= _FEWEST
        for other, found in values.items()
    )


def _known_pattern(tags: Iterable[str], known: Mapping[str, set[str]]) -> tuple[str, dict[str, str]] | None:
    """A pattern of other repositories, and the tags that are of it: with one of their environments."""
    for template, environments in sorted(known.items()):
        made = {template.replace(ENVIRONMENT, value): value for value in environments}
        found = {tag: made[tag] for tag in tags if tag in made}
        if found:
            return template, found
    return None


def is_version(tag: str, words: Iterable[str] = ()) -> bool:
    """Whether a tag is `latest`, or looks like a commit, a version, a build number or a date.

    A date that is in the names of the services or clusters (`words`) is an environment.
    """
    if tag == LATEST:
        return True
    if any(date in words for date in _DATE.findall(tag)):
        return False
    parts = re.split("[._-]", tag)
    commit = any(re.fullmatch("[0-9a-f]{7,40}", part) and re.search("[0-9]", part) for part in parts)
    number = re.fullmatch("v?[0-9]+", parts[-1]) or re.match(r"v?[0-9]+(\.[0-9]|$)", tag)
    return bool(commit or number)


def _why_not(tag: str, tags: Iterable[str], template: str | None) -> str:
    if tag == LATEST:
        return f"{LATEST} is not the tag of an environment"
    if template is not None:
        return f"the tag is not like the others of its repository, {template}"
    if is_version(tag):
        return "the tag is a version, not that of an environment"
    if len(set(tags)) < _FEWEST:
        return f"the tag is not {_USUAL}…, and no other environment has one like it"
    return f"the tags of the repository name no environments: {', '.join(sorted(tags))}"


def shared_by_environments(
    services: Iterable[tuple[Mapping[str, str], frozenset[str]]],
    floating: FloatingTags,
) -> Mapping[str, str]:
    """The repositories with a tag that several environments share, with the tag.

    Args:
        services: of each service the floating tags by repository, and the words in the names of service and cluster.
        floating: the environments of the tags.

    """
    environments = set(floating.environments.values())
    uses: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for tags, words in services:
        for repository, tag in tags.items():
            own = floating.environments[repository, tag]
            others = {
                floating.environments[other, other_tag]
                for other, other_tag in tags.items()
                if other != repository
            }
            if not others:
                named = environments & words
                others = {own} if own in named or len(named) != 1 else named
            uses[repository, tag].update(others)
    return {repository: tag for (repository, tag), found in sorted(uses.items()) if len(found) > 1}
