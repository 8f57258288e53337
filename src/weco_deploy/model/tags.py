"""The image tags that the tool uses: `ref.<commit>` and `env.<environment id>`."""

from __future__ import annotations

REF_PREFIX = "ref."
"""The prefix of tags that name an image's commit. They never move."""
ENVIRONMENT_PREFIX = "env."
"""The prefix of the tags in an environment's task definitions. Deployments move them."""


def commit_tag(commit: str) -> str:
    return f"{REF_PREFIX}{commit}"


def environment_tag(environment_id: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{environment_id}"
