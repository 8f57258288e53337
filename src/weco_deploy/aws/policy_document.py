"""A policy's statements as JSON, in several policies if IAM does not allow one that is so long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Statement:
    """Allows actions on resources. If there are `tags`, a resource needs one of the values of each.

    `condition` are other keys of the request, which need one of these values each.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    condition: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def json(self) -> Json:
        statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": self.resources,
        }
        keys = {f"aws:ResourceTag/{tag}": values for tag, values in self.tags.items()} | dict(self.condition)
        if not keys:
            return statement
        return {**statement, "Condition": {"StringEquals": keys}}

    def halves(self) -> Iterator[Statement]:
        """Two statements that together allow the same: each has half of the resources, or half of the values of a tag."""
        longest = max(self.tags, key=lambda tag: len(self.tags[tag]), default="")
        if len(self.resources) >= len(self.tags.get(longest, ())):
            for resources in _halves(self.resources):
                yield replace(self, resources=resources)
        else:
            for values in _halves(self.tags[longest]):
                yield replace(self, tags={**self.tags, longest: values})


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy. The two quotas are fixed, and don't count white space (IAM user guide, "IAM and AWS STS quotas")."""

    MOST_MANAGED: ClassVar[int] = 6144
    MOST_INLINE: ClassVar[int] = 10240
    """For all inline policies of a role together."""

    statements: Sequence[Statement]

    @property
    def json(self) -> Json:
        return {"Version": "2012-10-17", "Statement": [statement.json for statement in self.statements]}

    @property
    def length(self) -> int:
        """The number of characters that IAM counts."""
        return len(json.dumps(self.json, separators=(",", ":")))

    @property
    def sids_are_unique(self) -> bool:
        """IAM refuses a policy in which two statements have the same id."""
        return len({statement.sid for statement in self.statements}) == len(self.statements)

    def parts(self) -> Sequence[PolicyDocument]:
        """As few managed policies as fill up one after another, which together allow the same."""
        if self.length <= self.MOST_MANAGED:
            return [self]
        parts: list[PolicyDocument] = []
        for piece in (piece for statement in self.statements for piece in self._pieces(statement)):
            for place, part in enumerate(parts):
                longer = PolicyDocument([*part.statements, piece])
                if longer.length <= self.MOST_MANAGED and longer.sids_are_unique:
                    parts[place] = longer
                    break
            else:
                parts.append(PolicyDocument([piece]))
        return parts

    def _pieces(self, statement: Statement) -> Iterator[Statement]:
        """The statement, in pieces that fit a managed policy each."""
        if PolicyDocument([statement]).length <= self.MOST_MANAGED:
            yield statement
        else:
            for half in statement.halves():
                yield from self._pieces(half)


def _halves(values: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    middle = len(values) // 2
    return values[:middle], values[middle:]
