"""From where to where releases are promoted, and what waits there."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.world.projects import project
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.project import Environment
from weco_deploy.model.status import EnvironmentStatus, ImageStatus, Version
from weco_deploy.rules.promotions import commits_to_compare, promotions, waiting

OLD, NEW, REBUILT = (
    Version("sha256:0", "aaaaaaa"),
    Version("sha256:1", "bbbbbbb"),
    Version("sha256:2", "aaaaaaa"),
)


def environment(name: str, **images: Version | None) -> EnvironmentStatus:
    return EnvironmentStatus(
        environment=name,
        images=tuple(
            ImageStatus(image_id=image_id, tag=f"env.{name}", deployed=version, tagged=None)
            for image_id, version in images.items()
        ),
        drifts=(),
        services=(),
    )


def commit(name: str) -> Commit:
    return Commit(commit=name, parents=(), author="ada", date=datetime(2026, 3, 4, tzinfo=UTC), subject=name)


def test_releases_go_from_stage_to_prod_unless_environments_require_others() -> None:
    stage, prod = Environment(id="stage", name="Stage"), Environment(id="prod", name="Prod")
    live = Environment(id="live", name="Live", requires=("prod", "gone"))

    assert promotions(project({}, environments=(stage, prod))) == (("stage", "prod"),)
    assert promotions(project({}, environments=(stage, prod, live))) == (("prod", "live"),)
    assert promotions(project({}, environments=(stage,))) == ()


def test_image_that_was_built_again_from_the_same_commit_does_not_wait() -> None:
    assert waiting(environment("stage", search=REBUILT), environment("prod", search=OLD), {}) is None


def test_commit_of_several_images_counts_once() -> None:
    stage, prod = environment("stage", a=NEW, b=NEW), environment("prod", a=OLD, b=OLD)
    between = {("aaaaaaa", "bbbbbbb"): CommitsBetween(added=(commit("1"), commit("2")), lost=(commit("3"),))}

    assert set(commits_to_compare(stage, prod)) == {("aaaaaaa", "bbbbbbb")}
    found = waiting(stage, prod, between)

    assert found is not None
    assert (found.images, found.commits, found.lost, found.unknown) == (("a", "b"), 2, 1, ())


def test_image_that_the_target_lacks_is_unknown_and_one_that_the_source_lacks_does_not_wait() -> None:
    found = waiting(environment("stage", a=NEW, b=None), environment("prod", a=None, b=OLD), {})

    assert found is not None
    assert (found.images, found.commits, found.unknown) == (("a",), None, ("a",))
