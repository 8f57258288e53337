"""The image tags that the tool uses: `ref.<commit>`, and the floating tags of environments."""

from __future__ import annotations

REF_PREFIX = "ref."
"""The prefix of tags that name an image's commit. They never move."""
DEFAULT_TAG = "env.{environment}"
"""The template of floating tags, which are in an environment's task definitions, and which deployments move."""


def commit_tag(commit: str) -> str:
    return f"{REF_PREFIX}{commit}"
