"""What every ReleaseStore does: releases, deployments and 5.x's history. How an environment is held: test_claim.py and its neighbours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.contracts.records_samples import (
    CLUSTER,
    a_deployment,
    a_release,
    claimed,
    deployment_of_5x,
    minutes,
    new_id,
    release_of_5x,
)
from tests.contracts.records_setting import StoreSetting
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.project import Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.service import ServiceKey
from weco_deploy.ports import ReleaseStore

BOTH = ("stage", "prod")


def deployed(store: ReleaseStore, release: Release, environment: str, at: datetime) -> Deployment:
    """A deployment of a recorded release, from its claim to its end."""
    deployment = a_deployment(release, environment, at)
    held = claimed(store, deployment)
    done = replace(deployment, status=DeploymentStatus.SUCCEEDED, date_finished=at)
    store.settle(held, done)
    return done


def test_a_project_without_a_table_has_an_empty_history(store: ReleaseStore) -> None:
    assert store.releases(10) == ()
    assert store.latest() is None
    assert store.release(new_id()) is None
    assert store.deployment(new_id()) is None
    assert store.deployments(BOTH, 10) == ()
    assert store.deployments(None, 10) == ()
    assert store.deployments(BOTH, 10, new_id()) == ()
    assert store.environment("stage") == EnvironmentRecord(environment="stage")


def test_a_saved_release_is_read_back_as_it_was(store: ReleaseStore, project: Project) -> None:
    release = a_release(project, minutes(0), "api", "indexer")
    images = {**release.images, "never_built": None}
    partial = replace(release, images=images, complete=False, missing=("never_built",))
    store.save(partial)
    assert store.release(partial.release_id) == partial


def test_releases_come_newest_first_and_no_more_than_asked_for(store: ReleaseStore, project: Project) -> None:
    made = [a_release(project, minutes(count)) for count in range(4)]
    for release in (made[2], made[0], made[3], made[1]):
        store.save(release)
    assert store.releases(3) == (made[3], made[2], made[1])


def test_whole_seconds_are_listed_in_their_place(store: ReleaseStore, project: Project) -> None:
    whole = a_release(project, datetime(2026, 3, 1, 12, 0, 1, 0, tzinfo=UTC))
    before = a_release(project, datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC))
    after = a_release(project, datetime(2026, 3, 1, 12, 0, 1, 1, tzinfo=UTC))
    for release in (whole, after, before):
        store.save(release)
    assert store.releases(3) == (after, whole, before)


def test_the_latest_release_is_the_one_made_last(store: ReleaseStore, project: Project) -> None:
    newer, older = a_release(project, minutes(5)), a_release(project, minutes(1))
    store.save(newer)
    store.save(older)
    assert store.latest() == newer
    assert store.release(older.release_id) == older


def test_saving_a_release_again_changes_nothing(store: ReleaseStore, project: Project) -> None:
    release = a_release(project)
    store.save(release)
    deployed(store, release, "stage", minutes(1))
    recorded = store.release(release.release_id)
    store.save(release)
    assert store.release(release.release_id) == recorded


def test_what_else_is_recorded_is_never_listed_as_a_release(store: ReleaseStore, project: Project) -> None:
    release = a_release(project)
    store.save(release)
    done = deployed(store, release, "stage", minutes(1))
    assert [listed.release_id for listed in store.releases(10)] == [release.release_id]
    assert store.release(done.deployment_id) is None
    assert store.release("environment#stage") is None


def test_a_release_lists_its_deployments_oldest_first(store: ReleaseStore, project: Project) -> None:
    release = a_release(project)
    store.save(release)
    first = deployed(store, release, "stage", minutes(1))
    second = deployed(store, release, "prod", minutes(2))
    recorded = store.release(release.release_id)
    assert recorded is not None
    assert [listed.deployment_id for listed in recorded.deployments] == [
        first.deployment_id,
        second.deployment_id,
    ]


def test_a_release_lists_no_more_than_its_newest_fifty_deployments(
    store: ReleaseStore, project: Project
) -> None:
    release = a_release(project)
    once = a_release(project)
    store.save(once)
    deployed(store, once, "stage", minutes(0))
    recorded = store.release(once.release_id)
    assert recorded is not None
    entry = recorded.deployments[0]
    earlier = tuple(
        replace(entry, deployment_id=new_id(), date_created=minutes(count)) for count in range(50)
    )
    store.save(replace(release, deployments=earlier))
    last = deployed(store, release, "prod", minutes(60))
    full = store.release(release.release_id)
    assert full is not None
    assert full.deployments[:-1] == earlier[1:]
    assert full.deployments[-1].deployment_id == last.deployment_id


def test_deployments_of_several_environments_come_newest_first(store: ReleaseStore, project: Project) -> None:
    release = a_release(project)
    store.save(release)
    one, two, three = (
        deployed(store, release, environment, minutes(at))
        for environment, at in (("stage", 1), ("prod", 2), ("stage", 3))
    )
    assert store.deployments(BOTH, 2) == (three, two)
    assert store.deployments(("stage",), 10) == (three, one)
    assert store.deployments(None, 2) == (three, two)
    assert store.deployments(None, 10) == (three, two, one)


def test_deployments_of_one_release_leave_out_the_others(store: ReleaseStore, project: Project) -> None:
    mine, other = a_release(project), a_release(project)
    store.save(mine)
    store.save(other)
    first = deployed(store, mine, "stage", minutes(1))
    deployed(store, other, "stage", minutes(2))
    second = deployed(store, mine, "prod", minutes(3))
    assert store.deployments(BOTH, 10, mine.release_id) == (second, first)
    assert store.deployments(("stage",), 10, mine.release_id) == (first,)
    assert store.deployments(BOTH, 1, mine.release_id) == (second,)
    assert store.deployments(None, 10, mine.release_id) == (second, first)


def test_a_deployment_is_read_with_the_one_that_put_things_back(
    store: ReleaseStore, project: Project
) -> None:
    release = a_release(project)
    store.save(release)
    rollback = deployed(store, release, "stage", minutes(2))
    failed = a_deployment(release, "stage", minutes(3))
    held = claimed(store, failed)
    ended = replace(failed, status=DeploymentStatus.ROLLED_BACK, rollback=rollback, date_finished=minutes(4))
    store.settle(held, ended)
    assert store.deployment(failed.deployment_id) == ended
    assert store.deployments(("stage",), 1) == (ended,)


# What 5.x recorded


def test_a_release_of_5x_has_refs_and_no_digests(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/uk.ac.wellcome/proxy:ref.b"
    item = release_of_5x(
        project, "2021-09-27T10:00:00.123456", {"api": "ref.a", "proxy": uri, "missing": None}
    )
    store_setting.seed(project, item)
    release = store.release(str(item["release_id"]))
    assert release is not None
    assert release.images == {
        "api": ImageVersion(ref="ref.a"),
        "proxy": ImageVersion(ref="ref.b"),
        "missing": None,
    }
    assert release.date_created == datetime(2021, 9, 27, 10, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "made", ["2021-09-27T10:00:00", "2021-09-27T10:00:00+00:00", "2021-09-27T11:00:00+01:00"]
)
def test_a_time_that_5x_wrote_in_another_form_is_read(
    store: ReleaseStore, store_setting: StoreSetting, project: Project, made: str
) -> None:
    item = release_of_5x(project, made, {"api": "ref.a"})
    store_setting.seed(project, item)
    release = store.release(str(item["release_id"]))
    assert release is not None
    assert release.date_created == datetime(2021, 9, 27, 10, tzinfo=UTC)


def test_a_release_that_5x_made_since_ours_is_the_latest(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    theirs = release_of_5x(project, "2026-03-01T12:30:00.000001", {"api": "ref.a"})
    store_setting.seed(project, theirs)
    store.save(a_release(project, minutes(1)))
    latest = store.latest()
    assert latest is not None
    assert latest.release_id == theirs["release_id"]
    newest = a_release(project, minutes(31))
    store.save(newest)
    assert store.latest() == newest


def test_a_deployment_of_5x_has_a_stable_id_and_no_verdict(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    item = release_of_5x(
        project,
        "2021-09-27T10:00:00.1",
        {"api": "ref.a"},
        deployment_of_5x("stage", "2021-09-27T11:00:00.000001"),
        deployment_of_5x("prod", "2021-09-27T12:00:00.000001"),
    )
    store_setting.seed(project, item)
    prod, stage = store.deployments(BOTH, 10)
    assert (prod.environment, stage.environment) == ("prod", "stage")
    assert prod.status is DeploymentStatus.UNVERIFIED
    assert prod.release_id == item["release_id"]
    assert prod.images == {}
    assert [(service.key, service.images, service.ecs_deployment_id) for service in prod.services] == [
        (ServiceKey(CLUSTER, "search-api"), ("api", "proxy"), "ecs-svc/100")
    ]
    again = store_setting.store(project).deployments(BOTH, 10)
    assert [listed.deployment_id for listed in again] == [prod.deployment_id, stage.deployment_id]
    assert store.deployment(stage.deployment_id) == stage
    assert store.deployments(BOTH, 10, str(item["release_id"])) == (prod, stage)


def test_the_last_deployment_of_5x_is_current_and_good(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    item = release_of_5x(
        project, "2021-09-27T10:00:00.1", {"api": "ref.a"}, deployment_of_5x("stage", "2021-09-27T11:00:00.1")
    )
    store_setting.seed(project, item)
    (last,) = store.deployments(("stage",), 10)
    record = store.environment("stage")
    release = DeployedRelease(
        release_id=str(item["release_id"]),
        deployment_id=last.deployment_id,
        status=DeploymentStatus.UNVERIFIED,
    )
    assert (record.current, record.good, record.fence) == (release, release, 0)
    assert store.environment("prod") == EnvironmentRecord(environment="prod")


def test_the_newest_deployment_of_5x_may_stand_in_a_release_that_was_deployed_elsewhere_before(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    # Listed first is the release that went to stage last; its own deployment to prod is the older one.
    listed_first = release_of_5x(
        project,
        "2021-01-01T10:00:00.1",
        {"api": "ref.a"},
        deployment_of_5x("prod", "2021-01-02T00:00:00.1"),
        deployment_of_5x("stage", "2021-01-09T00:00:00.1"),
    )
    in_prod = release_of_5x(
        project, "2021-01-03T10:00:00.1", {"api": "ref.b"}, deployment_of_5x("prod", "2021-01-05T00:00:00.1")
    )
    long_ago = release_of_5x(
        project, "2020-01-01T10:00:00.1", {"api": "ref.c"}, deployment_of_5x("prod", "2020-01-02T00:00:00.1")
    )
    for item in (listed_first, in_prod, long_ago):
        store_setting.seed(project, item)
    assert [listed.date_created.date().isoformat() for listed in store.deployments(BOTH, 10)] == [
        "2021-01-09",
        "2021-01-05",
        "2021-01-02",
        "2020-01-02",
    ]
    current = store.environment("prod").current
    assert current is not None
    assert current.release_id == in_prod["release_id"]


def test_deployments_of_5x_and_ours_are_listed_together_and_once(
    store: ReleaseStore, store_setting: StoreSetting, project: Project
) -> None:
    item = release_of_5x(
        project, "2021-09-27T10:00:00.1", {"api": "ref.a"}, deployment_of_5x("stage", "2021-09-27T11:00:00.1")
    )
    store_setting.seed(project, item)
    release = store.release(str(item["release_id"]))
    assert release is not None
    ours = deployed(store, release, "stage", minutes(1))
    assert [listed.status for listed in store.deployments(BOTH, 10)] == [
        DeploymentStatus.SUCCEEDED,
        DeploymentStatus.UNVERIFIED,
    ]
    assert store.deployments(BOTH, 1) == (ours,)
    current = store.environment("stage").current
    assert current is not None
    assert current.deployment_id == ours.deployment_id
