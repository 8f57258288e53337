import pytest

from weco_deploy.local.ci import build_url


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param(
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_REPOSITORY": "acme/shop",
                "GITHUB_RUN_ID": "17",
            },
            "https://github.example/acme/shop/actions/runs/17",
            id="GitHub Actions",
        ),
        pytest.param(
            {"GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "17"},
            "https://github.com/acme/shop/actions/runs/17",
            id="GitHub Actions without a server",
        ),
        pytest.param(
            {"BUILDKITE_BUILD_URL": "https://buildkite.com/acme/shop/builds/17"},
            "https://buildkite.com/acme/shop/builds/17",
            id="Buildkite",
        ),
        pytest.param(
            {"GITLAB_CI": "true", "CI_JOB_URL": "https://gitlab.com/acme/shop/-/jobs/17"},
            "https://gitlab.com/acme/shop/-/jobs/17",
            id="GitLab",
        ),
        pytest.param(
            {"CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/shop/17"},
            "https://circleci.com/gh/acme/shop/17",
            id="CircleCI",
        ),
        pytest.param(
            {"JENKINS_URL": "https://ci.example/", "BUILD_URL": "https://ci.example/job/shop/17/"},
            "https://ci.example/job/shop/17/",
            id="Jenkins",
        ),
        pytest.param(
            {"TRAVIS_BUILD_WEB_URL": "https://app.travis-ci.com/acme/shop/builds/17"},
            "https://app.travis-ci.com/acme/shop/builds/17",
            id="Travis",
        ),
        pytest.param(
            {
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
                "SYSTEM_TEAMPROJECT": "the shop",
                "BUILD_BUILDID": "17",
            },
            "https://dev.azure.com/acme/the%20shop/_build/results?buildId=17",
            id="Azure Pipelines",
        ),
        pytest.param(
            {"TEAMCITY_VERSION": "2024.03", "BUILD_URL": "https://tc.example/build/17"},
            "https://tc.example/build/17",
            id="TeamCity",
        ),
        pytest.param(
            {"BITBUCKET_REPO_FULL_NAME": "acme/shop", "BITBUCKET_BUILD_NUMBER": "17"},
            "https://bitbucket.org/acme/shop/pipelines/results/17",
            id="Bitbucket",
        ),
        pytest.param(
            {"CODEBUILD_BUILD_URL": "https://eu-west-1.console.aws.amazon.com/codebuild/home#17"},
            "https://eu-west-1.console.aws.amazon.com/codebuild/home#17",
            id="CodeBuild",
        ),
    ],
)
def test_build_url_of_each_ci_system(environ: dict[str, str], expected: str) -> None:
    assert build_url({"HOME": "/home/ci", **environ}) == expected


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"BUILDKITE_BUILD_URL": ""}, id="an empty variable"),
        pytest.param({"BUILD_URL": "https://my.example/"}, id="a BUILD_URL of no known CI"),
        pytest.param({"GITHUB_REPOSITORY": "acme/shop"}, id="half of GitHub's"),
        pytest.param({"BITBUCKET_BUILD_NUMBER": "17"}, id="half of Bitbucket's"),
        pytest.param({"SYSTEM_TEAMPROJECT": "shop", "BUILD_BUILDID": "17"}, id="half of Azure's"),
    ],
)
def test_build_url_is_none_outside_of_ci(environ: dict[str, str]) -> None:
    assert build_url(environ) is None
