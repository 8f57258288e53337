"""Projects for the tests of the sandbox."""

from __future__ import annotations

from weco_deploy.model.project import Environment, Image, Project


def project(
    *images: tuple[str, tuple[str, ...]],
    environments: tuple[str, ...] = ("stage",),
    role_arn: str | None = None,
    account_id: str | None = None,
    more_environments: tuple[Environment, ...] = (),
) -> Project:
    """A project with these images, each given with the ids of its services."""
    return Project(
        id="shop",
        name="Shop",
        role_arn=role_arn,
        account_id=account_id,
        release_table="wellcome-releases-shop",
        environments=(*(Environment(id=name, name=name) for name in environments), *more_environments),
        images=tuple(
            Image(id=image_id, repository=f"uk.ac.wellcome/{image_id}", services=services)
            for image_id, services in images
        ),
    )


WEB = project(("web", ("web-api",)))
"""A single image in a single service."""
