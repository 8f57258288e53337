"""Version tags: which tags of an image name its version, by the patterns of the project."""

from __future__ import annotations

import pytest

from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.tags import (
    DEFAULT_REFS,
    asked_for,
    holds_commit,
    tags_of_commit,
    version_in,
    version_tag,
    version_tags,
)

COMMIT = "3f2a9c1d" * 5


@pytest.mark.parametrize(
    ("pattern", "tag", "version"),
    [
        ("ref.{commit}", f"ref.{COMMIT}", COMMIT),
        ("{commit}", COMMIT, COMMIT),
        ("{commit}", COMMIT[:7], COMMIT[:7]),
        ("{commit}", COMMIT[:6], None),
        ("{commit}", f"{COMMIT}0", None),
        ("{commit}", COMMIT.upper(), None),
        ("{commit}", "latest", None),
        ("main-{commit}.amd64", f"main-{COMMIT}.amd64", COMMIT),
        ("main-{commit}.amd64", f"main-{COMMIT}xamd64", None),
        ("v{version}", "v1.10.2-rc1", "1.10.2-rc1"),
        ("v{version}", "v", None),
        ("{version}", "2026.07-build_3", "2026.07-build_3"),
    ],
)
def test_tag_matches_a_pattern_with_its_commit_or_version(
    pattern: str, tag: str, version: str | None
) -> None:
    assert version_in(tag, pattern) == version


def versions(
    *tags: str, refs: tuple[str, ...] = DEFAULT_REFS, label: str | None = None
) -> list[tuple[str, str]]:
    return [(found.tag, found.version) for found in version_tags(tags, refs, label)]


def test_first_pattern_that_any_tag_matches_counts_alone() -> None:
    both = ("{commit}", "v{version}")
    assert versions("v1.2", COMMIT, refs=both) == [(COMMIT, COMMIT)]
    assert versions("v1.2", "v1.3", "beta", refs=both) == [("v1.2", "1.2"), ("v1.3", "1.3")]
    assert versions("beta", refs=both) == []


def test_all_commits_of_one_image_are_kept_in_alphabetical_order() -> None:
    assert versions("ref.bbbbbbb", "latest", "ref.aaaaaaa") == [
        ("ref.aaaaaaa", "aaaaaaa"),
        ("ref.bbbbbbb", "bbbbbbb"),
    ]


def test_latest_and_the_label_are_no_versions_where_any_text_is_one() -> None:
    assert versions("latest", "1.2", "candidate", refs=("{version}",), label="candidate") == [("1.2", "1.2")]
    assert versions("latest", refs=("{version}",)) == []


def test_label_is_the_version_where_no_other_tag_is_left() -> None:
    assert versions("latest", "1.2", refs=("{version}",), label="1.2") == [("1.2", "1.2")]


def test_commit_that_was_asked_for_by_another_pattern_is_found() -> None:
    refs = ("{commit}", "ref.{commit}")
    found = version_tags(["aaaaaaa", "bbbbbbb", "ref.bbbbbbb"], refs)
    chosen = asked_for("ref.bbbbbbb", found, refs)
    assert chosen is not None
    assert chosen.tag == "bbbbbbb"
    assert asked_for("latest", found, refs) is None
    assert asked_for(None, found, refs) is None


def test_version_is_written_by_the_first_pattern_that_it_fits() -> None:
    assert version_tag(COMMIT, ("{commit}", "v{version}")) == COMMIT
    assert version_tag("1.2", ("{commit}", "v{version}")) == "v1.2"
    assert version_tag("1.2", ("{commit}",)) is None


def test_tags_of_a_commit_have_its_full_id_or_an_abbreviation() -> None:
    abbreviations = [COMMIT[:digits] for digits in (12, 11, 10, 9, 8, 7)]

    assert tags_of_commit(COMMIT, DEFAULT_REFS) == tuple(f"ref.{text}" for text in (COMMIT, *abbreviations))
    assert tags_of_commit(COMMIT, ("v{version}", "{commit}-amd64")) == tuple(
        f"{text}-amd64" for text in (COMMIT, *abbreviations)
    )


def test_pattern_of_versions_holds_no_commit() -> None:
    assert tags_of_commit(COMMIT, ("v{version}",)) == ()
    assert not holds_commit("v{version}")
    assert holds_commit("{commit}")
    assert holds_commit(DEFAULT_REFS[0])


def project(tag: str) -> Project:
    environments = tuple(Environment(id=name, name=name) for name in ("2026-07-03", "stage"))
    image = Image(id="web", repository="web", tag=tag)
    return Project(
        id="shop", name="Shop", release_table="t", environments=environments, images=(image,), tag=tag
    )


@pytest.mark.parametrize(
    ("tag", "left"),
    [
        ("env.{environment}", ("1.2", "2026-07-03", "stage")),
        ("{environment}", ("env.stage", "env.gone", "1.2")),
    ],
)
def test_tags_of_environments_are_floating_also_of_those_that_are_gone(
    tag: str, left: tuple[str, ...]
) -> None:
    tags = ("env.stage", "env.gone", "1.2", "2026-07-03", "stage")
    assert project(tag).without_floating(tags) == left
