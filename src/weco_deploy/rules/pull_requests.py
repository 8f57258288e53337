"""Decides which pull requests a deployment brought to an environment, by what runs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from weco_deploy.model.commits import CommitsBetween
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.github import DeploymentState, PullRequestMarks

_STATES = {
    DeploymentStatus.IN_PROGRESS: DeploymentState.IN_PROGRESS,
    DeploymentStatus.SUCCEEDED: DeploymentState.SUCCESS,
    DeploymentStatus.FAILED: DeploymentState.FAILURE,
    DeploymentStatus.ROLLED_BACK: DeploymentState.FAILURE,
}


def state_of(deployment: Deployment) -> DeploymentState:
    """The state of the GitHub deployment: `error` if it is not known whether the release runs."""
    return _STATES.get(deployment.status, DeploymentState.ERROR)


def running_images(deployment: Deployment) -> frozenset[str]:
    """The images whose digests the deployment brought, and that run now. After a rollback none does."""
    if deployment.status is DeploymentStatus.ROLLED_BACK or not deployment.finished:
        return frozenset()
    return frozenset(
        image_id for image_id in deployment.images if deployment.ran(image_id) and deployment.worked(image_id)
    )


def marks(
    deployment: Deployment,
    between: Mapping[str, CommitsBetween],
    pull_requests: Mapping[str, Sequence[int]],
) -> PullRequestMarks:
    """The pull requests whose commits run now, in all images that they changed, and those that no longer run.

    Args:
        deployment: the deployment, with its result.
        between: the commits that it added and lost, by image id.
        pull_requests: the numbers of the pull requests that merged a commit, by commit.

    """
    running = running_images(deployment)
    changed: dict[int, set[str]] = {}
    lost: dict[int, set[str]] = {}
    for image_id, commits in between.items():
        for number in _numbers([commit.commit for commit in commits.added], pull_requests):
            changed.setdefault(number, set()).add(image_id)
        for number in _numbers([commit.commit for commit in commits.lost], pull_requests):
            lost.setdefault(number, set()).add(image_id)
    # A pull request that one image gains and another loses runs only in part.
    deployed = tuple(
        number
        for number, images in changed.items()
        if images <= running and not lost.get(number, set()) & running
    )
    removed = tuple(number for number, images in lost.items() if images & running)
    return PullRequestMarks(deployed=deployed, removed=removed)


def _numbers(commits: Sequence[str], pull_requests: Mapping[str, Sequence[int]]) -> Iterator[int]:
    for commit in commits:
        yield from pull_requests.get(commit, ())
