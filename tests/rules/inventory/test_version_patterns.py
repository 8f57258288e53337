"""The patterns of version tags."""

from __future__ import annotations

import pytest

from weco_deploy.rules.inventory.version_patterns import version_patterns

COMMIT = "0a1b2c3d4e" * 4


@pytest.mark.parametrize(
    ("images", "patterns"),
    [
        ([{f"ref.{COMMIT}", "latest"}], ["ref.{version}"]),
        ([{COMMIT}], ["{commit}"]),
        ([{COMMIT[:7]}], ["{commit}"]),
        ([{f"build-{COMMIT}-amd64"}], ["build-{commit}-amd64"]),
        ([{"v1.2.3"}], ["v{version}"]),
        ([{"1.2"}], ["{version}"]),
        ([{f"ref.{COMMIT}", COMMIT}], ["ref.{version}"]),
        ([{COMMIT, "1.2.3"}, {COMMIT}], ["{commit}"]),
        ([{f"ref.{COMMIT}"}, {COMMIT}, {COMMIT[:7]}], ["{commit}", "ref.{version}"]),
        ([{"latest", "main", "1234567", "deadbee"}], []),
        ([], []),
    ],
)
def test_patterns_are_the_fewest_that_describe_all_images(
    images: list[set[str]], patterns: list[str]
) -> None:
    assert version_patterns(images) == patterns
