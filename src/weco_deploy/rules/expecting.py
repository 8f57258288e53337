"""What containers must run once given digests are deployed."""

from __future__ import annotations

from collections.abc import Mapping

from weco_deploy.model.plan import Expected, Snapshot
from weco_deploy.model.project import Environment, Project
from weco_deploy.rules.running import expectation


def expected_of(
    project: Project, environment: Environment, digests: Mapping[str, str | None], seen: Snapshot
) -> dict[str, Expected]:
    """What containers must run where these digests, by image id, are deployed, of the images that were seen.

    A task may report an index's digest or that of its child; the children are known where ECR still has it.
    """
    expected = {}
    for image in project.images:
        view, digest = seen.images.get(image.id), digests.get(image.id)
        if view is None or digest is None:
            continue
        whole = view.manifest is not None and view.manifest.digest == digest
        accepted = view.manifest.accepted if view.manifest is not None and whole else frozenset({digest})
        expected[image.id] = expectation(image.id, image.repository, environment.tag, accepted)
    return expected
