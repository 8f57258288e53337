"""Records converted to items and back, and the size of items."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weco_deploy.aws.records import legacy
from weco_deploy.aws.records.attributes import (
    CUT,
    Fields,
    Item,
    Value,
    cut,
    decoded,
    encoded,
    read_time,
    size,
    stored_time,
)
from weco_deploy.aws.records.deployments import deployment_item, read_deployment, rollback_of
from weco_deploy.aws.records.environments import environment_item, read_environment
from weco_deploy.aws.records.releases import ITEM_LIMIT, latest_item, listing, read_release, release_item
from weco_deploy.aws.records.services import MOST_DRAINING, SERVICE_LIMIT
from weco_deploy.errors import AwsError
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    Failure,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.direction import Direction
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.environment import AppliedImage, DeployedRelease, EnvironmentRecord, KnownService, Lock
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut, Part
from weco_deploy.model.release import ImageVersion, Release, ReleaseDeployment
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome, StepStatus

words = st.text(st.characters(codec="utf-8"), max_size=20)
ids = st.text("abcdefghij_-.0123456789", min_size=1, max_size=12)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
refs = st.text("0123456789abcdef", min_size=1, max_size=40).map("ref.{}".format)
times = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
keys = st.builds(ServiceKey, ids, ids)
unhurried = settings(deadline=None)  # so that a busy machine does not fail the tests

releases = st.builds(
    Release,
    release_id=ids,
    project_id=ids,
    project_name=words,
    date_created=times,
    requested_by=words,
    description=words,
    images=st.dictionaries(
        ids,
        st.none()
        | st.builds(
            ImageVersion,
            ref=refs,
            refs=st.lists(refs, max_size=3).map(tuple),
            digest=st.none() | digests,
            name=st.none() | ids,
        ),
        max_size=4,
    ),
    build_url=st.none() | words,
    from_label=st.none() | words,
    commit=st.none() | words,
    commits_behind=st.dictionaries(words, st.integers(0, 5000), max_size=3),
    complete=st.none() | st.booleans(),
    deployments=st.lists(
        st.builds(
            ReleaseDeployment,
            environment=ids,
            date_created=times,
            requested_by=words,
            description=words,
            deployment_id=st.none() | ids,
        ),
        max_size=3,
    ).map(tuple),
).map(
    lambda made: replace(made, missing=tuple(key for key, version in made.images.items() if version is None))
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(["task", "event", "ecs"]),
    message=words,
    task=st.none() | words,
    container=st.none() | words,
    stop_code=st.none() | words,
    exit_code=st.none() | st.integers(-(2**31), 2**31),
    log_location=st.none() | words,
)
changes = st.builds(
    ImageChange,
    image_id=ids,
    from_digest=st.none() | digests,
    to_digest=digests,
    tag_moved=st.booleans(),
    from_ref=st.none() | refs,
    to_ref=st.none() | refs,
    from_name=st.none() | ids,
    to_name=st.none() | ids,
    direction=st.none() | st.sampled_from(Direction),
    commits=st.none() | st.integers(0, 10**6),
)
counts = st.integers(0, 10**6)
draining = st.builds(DrainingTask, task=ids, until=st.none() | times, why=st.sampled_from(StaysBecause))
outcomes = st.builds(
    ServiceOutcome,
    service_id=ids,
    key=keys,
    images=st.lists(ids, max_size=3).map(tuple),
    status=st.sampled_from(ServiceStatus),
    ecs_deployment_id=st.none() | ids,
    ecs_rollback=st.none() | ids,
    reason=words,
    failures=st.lists(failures, max_size=3).map(tuple),
    draining=st.lists(draining, max_size=3).map(tuple),
    tasks=st.none()
    | st.builds(
        RunningTasks,
        desired=counts,
        new=counts,
        old=counts,
        old_digests=st.dictionaries(ids, digests, max_size=3),
    ),
)
left_out = st.builds(
    LeftOut,
    kind=st.sampled_from(Part),
    id=ids,
    images=st.lists(ids, max_size=3).map(tuple),
    why=st.sampled_from(Allowance),
    reason=words,
)
steps = st.builds(
    StepOutcome,
    id=ids,
    kind=ids,
    status=st.sampled_from(StepStatus),
    started=st.none() | times,
    finished=st.none() | times,
    exit_code=st.none() | st.integers(-(2**31), 2**31),
    detail=words,
    log_location=st.none() | words,
)
deployments = st.builds(
    Deployment,
    deployment_id=ids,
    release_id=ids,
    project_id=ids,
    environment=ids,
    status=st.sampled_from(DeploymentStatus),
    date_created=times,
    requested_by=words,
    description=words,
    date_finished=st.none() | times,
    build_url=st.none() | words,
    kind=st.sampled_from(Kind),
    gate_override=st.none() | words,
    images=st.lists(changes, max_size=4).map(lambda found: {change.image_id: change for change in found}),
    services=st.lists(outcomes, max_size=3).map(tuple),
    left_out=st.lists(left_out, max_size=3).map(tuple),
    steps=st.lists(steps, max_size=3).map(tuple),
    reason=words,
)
locks = st.builds(
    Lock,
    owner=words,
    holder=words,
    reason=words,
    since=times,
    deployment_id=st.none() | ids,
    lease_ends=st.none() | times,
    lease_seconds=st.integers(0, 10**6),
)
deployed = st.builds(
    DeployedRelease, release_id=ids, deployment_id=ids, status=st.sampled_from(DeploymentStatus)
)
services = st.builds(
    KnownService,
    service_id=ids,
    key=keys,
    ecs_deployment_id=st.none() | ids,
    digests=st.dictionaries(ids, digests, max_size=3),
    failed=st.booleans(),
)
environments = st.builds(
    EnvironmentRecord,
    environment=ids,
    fence=st.integers(0, 2**62),
    lock=st.none() | locks,
    next_lock=st.none() | locks,
    images=st.dictionaries(
        ids,
        st.builds(
            AppliedImage,
            release_id=ids,
            digest=digests,
            ref=st.none() | refs,
            worked=st.booleans(),
            name=st.none() | ids,
            ran=st.booleans(),
        ),
        max_size=3,
    ),
    services=st.lists(services, max_size=3).map(
        lambda found: {service.service_id: service for service in found}
    ),
    current=st.none() | deployed,
    good=st.none() | deployed,
)


def through_dynamodb(item: Item) -> Item:
    """The item after encoding and decoding. Checks that they do not change it."""
    back = decoded(encoded(item))
    assert back == item
    return back


@unhurried
@given(releases)
def test_release_survives_the_round_trip_through_an_item(release: Release) -> None:
    assert read_release(through_dynamodb(release_item(release))) == release


@unhurried
@given(releases)
def test_release_item_has_no_numbers_so_that_5x_can_print_it_as_json(release: Release) -> None:
    """boto3 makes numbers Decimals, which json.dumps refuses."""
    assert '"N":' not in json.dumps(encoded(release_item(release)))


@unhurried
@given(deployments)
def test_deployment_survives_the_round_trip_through_an_item(deployment: Deployment) -> None:
    assert read_deployment(through_dynamodb(deployment_item(deployment))) == deployment


@unhurried
@given(deployments, deployments)
def test_deployment_item_keeps_the_id_of_its_rollback(one: Deployment, other: Deployment) -> None:
    item = through_dynamodb(deployment_item(replace(one, rollback=other)))
    assert rollback_of(item) == other.deployment_id
    assert read_deployment(item) == one


@unhurried
@given(environments)
def test_environment_survives_the_round_trip_through_an_item(record: EnvironmentRecord) -> None:
    assert read_environment(through_dynamodb(environment_item("search", record))) == record


def test_applied_image_item_has_stood_only_if_the_image_did_not_work() -> None:
    images = {
        "web": AppliedImage(release_id="r", digest="sha256:1", worked=False),
        "api": AppliedImage(release_id="r", digest="sha256:2"),
    }
    item = environment_item("search", EnvironmentRecord(environment="stage", images=images))

    assert item["images"] == {
        "web": {"release_id": "r", "digest": "sha256:1", "stood": False},
        "api": {"release_id": "r", "digest": "sha256:2"},
    }
    assert read_environment(through_dynamodb(item)).images == images


@unhurried
@given(releases)
def test_pointer_to_the_latest_release_is_in_no_index(release: Release) -> None:
    assert set(latest_item(release)) == {"release_id", "latest"}


@unhurried
@given(times, times)
def test_stored_times_sort_by_time(one: datetime, other: datetime) -> None:
    assert (stored_time(one) < stored_time(other)) == (one < other)
    assert read_time(stored_time(one)) == one


@unhurried
@given(words, st.integers(len(CUT.encode()), 100))
def test_cut_text_fits_and_is_marked(text: str, limit: int) -> None:
    short = cut(text * 5, limit)
    assert len(short.encode()) <= limit
    assert short == text * 5 or short.endswith(CUT)


def large_deployment(
    services: int, failure: Failure, failures_each: int, *, images: int | None = None
) -> Deployment:
    changes = {f"image-{count}": change(f"image-{count}") for count in range(images or services)}
    return Deployment(
        deployment_id="d",
        release_id="r",
        project_id="search",
        environment="stage",
        status=DeploymentStatus.FAILED,
        date_created=datetime(2026, 3, 1, tzinfo=UTC),
        requested_by="ada",
        description="why " * 10_000,
        images=changes,
        services=tuple(
            ServiceOutcome(
                service_id=f"service-{count}",
                key=ServiceKey("arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster", f"service-{count}"),
                images=(f"image-{count % len(changes)}",),
                status=ServiceStatus.FAILED,
                reason="because " * 1_000,
                failures=(failure,) * failures_each,
            )
            for count in range(services)
        ),
    )


def change(image_id: str) -> ImageChange:
    digest = "sha256:" + "0" * 64
    return ImageChange(
        image_id=image_id,
        from_digest=digest,
        to_digest=digest,
        from_ref="ref." + "a" * 40,
        to_ref="ref." + "b" * 40,
    )


@settings(max_examples=20, deadline=None)  # large deployments take a while
@given(st.integers(1, 200), st.integers(0, 30), st.integers(0, 3_000))
def test_large_deployment_fits_into_an_item(services: int, failures_each: int, length: int) -> None:
    failure = Failure(kind="event", message="é" * length, log_location="l" * 100)
    item = deployment_item(large_deployment(services, failure, failures_each))
    assert size(item) <= ITEM_LIMIT
    for service in read_deployment(item).services:
        assert sum(size(failure_item(failure)) for failure in service.failures) <= SERVICE_LIMIT


@pytest.mark.parametrize("services", [400, 700, 900])
def test_deployment_of_very_many_services_fits_into_an_item(services: int) -> None:
    failure = Failure(kind="event", message="é" * 3_000)
    item = deployment_item(large_deployment(services, failure, 3, images=100))
    assert size(item) <= ITEM_LIMIT
    assert len(read_deployment(item).services) == services


@pytest.mark.parametrize(("services", "kept"), [(1, MOST_DRAINING), (400, 0)])
def test_old_tasks_that_keep_running_fit_into_an_item(services: int, kept: int) -> None:
    large = large_deployment(services, Failure(kind="event", message=""), 0)
    old = (DrainingTask("0" * 32, None, StaysBecause.SCALE_IN_PROTECTION),) * 100
    item = deployment_item(
        replace(large, services=tuple(replace(service, draining=old) for service in large.services))
    )
    assert size(item) <= ITEM_LIMIT
    assert {len(service.draining) for service in read_deployment(item).services} == {kept}


@pytest.mark.parametrize(("services", "kept"), [(120, True), (600, False)])
def test_running_tasks_are_recorded_unless_the_item_would_be_too_long(services: int, kept: bool) -> None:
    large = large_deployment(services, Failure(kind="event", message=""), 0, images=40)
    tasks = RunningTasks(
        desired=2, new=1, old=2, old_digests={f"image-{n}": "sha256:" + "0" * 64 for n in range(5)}
    )
    item = deployment_item(
        replace(large, services=tuple(replace(service, tasks=tasks) for service in large.services))
    )
    assert size(item) <= ITEM_LIMIT
    recorded = [service.tasks for service in read_deployment(item).services]
    assert recorded == [tasks if kept else None] * services


@pytest.mark.parametrize(("images", "refs"), [(30, 300), (100, 1_000), (300, 20)])
def test_release_with_very_many_refs_fits_into_an_item_and_keeps_the_refs_of_its_versions(
    images: int, refs: int
) -> None:
    tags = tuple(f"ref.{number:040x}" for number in range(refs))
    versions = {
        f"image-{number}": ImageVersion(ref=tags[-1], refs=tags, digest="sha256:" + "0" * 64)
        for number in range(images)
    }
    release = Release(
        release_id="r", project_id="search", project_name="Search", date_created=datetime(2026, 3, 1, tzinfo=UTC),
        requested_by="ada", description="why " * 2_000, images=versions,
    )  # fmt: skip
    item = release_item(release)
    assert size(item) <= ITEM_LIMIT
    kept = read_release(item).versions
    assert all(version.ref == tags[-1] and version.refs[0] == tags[-1] for version in kept.values())
    assert all(len(version.refs) > 10 for version in kept.values())


def failure_item(failure: Failure) -> Mapping[str, str]:
    fields = {"kind": failure.kind, "message": failure.message, "log_location": failure.log_location}
    return {name: text for name, text in fields.items() if text is not None}


def test_deployment_item_has_no_log_lines() -> None:
    failure = Failure(kind="task", message="exited", log_lines=("password=hunter2",))
    step = StepOutcome(id="migrate", kind="before", log_lines=("password=hunter2",))
    deployment = replace(large_deployment(1, failure, 1), steps=(step,))
    assert "hunter2" not in str(deployment_item(deployment))


def test_long_detail_of_a_step_is_cut() -> None:
    step = StepOutcome(id="migrate", kind="before", detail="why " * 10_000)
    deployment = replace(large_deployment(1, Failure(kind="task", message="exited"), 1), steps=(step,))
    (kept,) = read_deployment(deployment_item(deployment)).steps
    assert len(kept.detail) < 1_001
    assert kept.detail.endswith(CUT)


def test_5x_release_with_long_details_stays_small() -> None:
    entry: Item = {
        "environment": "stage",
        "date_created": "2021-01-01T00:00:00.1",
        "details": {"api": {"x": "y" * 9_000}},
    }
    item: Item = {"release_id": "r", "project_id": "search", "images": {}, "deployments": [entry] * 40}
    listed = listing(item, large_deployment(1, Failure(kind="event", message=""), 0))
    assert size({**item, "deployments": listed}) <= ITEM_LIMIT
    assert len(listed) > 10


def test_names_and_environments_of_the_oldest_versions_are_read() -> None:
    entry: Item = {
        "environment": {"id": "stage", "name": "Staging"},
        "requested_by": {"id": "ada", "name": "Ada"},
        "date_created": "2019-07-10T10:44:12.983539",
        "description": "first",
    }
    item: Item = {"release_id": "r", "project_id": "search", "deployments": [entry]}
    (deployment,) = legacy.deployments_in(item)
    assert (deployment.environment, deployment.requested_by) == ("stage", "ada")


def test_5x_services_without_a_cluster_are_identified_by_arn_or_left_out() -> None:
    arn = "arn:aws:ecs:eu-west-1:111122223333:service/"
    ecs_deployments: list[Value] = [
        {"service_arn": f"{arn}our-cluster/search-api", "deployment_id": "ecs-svc/1"},
        {"service_arn": f"{arn}of-the-short-form", "deployment_id": "ecs-svc/2"},
        {"cluster_arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster"},
    ]
    entry: Item = {
        "environment": "stage",
        "date_created": "2020-10-01T11:00:00.123456",
        "details": {"api": {"ecs_deployments": ecs_deployments}},
    }
    (deployment,) = legacy.deployments_in({"release_id": "r", "project_id": "search", "deployments": [entry]})
    assert [
        (str(service.key), service.key.cluster, service.ecs_deployment_id) for service in deployment.services
    ] == [("our-cluster/search-api", "arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster", "ecs-svc/1")]


def test_id_of_a_5x_deployment_never_changes() -> None:
    at = datetime(2021, 9, 27, 11, tzinfo=UTC)
    assert legacy.derived_id("r", "stage", at) == "9cdc14b7-2025-5314-8751-c511d6e0fc51"
    assert legacy.is_derived(legacy.derived_id("r", "stage", at))
    assert not legacy.is_derived("9b2f7a52-7f5e-4a4c-9a38-0a3b8c0b4a11")


UNREADABLE: Mapping[str, Item] = {
    "text": {"name": 3},
    "number": {"name": "three"},
    "time": {"name": "yesterday"},
    "map": {"name": "a text"},
    "rows": {"name": "a text"},
    "texts": {"name": {"a": "map"}},
    "entries": {"name": {"key": "a text"}},
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_field_of_another_kind_names_its_record_and_what_to_do(kind: str) -> None:
    fields = Fields(UNREADABLE[kind], "deployment#1")

    with pytest.raises(AwsError, match=r"the record deployment#1 can't be read: its '(name|key)'") as refused:
        getattr(fields, kind)("name")
    assert "upgrade" in str(refused.value.hint)


def test_unverified_service_is_in_progress_to_a_reader_of_an_earlier_version() -> None:
    deployment = large_deployment(1, Failure(kind="ecs", message=""), 0)
    (service,) = deployment.services
    unverified = replace(service, status=ServiceStatus.UNVERIFIED, reason="nothing tells what it runs")
    item = deployment_item(replace(deployment, services=(unverified,)))
    services = item["services"]
    assert isinstance(services, list)
    assert isinstance(services[0], dict)
    assert services[0]["status"] == "in_progress"
    assert read_deployment(item).services == (unverified,)
