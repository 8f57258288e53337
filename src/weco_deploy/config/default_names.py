"""The default names of repositories and tables."""

from __future__ import annotations


def repository(namespace: str, image_id: str) -> str:
    return f"{namespace}/{image_id}"


def release_table(project_id: str) -> str:
    return f"wellcome-releases-{project_id}"
