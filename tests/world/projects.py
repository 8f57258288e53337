"""Projects in words, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from weco_deploy.model.project import DEFAULT_NAMESPACE, Environment, Image, Project


def project(
    images: Mapping[str, Sequence[str]],
    environments: Sequence[str | Environment] = ("stage", "prod"),
    project_id: str = "sample",
    clusters: Sequence[str] = (),
) -> Project:
    """A project: image id → the services that run it, and its environments (ids, or whole ones)."""
    return Project(
        id=project_id,
        name=project_id.replace("_", " ").capitalize(),
        release_table=f"wellcome-releases-{project_id}",
        clusters=tuple(clusters),
        environments=tuple(
            one if isinstance(one, Environment) else Environment(id=one, name=one.capitalize())
            for one in environments
        ),
        images=tuple(
            Image(id=image_id, repository=f"{DEFAULT_NAMESPACE}/{image_id}", services=tuple(services))
            for image_id, services in images.items()
        ),
    )


ONE_AND_ONE = project(images={"search": ["search-api"]})
"""One image, one service, stage and prod."""

FIVE_AND_EIGHT = project(
    images={
        "search": ["search-api", "search-worker"],
        "items": ["items-api"],
        "loader": ["loader", "loader-nightly"],
        "transformer": ["transformer", "pipeline"],
        "merger": ["merger", "pipeline"],
    }
)
"""Five images, eight services; `pipeline` runs two of the images."""

THREE_WAVES = replace(
    project(images={"search": ["search-api"], "items": ["items-api"], "web": ["web", "web-admin"]}),
    after={"items-api": ("search-api",), "web": ("items-api",)},
)
"""Three images: `search-api` and `web-admin` are in the first wave, `items-api` in the second, `web` in the third."""
