"""The address of the CI build that runs the tool."""

from __future__ import annotations

from collections.abc import Mapping

# Variables with the address of the running build, from the documentation of each CI system.
_URL_VARIABLES = (
    "BUILDKITE_BUILD_URL",
    "CI_JOB_URL",  # GitLab
    "CIRCLE_BUILD_URL",
    "TRAVIS_BUILD_WEB_URL",
    "CODEBUILD_BUILD_URL",  # AWS CodeBuild
)


def build_url(environ: Mapping[str, str]) -> str | None:
    """The address of the CI build that these environment variables describe; None outside of CI.

    It supports GitHub Actions, Buildkite, GitLab, CircleCI, Jenkins, Travis, Azure Pipelines, TeamCity, Bitbucket Pipelines
    and AWS CodeBuild.
    """
    for name in _URL_VARIABLES:
        if environ.get(name):
            return environ[name]
    for provider_url in (_github, _azure, _bitbucket, _teamcity, _jenkins):
        url = provider_url(environ)
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
    # The collection's address ends with a slash; a project's name may contain spaces.
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
    # TeamCity sets no such variable. Its users set BUILD_URL from %teamcity.serverUrl% and the build id.
    if not environ.get("TEAMCITY_VERSION"):
        return None
    return environ.get("BUILD_URL") or None


def _jenkins(environ: Mapping[str, str]) -> str | None:
    if not (environ.get("JENKINS_URL") or environ.get("BUILD_TAG")):
        return None
    return environ.get("BUILD_URL") or None
