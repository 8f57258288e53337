"""The image tags that mean something to the tool: `ref.<commit>` and `env.<environment id>`."""

from __future__ import annotations

REF_PREFIX = "ref."
"""Begins the tag that names the commit an image was built from. It never moves."""
ENVIRONMENT_PREFIX = "env."
"""Begins the tag that task definitions of an environment use. Deployments move it."""


def commit_tag(commit: str) -> str:
    return f"{REF_PREFIX}{commit}"


def environment_tag(environment_id: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{environment_id}"
