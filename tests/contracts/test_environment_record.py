"""What deployments leave in their environment's record: images and services."""

from __future__ import annotations

from dataclasses import replace

from tests.contracts.records_samples import (
    NEW,
    OLD,
    a_deployment,
    a_release,
    change,
    claimed,
    minutes,
    outcome,
    succeeded,
)
from weco_deploy.model.deployment import DeploymentStatus, ImageChange, ServiceStatus
from weco_deploy.model.environment import KnownService
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.ports import ReleaseStore


def test_images_are_recorded_one_by_one_if_they_were_applied(store: ReleaseStore, project: Project) -> None:
    whole = a_release(project, minutes(0), "api", "indexer")
    part = a_release(project, minutes(1), "api", "proxy", "indexer")
    store.save(whole)
    store.save(part)
    first, second = a_deployment(whole), a_deployment(part)
    store.settle(claimed(store, first), succeeded(first))
    there_already = ImageChange(image_id="proxy", from_digest=NEW, to_digest=NEW)
    images = {
        "api": change("api", moved=True),
        "proxy": there_already,
        "indexer": change("indexer"),  # its tag could not be moved
    }
    ended = replace(second, status=DeploymentStatus.FAILED, images=images, date_finished=minutes(3))
    store.settle(claimed(store, second), ended)
    recorded = store.environment("stage").images
    assert {key: one.release_id for key, one in recorded.items()} == {
        "api": part.release_id,
        "proxy": part.release_id,
        "indexer": whole.release_id,
    }


def test_a_service_is_recorded_with_its_ecs_deployment_and_digests(
    store: ReleaseStore, release: Release
) -> None:
    deployment = a_deployment(release)
    told = outcome("shared", "api", "indexer", ecs_deployment="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, deployment), replace(succeeded(deployment), services=(told,)))
    assert store.environment("stage").services == {
        "shared": KnownService(
            service_id="shared",
            key=told.key,
            ecs_deployment_id="ecs-svc/1",
            digests={"api": NEW, "indexer": NEW},
        )
    }


def test_a_service_is_recorded_as_failed_until_it_succeeds(store: ReleaseStore, release: Release) -> None:
    bad, good = a_deployment(release), a_deployment(release)
    failed = outcome("shared", "api", ecs_deployment="ecs-svc/1", status=ServiceStatus.FAILED)
    ended = replace(succeeded(bad), status=DeploymentStatus.FAILED, services=(failed,))
    store.settle(claimed(store, bad), ended)
    assert store.environment("stage").services["shared"].failed
    well = outcome("shared", "api", ecs_deployment="ecs-svc/2", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, good), replace(succeeded(good), services=(well,)))
    assert not store.environment("stage").services["shared"].failed


def test_a_service_that_was_not_redeployed_stays_recorded_as_before(
    store: ReleaseStore, release: Release
) -> None:
    first, second = a_deployment(release), a_deployment(release)
    told = outcome("shared", "api", ecs_deployment="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, first), replace(succeeded(first), services=(told,)))
    before = store.environment("stage").services
    untold = replace(
        second,
        status=DeploymentStatus.FAILED,
        date_finished=minutes(9),
        services=(outcome("shared", "api"),),
        images={"api": ImageChange(image_id="api", from_digest=NEW, to_digest=OLD)},
    )
    store.settle(claimed(store, second), untold)
    assert store.environment("stage").services == before


def test_a_service_that_a_success_did_without_is_dropped(store: ReleaseStore, release: Release) -> None:
    first, failed, last = a_deployment(release), a_deployment(release), a_deployment(release)
    api = outcome("api-service", "api", ecs_deployment="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    gone = outcome("gone-service", "api", ecs_deployment="ecs-svc/2", status=ServiceStatus.SUCCEEDED)
    store.settle(claimed(store, first), replace(succeeded(first), services=(api, gone)))
    without = replace(failed, status=DeploymentStatus.FAILED, date_finished=minutes(9), services=(api,))
    store.settle(claimed(store, failed), without)
    assert set(store.environment("stage").services) == {"api-service", "gone-service"}
    store.settle(claimed(store, last), replace(succeeded(last), services=(api,)))
    assert set(store.environment("stage").services) == {"api-service"}


def test_a_service_whose_images_a_release_lacks_stays_recorded(store: ReleaseStore, project: Project) -> None:
    whole = a_release(project, minutes(0), "api", "indexer")
    part = a_release(project, minutes(1), "api")
    store.save(whole)
    store.save(part)
    first, second = a_deployment(whole), a_deployment(part)
    api = outcome("api-service", "api", ecs_deployment="ecs-svc/1", status=ServiceStatus.SUCCEEDED)
    indexer = outcome(
        "indexer-service", "indexer", ecs_deployment="ecs-svc/2", status=ServiceStatus.SUCCEEDED
    )
    store.settle(claimed(store, first), replace(succeeded(first), services=(api, indexer)))
    store.settle(claimed(store, second), replace(succeeded(second), services=(api,)))
    assert set(store.environment("stage").services) == {"api-service", "indexer-service"}
