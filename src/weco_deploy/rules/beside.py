"""What an environment has to get back besides the release that it goes back to.

Releases may be partial: deploying an earlier one does not put back the images that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from weco_deploy.model.deployment import Deployment, ImageChange


def found_before(deployments: Iterable[Deployment]) -> Mapping[str, str]:
    """By image, the digest that its tag pointed at before these deployments (the newest first) moved it."""
    first = {
        image_id: change.from_digest
        for one in deployments
        for image_id, change in one.images.items()
        if change.from_digest != change.to_digest
    }
    return {image_id: digest for image_id, digest in first.items() if digest is not None}


def beside(left: Sequence[Deployment], kept: Sequence[Deployment]) -> Mapping[str, str]:
    """By image, the digest to put back where deployments are left behind; none that is there all the while.

    `left` are those deployments, `kept` the one that is gone back to and those before it; both the newest
    first. An image gets what its tag pointed at before the deployments that are left. Where that is what
    did not work when it was deployed, it gets what worked there last.
    """
    wanted: dict[str, str] = {}
    for image_id in {image_id for one in left for image_id in one.images}:
        changes = [one.images[image_id] for one in left if image_id in one.images]
        digest = _standing(image_id, changes[-1], kept)
        if digest is not None and any({one.from_digest, one.to_digest} != {digest} for one in changes):
            wanted[image_id] = digest
    return wanted


def _standing(image_id: str, leaving: ImageChange, kept: Sequence[Deployment]) -> str | None:
    """What the image's tag pointed at before the first change that is left, or what worked there before that.

    Where nothing is known to have worked, it is what was there before the first of those that did not.
    """
    history = [one for one in kept if image_id in one.images]
    applied = [one for one in history if one.images[image_id].applied]
    of_it = [one for one in applied if one.images[image_id].to_digest == leaving.from_digest]
    if not of_it or any(one.worked(image_id) for one in of_it):
        return leaving.from_digest
    worked = next((one.images[image_id].to_digest for one in applied if one.worked(image_id)), None)
    return worked or history[-1].images[image_id].from_digest
