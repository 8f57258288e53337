"""What holds of a place where services run, wherever it is."""

from __future__ import annotations

import pytest

from tests.contracts.setting import (
    NEW_DEPLOYMENTS,
    TASKS,
    Setting,
    needs,
)
from weco_deploy.errors import AwsError, DeployError
from weco_deploy.model.service import FoundService, Service, ServiceKey
from weco_deploy.ports import SERVICES_A_CALL

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/app:env.stage"
IMAGES = {"app": IMAGE}


def described(setting: Setting, key: ServiceKey) -> Service:
    (service,) = setting.runtime.describe(key.cluster, [key.name])
    return service


def test_a_service_tells_what_it_is(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    service = described(setting, key)

    assert service.key == key
    assert service.key.cluster_name == "acme"
    assert service.status == "ACTIVE"
    assert service.desired == 1
    assert service.task_definition
    assert (service.controller, service.strategy, service.scheduling) == ("ECS", "ROLLING", "REPLICA")
    assert (service.service_id, service.environment) == ("search", "stage")


def test_a_service_has_a_primary_deployment(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    primary = described(setting, key).primary

    assert primary is not None
    assert primary.id.startswith("ecs-svc/")
    assert primary.desired == 1
    assert primary.created_at.utcoffset() is not None
    assert primary.rollout_state in {"IN_PROGRESS", "COMPLETED"}


def test_a_service_without_tags_is_nobodys(setting: Setting) -> None:
    key = setting.untagged_service("other", cluster="acme")

    service = described(setting, key)

    assert (service.service_id, service.environment) == (None, None)
    assert service.desired == 0


def test_services_that_are_not_there_are_left_out(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    found = setting.runtime.describe(key.cluster, ["missing", key.name])

    assert [service.key for service in found] == [key]
    assert setting.runtime.describe("no-such-cluster", ["search"]) == ()
    assert setting.runtime.describe(key.cluster, []) == ()


def test_ten_services_are_described_at_once(setting: Setting) -> None:
    keys = [setting.untagged_service(f"other-{number}", cluster="acme") for number in range(SERVICES_A_CALL)]

    found = setting.runtime.describe(keys[0].cluster, [key.name for key in keys])

    assert {service.key for service in found} == set(keys)


def test_a_deleted_service_is_inactive_or_gone(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    setting.delete(key)

    found = setting.runtime.describe(key.cluster, [key.name])

    assert all(service.status in {"DRAINING", "INACTIVE"} for service in found)


def test_another_controller_is_told(setting: Setting) -> None:
    key = setting.service(
        "search", environment="stage", cluster="acme", images=IMAGES, desired=0, controller="CODE_DEPLOY"
    )

    assert described(setting, key).controller == "CODE_DEPLOY"


def test_clusters_are_listed_by_arn(setting: Setting) -> None:
    made = {setting.cluster("acme"), setting.cluster("acme-prod")}

    assert made <= set(setting.runtime.clusters())


def test_the_services_of_a_cluster_are_listed_by_name_or_arn_of_it(setting: Setting) -> None:
    arn = setting.cluster("acme")
    keys = {setting.untagged_service(f"other-{number}", cluster="acme") for number in range(12)}
    setting.untagged_service("elsewhere", cluster="acme-prod")

    assert set(setting.runtime.services_in("acme")) == keys
    assert set(setting.runtime.services_in(arn)) == keys


def test_a_cluster_that_is_not_there_has_no_services(setting: Setting) -> None:
    assert setting.runtime.services_in("no-such-cluster") == ()


def test_services_are_found_by_the_environment_they_are_tagged_with(setting: Setting) -> None:
    search = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    items = setting.service("items", environment="stage", cluster="other", images=IMAGES)
    setting.service("search", environment="prod", cluster="acme", images=IMAGES)
    setting.untagged_service("nobodys", cluster="acme")

    assert set(setting.runtime.tagged("stage")) == {
        FoundService(search, "search"),
        FoundService(items, "items"),
    }
    assert setting.runtime.tagged("demo") == ()
    assert setting.runtime.tagged("stage", ["search", "nobodys"]) == (FoundService(search, "search"),)


def test_a_redeployed_service_gets_a_new_primary_of_the_id_that_was_answered(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    before = described(setting, key).primary

    started = setting.runtime.redeploy(key)

    after = described(setting, key).primary
    assert before is not None
    assert after is not None
    assert after.id == started.id != before.id


def test_the_deployment_before_a_redeployment_is_still_seen_or_drained(setting: Setting) -> None:
    needs(setting, NEW_DEPLOYMENTS)
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    started = setting.runtime.redeploy(key)

    deployments = described(setting, key).deployments
    assert [one.id for one in deployments if one.status == "PRIMARY"] == [started.id]
    assert all(one.status in {"ACTIVE", "INACTIVE"} for one in deployments if one.id != started.id)


def test_each_redeployment_is_another_deployment(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    assert setting.runtime.redeploy(key).id != setting.runtime.redeploy(key).id


def test_a_missing_service_can_not_be_redeployed(setting: Setting) -> None:
    cluster = setting.cluster("acme")

    with pytest.raises(AwsError, match="ecs:UpdateService"):
        setting.runtime.redeploy(ServiceKey(cluster, "missing"))


def test_the_tasks_of_a_service_are_listed_and_described(setting: Setting) -> None:
    needs(setting, TASKS)
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES, desired=2)
    setting.service("items", environment="stage", cluster="acme", images=IMAGES)

    page = setting.runtime.tasks_listed(key.cluster, key.name)
    tasks = setting.runtime.tasks(key.cluster, page.arns)

    assert page.complete
    assert len(tasks) == 2
    for task in tasks:
        assert task.service_name == key.name
        assert task.task_definition == described(setting, key).task_definition
        assert task.status == "RUNNING"
        assert [(one.name, one.image) for one in task.containers] == [("app", IMAGE)]
        assert task.stopped_at is None


def test_a_task_names_the_deployment_that_started_it_or_none(setting: Setting) -> None:
    needs(setting, TASKS)
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    ids = {one.id for one in described(setting, key).deployments}

    page = setting.runtime.tasks_listed(key.cluster, key.name)

    for task in setting.runtime.tasks(key.cluster, page.arns):
        assert task.deployment_id is None or task.deployment_id in ids


def test_the_tasks_of_a_whole_cluster_are_listed(setting: Setting) -> None:
    needs(setting, TASKS)
    search = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    items = setting.service("items", environment="stage", cluster="acme", images=IMAGES)

    page = setting.runtime.tasks_listed(search.cluster, None)

    tasks = setting.runtime.tasks(search.cluster, page.arns)
    assert {task.service_name for task in tasks} == {search.name, items.name}


def test_all_tasks_of_a_service_are_listed_and_of_a_cluster_a_hundred(setting: Setting) -> None:
    needs(setting, TASKS)
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES, desired=101)

    of_service = setting.runtime.tasks_listed(key.cluster, key.name)
    of_cluster = setting.runtime.tasks_listed(key.cluster, None)

    assert (len(set(of_service.arns)), of_service.complete) == (101, True)
    assert (len(of_cluster.arns), of_cluster.complete) == (100, False)


def test_stopped_tasks_are_listed_apart_with_the_reason(setting: Setting) -> None:
    needs(setting, TASKS)
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)
    (running,) = setting.runtime.tasks(key.cluster, setting.runtime.tasks_listed(key.cluster, key.name).arns)
    assert setting.runtime.tasks_listed(key.cluster, key.name, stopped=True).arns == ()

    setting.stop(running)

    page = setting.runtime.tasks_listed(key.cluster, key.name, stopped=True)
    assert page.arns == (running.arn,)
    (stopped,) = setting.runtime.tasks(key.cluster, page.arns)
    assert stopped.stop_code == "UserInitiated"
    assert "stopped by hand" in stopped.stopped_reason
    assert running.arn not in setting.runtime.tasks_listed(key.cluster, key.name).arns


def test_tasks_that_are_gone_are_left_out(setting: Setting) -> None:
    cluster = setting.cluster("acme")
    gone = cluster.replace(":cluster/", ":task/") + "/" + "0" * 32

    assert setting.runtime.tasks(cluster, [gone]) == ()
    assert setting.runtime.tasks(cluster, []) == ()


def test_no_tasks_are_listed_where_nothing_is(setting: Setting) -> None:
    key = setting.untagged_service("other", cluster="acme")

    for page in (
        setting.runtime.tasks_listed(key.cluster, key.name),
        setting.runtime.tasks_listed(key.cluster, key.name, stopped=True),
        setting.runtime.tasks_listed("no-such-cluster", None),
    ):
        assert (page.arns, page.complete) == ((), True)


def test_the_containers_of_a_task_definition_tell_their_images_and_logs(setting: Setting) -> None:
    images = {"app": IMAGE, "sidecar": "fluent:1"}
    key = setting.service("search", environment="stage", cluster="acme", images=images)

    containers = setting.runtime.defined(described(setting, key).task_definition)

    assert {one.name: one.image for one in containers} == images
    for one in containers:
        assert (one.log_driver, one.log_group) == ("awslogs", "/ecs/search")
        assert (one.log_region, one.log_stream_prefix) == ("eu-west-1", "ecs")


def test_a_container_without_a_log_configuration_has_no_log(setting: Setting) -> None:
    key = setting.untagged_service("other", cluster="acme")

    (container,) = setting.runtime.defined(described(setting, key).task_definition)

    assert (container.log_driver, container.log_group) == (None, None)


def test_a_task_definition_that_is_not_there_is_an_error(setting: Setting) -> None:
    with pytest.raises(DeployError):
        setting.runtime.defined("no-such-family:1")


def test_what_a_deployment_resolved_is_known_or_unknown_but_no_error(setting: Setting) -> None:
    key = setting.service("search", environment="stage", cluster="acme", images=IMAGES)

    for resolved in setting.runtime.resolved(described(setting, key)):
        assert (resolved.container, resolved.image) == ("app", IMAGE)
