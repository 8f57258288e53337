"""Projects that the tests of the sandbox use."""

from __future__ import annotations

from weco_deploy.model.project import Environment, Image, Project


def project(
    *images: tuple[str, tuple[str, ...]],
    environments: tuple[str, ...] = ("stage",),
    role_arn: str | None = None,
    account_id: str | None = None,
    places: tuple[Environment, ...] = (),
) -> Project:
    """A project of these images, each with the ids of its services."""
    return Project(
        id="shop",
        name="Shop",
        role_arn=role_arn,
        account_id=account_id,
        release_table="wellcome-releases-shop",
        environments=(*(Environment(id=name, name=name) for name in environments), *places),
        images=tuple(
            Image(id=image_id, repository=f"uk.ac.wellcome/{image_id}", services=services)
            for image_id, services in images
        ),
    )


WEB = project(("web", ("web-api",)))
"""One image in one service."""
