"""Links between the pages of the repository work in the site, too."""

from __future__ import annotations

import pytest

from documentation.repository_pages import repository_path, rewritten, site_path


@pytest.mark.parametrize(
    ("page", "target", "link"),
    [
        ("README.md", "docs/set-up.md", "set-up.md"),
        ("README.md", "docs/decisions", "decisions/README.md"),
        ("README.md", "CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("README.md", "action.yml", "files/action.yml.txt"),
        ("docs/set-up.md", "../README.md#install", "index.md#install"),
        ("docs/set-up.md", "permissions.md#roles", "permissions.md#roles"),
        ("docs/set-up.md", "../examples/.wellcome_project", "files/wellcome_project.txt"),
        ("docs/decisions/README.md", "0009-steps.md", "0009-steps.md"),
        ("docs/reference/project-file.md", "../../examples/.wellcome_project", "../files/wellcome_project.txt"),
        ("CONTRIBUTING.md", "docs/decisions/0009-steps.md", "decisions/0009-steps.md"),
        ("CONTRIBUTING.md", "changelog.d/README.md", "changelog.d/README.md"),
        ("README.md", "https://example.org/a.md", "https://example.org/a.md"),
        ("README.md", "#commands", "#commands"),
    ],
)  # fmt: skip
def test_link_leads_to_the_same_page_of_the_site(page: str, target: str, link: str) -> None:
    assert rewritten(f"see [it]({target}).", page) == f"see [it]({link})."


@pytest.mark.parametrize("path", ["README.md", "SECURITY.md", "docs/json.md", "docs/decisions/README.md"])
def test_page_of_the_site_is_found_in_the_repository(path: str) -> None:
    assert repository_path(site_path(path)) == path
