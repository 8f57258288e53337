"""Which CI job runs the tool."""

from __future__ import annotations

from collections.abc import Mapping

# The variables that hold the address of the running build, as each CI's documentation names them.
_ADDRESSES = (
    "BUILDKITE_BUILD_URL",
    "CI_JOB_URL",  # GitLab
    "CIRCLE_BUILD_URL",
    "TRAVIS_BUILD_WEB_URL",
    "CODEBUILD_BUILD_URL",  # AWS CodeBuild
)


def build_url(environ: Mapping[str, str]) -> str | None:
    """The address of the CI build that these environment variables describe, None outside of CI.

    Known: GitHub Actions, Buildkite, GitLab, CircleCI, Jenkins, Travis, Azure Pipelines, TeamCity,
    Bitbucket Pipelines, AWS CodeBuild.
    """
    for name in _ADDRESSES:
        if environ.get(name):
            return environ[name]
    for composed in (_github, _azure, _bitbucket, _teamcity, _jenkins):
        url = composed(environ)
        if url:
            return url
    return None


def _github(environ: Mapping[str, str]) -> str | None:
    server, repository, run = (
        environ.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if not (repository and run):
        return None
    return f"{server or 'https://github.com'}/{repository}/actions/runs/{run}"


def _azure(environ: Mapping[str, str]) -> str | None:
    # The collection's address ends with a slash; a project's name may have spaces.
    collection, project, build = (
        environ.get(name) for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID")
    )
    if not (collection and project and build):
        return None
    return f"{collection.rstrip('/')}/{project.replace(' ', '%20')}/_build/results?buildId={build}"


def _bitbucket(environ: Mapping[str, str]) -> str | None:
    repository, number = (
        environ.get(name) for name in ("BITBUCKET_REPO_FULL_NAME", "BITBUCKET_BUILD_NUMBER")
    )
    if not (repository and number):
        return None
    return f"https://bitbucket.org/{repository}/pipelines/results/{number}"


def _teamcity(environ: Mapping[str, str]) -> str | None:
    # TeamCity sets no address by itself: BUILD_URL is what its users map %teamcity.serverUrl% and the build id to.
    if not environ.get("TEAMCITY_VERSION"):
        return None
    return environ.get("BUILD_URL") or None


def _jenkins(environ: Mapping[str, str]) -> str | None:
    if not (environ.get("JENKINS_URL") or environ.get("BUILD_TAG")):
        return None
    return environ.get("BUILD_URL") or None
