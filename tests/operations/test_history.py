"""Releases and deployments are listed and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.operations.runs import deploy_release, release, release_deploy
from tests.world import World, crash
from tests.world.projects import ONE_AND_ONE, project
from weco_deploy.errors import NotFound
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.operations import history
from weco_deploy.operations.release import choose
from weco_deploy.report.history_text import releases_text
from weco_deploy.report.screen import Screen

TWO = project({"search": ["search-api"], "items": ["items-api"]})


def known(*release_ids: str) -> World:
    """A world with releases of these ids, made one a second."""
    world = World.of(ONE_AND_ONE)
    for release_id in release_ids:
        world.pass_time(1)
        world.ports().store.save(replace(release(world.ports()), release_id=release_id))
    return world


def test_the_newest_releases_come_first_as_many_as_wanted() -> None:
    ids = [release.release_id for release in history.releases(known("one-", "two-", "three-").ports(), 2)]

    assert ids == ["three-", "two-"]


def deployed() -> tuple[World, list[str], list[str]]:
    """Two releases, each deployed to stage and then to prod; ids of releases and deployments."""
    world = World.of(ONE_AND_ONE)
    releases, made = [], []
    for _ in range(2):
        world.push("search")
        staged = release_deploy(world, "stage")
        world.pass_time(1)
        made += [staged.deployment_id, deploy_release(world, staged.release_id, "prod").deployment_id]
        releases.append(staged.release_id)
        world.pass_time(1)
    return world, releases, made


def test_deployments_are_listed_the_newest_first() -> None:
    world, _, made = deployed()

    found = history.deployments(world.ports(), release=None, environment_id=None, limit=3)

    assert [deployment.deployment_id for deployment in found] == made[:0:-1]


def test_deployments_of_one_release_or_one_environment_are_listed() -> None:
    world, releases, made = deployed()

    def listed(release_id: str | None, environment_id: str | None) -> list[str]:
        found = history.deployments(
            world.ports(), release=release_id, environment_id=environment_id, limit=10
        )
        return [deployment.deployment_id for deployment in found]

    assert listed(releases[0], None) == [made[1], made[0]]
    assert listed(None, "prod") == [made[3], made[1]]
    assert listed(releases[1][:8], "stage") == [made[2]]


def test_an_environment_that_the_project_file_no_longer_names_keeps_its_history() -> None:
    world, releases, made = deployed()
    stage_only = replace(world.project, environments=world.project.environments[:1])
    ports = replace(world.ports(), project=stage_only)

    def listed(environment_id: str | None) -> list[str]:
        found = history.deployments(ports, release=None, environment_id=environment_id, limit=10)
        return [deployment.deployment_id for deployment in found]

    assert listed(None) == made[::-1]
    assert listed("prod") == [made[3], made[1]]
    of_release = history.release_deployments(ports, choose(ports, releases[0]))
    assert [deployment.deployment_id for deployment in of_release] == [made[1], made[0]]


def test_deployments_of_an_environment_that_does_not_exist_are_not_listed_as_none() -> None:
    with pytest.raises(NotFound, match="no environment 'sateg'"):
        history.deployments(World.of(ONE_AND_ONE).ports(), release=None, environment_id="sateg", limit=1)


def test_a_release_tells_its_deployments() -> None:
    world, releases, made = deployed()
    chosen = choose(world.ports(), releases[0])

    found = history.release_deployments(world.ports(), chosen)

    assert [deployment.deployment_id for deployment in found] == [made[1], made[0]]


def test_the_difference_of_two_releases_names_what_changed_with_its_subjects() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)
    world.pass_time(1)
    world.push("search")
    second = release(world.ports(), save=True)

    found = history.difference(world.ports(), "latest", first.release_id)

    assert dict(found.images) == {"search": (first.versions["search"], second.versions["search"])}
    assert set(found.subjects) == {first.versions["search"].commit, second.versions["search"].commit}


def test_an_image_that_only_one_of_them_has_is_a_difference() -> None:
    world = World.of(TWO)
    first = release(world.ports(), save=True)
    world.pass_time(1)
    world.untag("items", "latest")
    release(world.ports(), save=True, allow_partial=True)

    found = history.difference(world.ports(), "latest", first.release_id)

    assert dict(found.images) == {"items": (first.versions["items"], None)}


def test_a_label_tells_the_images_it_points_at() -> None:
    world = World.of(TWO)
    world.untag("items", "latest")

    found = history.images(world.ports(), "latest")

    assert found["items"] is None
    assert found["search"] is not None
    assert found["search"].digest == world.tag("search", "latest")


def test_release_that_never_succeeded_in_an_environment_is_listed_with_its_status_there() -> None:
    world = World.of(ONE_AND_ONE)
    world.push("search", crash())
    failed = release_deploy(world)
    world.push("search")
    good = release_deploy(world)
    ports = world.ports()

    listed = history.releases(ports, 10)
    calls = len(world.calls)
    found = history.unsuccessful(ports, listed)

    assert [call.name for call in world.calls[calls:]] == ["store.deployment"] * 2  # of these releases only
    assert found[failed.release_id] == {"stage": DeploymentStatus.FAILED}
    assert found[good.release_id] == {}
    text = releases_text(listed, Screen(), ports.clock.utc(), (), found)
    assert "stage (failed)" in text
    assert text.count("stage") == 2
