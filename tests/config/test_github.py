"""What is written to GitHub, in the project file."""

from __future__ import annotations

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.model.github import GitHubSettings


def project(github: str, environment: str = "{id: prod}") -> str:
    """A project with `github` on line 2 and its environment on line 3."""
    return (
        f"shop:\n  github: {github}\n  environments: [{environment}]\n  image_repositories: [{{id: web}}]\n"
    )


def test_only_what_is_named_is_written(loaded: Load) -> None:
    assert loaded(project("{labels: true}")).projects["shop"].github == GitHubSettings(labels=True)


@pytest.mark.parametrize("github", ["", "{labels: false}"])
def test_nothing_is_written_by_default(loaded: Load, github: str) -> None:
    assert loaded(project(github)).projects["shop"].github is None


def test_environment_has_an_address(loaded: Load) -> None:
    shop = loaded(project("", "{id: prod, url: 'https://shop.example.org'}")).projects["shop"]

    assert shop.environment("prod").url == "https://shop.example.org"


@pytest.mark.parametrize(
    ("github", "environment", "expected"),
    [
        (
            "acme/shop",
            "{id: prod}",
            "line 2, shop.github: found 'acme/shop', expected a mapping with deployments, labels or comments",
        ),
        (
            "{}",
            "{id: prod}",
            "line 2, shop.github: found none of deployments, labels, comments, expected at least one of them",
        ),
        ("{labels: perhaps}", "{id: prod}", "line 2, shop.github.labels: found 'perhaps', "),
        (
            "",
            "{id: prod, url: shop}",
            "line 3, shop.environments[0].url: found 'shop', expected a URL that begins with https://",
        ),
    ],
)
def test_invalid_values_are_problems(
    problems: Problems, github: str, environment: str, expected: str
) -> None:
    (problem,) = problems(project(github, environment))

    assert problem.startswith(expected)


def test_unknown_key_is_a_warning(loaded: Load) -> None:
    (warning,) = loaded(project("{labels: true, comment: true}")).warnings

    assert "shop.github.comment: unknown key, ignored (did you mean 'comments'?)" in warning
