"""How many pages of a cluster's tasks are read, and which services are complete then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.rules.states import BEFORE, CLUSTER, LATER, OURS, active, primary, service, task
from weco_deploy.model.service import Service, ServiceKey, Task, TaskPage
from weco_deploy.pipeline.cluster_listing import ClusterListing, ListedBefore, has_all

PAGE = TaskPage(tuple(f"task {number}" for number in range(100)), "more")


def services(number: int, tasks_each: int) -> list[Service]:
    return [
        service(f"service-{number}", running=tasks_each, deployments=[primary()]) for number in range(number)
    ]


def listing(
    services: Sequence[Service],
    *found: Task,
    pages: int = 1,
    complete: bool = False,
    expected: int | None = None,
) -> ClusterListing:
    """The listing of a cluster after so many pages, in which these tasks are ours."""
    before = ListedBefore(pages={CLUSTER: expected} if expected else {})
    listing = ClusterListing(CLUSTER, services, before)
    for _ in range(pages - 1):
        listing.add_page(PAGE)
    listing.add_page(TaskPage(PAGE.arns) if complete else PAGE)
    if listing.to_describe():
        listing.add_tasks(found)
    return listing


def tasks(services: Sequence[Service], each: int) -> list[Task]:
    return [
        replace(task(f"{service.key.name}-{number}"), service_name=service.key.name)
        for service in services
        for number in range(each)
    ]


def test_pages_are_read_until_all_tasks_of_ours_can_be_in_them() -> None:
    ours = services(120, tasks_each=2)

    assert listing(ours, pages=1).worth_another_page()
    assert listing(ours, pages=2).worth_another_page()


def test_page_is_described_once_there_are_pages_for_all_tasks_of_ours() -> None:
    reading = ClusterListing(CLUSTER, services(120, tasks_each=2), ListedBefore())
    for _ in range(2):
        reading.add_page(PAGE)
        assert reading.to_describe() == ()
    reading.add_page(PAGE)

    assert reading.to_describe() == PAGE.arns * 3
    assert reading.to_describe() == ()


def test_pages_are_described_together_once_there_are_as_many_as_the_cluster_had() -> None:
    reading = ClusterListing(CLUSTER, services(20, tasks_each=1), ListedBefore(pages={CLUSTER: 3}))
    for _ in range(2):
        reading.add_page(PAGE)
        assert reading.to_describe() == ()
    reading.add_page(PAGE)

    assert reading.to_describe() == PAGE.arns * 3


def test_task_is_not_described_again_once_it_is_known_to_be_of_another_service() -> None:
    ours, before = services(1, tasks_each=1), ListedBefore()
    others = [replace(task("other"), arn=arn, service_name="other") for arn in PAGE.arns[:98]]
    mine = replace(task("mine"), arn=PAGE.arns[98], service_name=ours[0].key.name)
    first = ClusterListing(CLUSTER, ours, before)
    first.add_page(PAGE)
    first.add_tasks([*others, mine])

    again = ClusterListing(CLUSTER, ours, before)
    again.add_page(PAGE)

    assert again.to_describe() == PAGE.arns[98:]


def test_cluster_has_pages_for_all_tasks_that_were_counted_in_it() -> None:
    counted = {ServiceKey(CLUSTER, "a"): 90, ServiceKey(CLUSTER, "b"): 90, ServiceKey("other", "c"): 900}

    assert ListedBefore(tasks=counted).pages_at_least(CLUSTER) == 2
    assert ListedBefore(tasks=counted, pages={CLUSTER: 3}).pages_at_least(CLUSTER) == 3
    assert ListedBefore().pages_at_least(CLUSTER) == 0


@pytest.mark.parametrize(("found", "worth"), [(10, True), (1, False), (0, False)])
def test_page_is_worth_reading_if_pages_had_many_tasks_of_ours(found: int, *, worth: bool) -> None:
    ours = services(20, tasks_each=1)

    assert listing(ours, *tasks(ours[:found], 1)).worth_another_page() is worth


@pytest.mark.parametrize(("expected", "worth"), [(5, True), (12, False)])
def test_page_is_worth_reading_if_few_are_left_of_those_that_the_cluster_had(
    expected: int, *, worth: bool
) -> None:
    assert listing(services(20, tasks_each=1), expected=expected).worth_another_page() is worth


def test_cluster_has_as_many_pages_as_were_read_once_the_last_one_was() -> None:
    ours = services(5, tasks_each=1)

    assert listing(ours, pages=3).pages_at_least == 4
    assert listing(ours, pages=3, expected=9).pages_at_least == 9
    assert listing(ours, pages=3, expected=9, complete=True).pages_at_least == 3


def test_no_page_is_worth_reading_after_the_last_or_once_all_tasks_were_found() -> None:
    ours = services(20, tasks_each=1)

    assert not listing(ours, complete=True).worth_another_page()
    assert not listing(ours, *tasks(ours, 1)).worth_another_page()


def test_few_services_with_many_tasks_are_not_read_page_by_page() -> None:
    assert not listing(services(3, tasks_each=300)).worth_another_page()


def test_all_services_are_complete_after_the_last_page() -> None:
    ours = services(5, tasks_each=3)

    assert listing(ours, *tasks(ours[:2], 1), complete=True).incomplete() == []


def test_services_are_complete_whose_tasks_were_all_found() -> None:
    ours = services(5, tasks_each=3)

    assert listing(ours, *tasks(ours[:2], 3), *tasks(ours[2:4], 2)).incomplete() == ours[2:]


def test_service_is_incomplete_while_a_task_of_one_of_its_deployments_is_missing() -> None:
    rolling = service(running=2, pending=1, deployments=[primary(running=1, pending=1), active(running=1)])
    new = [task(name, of=OURS) for name in ("t1", "t2", "t3")]

    assert not has_all(rolling, new)
    assert has_all(rolling, [*new[:2], task("old", of=BEFORE)])


def test_service_is_incomplete_by_its_own_count_if_it_lists_no_deployment() -> None:
    assert not has_all(service(running=2), [task("t1", of=LATER)])
    assert has_all(service(running=1), [task("t1", of=None)])
