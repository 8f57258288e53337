from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.report.samples import later, plan, planned_image, planned_service, release
from weco_deploy.model.commits import Commit
from weco_deploy.model.direction import Direction, ImageDirection
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.plan import Action, Plan
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.replica import Replica
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.service import ServiceKey
from weco_deploy.report.plan_text import Purpose, plan_text
from weco_deploy.report.screen import Screen

PLAN = plan(
    (
        planned_image("search", "a", "b"),
        planned_image("worker", None, "d"),
        planned_image("items", "c", "c"),
    ),
    (
        planned_service("items", Action.LEAVE, "it runs this release"),
        planned_service("search", Action.REDEPLOY, "it runs other images"),
        planned_service("worker", Action.ADOPT, "a rollout of these images goes on", desired=0),
    ),
    ("nothing runs in worker",),
)


def test_plan_shows_what_changes_and_why_and_counts_the_rest() -> None:
    assert plan_text(PLAN, Screen(), "in account 123456789012, eu-west-1") == (
        """\
Plan: deploy release 8f14e45f (commits unknown) of catalogue_api to prod
  made 2026-03-04 12:00 UTC by ada: Weekly release
  prod now: release c9f0f895, running since 2026-03-02 12:00 UTC
  in account 123456789012, eu-west-1

Tags that move (2 of 3):
  image   tag       old → new
  search  env.prod  aaaaaaa → bbbbbbb
  worker  env.prod  nothing → ddddddd

Services that change (2 of 3):
  action    service  ECS service            tasks  why
  redeploy  search   catalogue/search-prod  2      it runs other images
  watch     worker   catalogue/worker-prod  0      a rollout of these images goes on

Unchanged: 1 tag, 1 service (--verbose lists them).

Warnings:
  ! nothing runs in worker

To do: move 2 tags, redeploy 1 of 3 services, watch 1 of 3 services.
"""
    )


def test_tags_and_services_that_stay_are_listed_on_demand() -> None:
    text = plan_text(PLAN, Screen(), unchanged=True)

    assert "\nTags that point there already (1): items\n" in text
    assert "  leave     items    catalogue/items-prod   2      it runs this release\n" in text
    assert "Unchanged" not in text


def test_dry_run_says_that_it_is_one_first_and_last() -> None:
    lines = plan_text(PLAN, Screen(), purpose=Purpose.DRY_RUN).splitlines()

    assert lines[0].startswith("Dry run: deploy release 8f14e45f ")
    assert lines[-1] == (
        "Dry run: nothing was changed. "
        "Without --dry-run it would move 2 tags, redeploy 1 of 3 services, watch 1 of 3 services."
    )
    assert plan_text(plan(), Screen(), purpose=Purpose.DRY_RUN).endswith(
        "\nDry run. Nothing to do: no tag has to move, no service has to be redeployed.\n"
    )


def test_plan_before_a_question_leaves_the_summary_to_the_question() -> None:
    assert "To do" not in plan_text(PLAN, Screen(), purpose=Purpose.QUESTION)


def test_description_that_nobody_gave_is_left_out() -> None:
    nameless = replace(PLAN, release=release(description=DEFAULT_DESCRIPTION))
    assert "\n  made 2026-03-04 12:00 UTC by ada\n" in plan_text(nameless, Screen())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_plan_of_many_services_fits_a_screen_of_24_lines(width: int) -> None:
    images = [planned_image(f"image-{number}", "a", "a" if number > 2 else "b") for number in range(40)]
    services = [
        planned_service(
            f"service-{number}", Action.LEAVE if number > 1 else Action.REDEPLOY, "it runs other images"
        )
        for number in range(120)
    ]
    text = plan_text(plan(tuple(images), tuple(services)), Screen(width=width, terminal=True), "in eu-west-1")
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in text.splitlines()]

    assert max(map(len, lines)) <= width
    assert len(lines) <= 24
    assert "Unchanged: 37 tags, 118 services (--verbose lists them)." in lines


def test_plan_names_the_replicas_that_are_waited_for_before_services_restart() -> None:
    replica = Replica(
        image_id="search",
        repository="acme/search",
        tag="env.prod",
        source=EcrAddress("123456789012", "eu-west-1"),
        address=EcrAddress("123456789012", "us-east-1"),
    )
    redeployed = replace(
        planned_service("search", Action.REDEPLOY, "runs another image"), replicas=(replica,)
    )
    left = replace(redeployed, action=Action.LEAVE)
    waits = "Services restart once ECR has replicated env.prod in the replica of acme/search in us-east-1."
    assert waits in plan_text(plan(services=(redeployed,)), Screen())
    assert "replica" not in plan_text(plan(services=(left,)), Screen())


def commit(number: int) -> Commit:
    return Commit(
        commit=f"{number:040x}",
        parents=(),
        author="Ada Lovelace",
        date=later(number),
        subject=f"Make the search of works number {number} faster",
    )


def test_plan_shows_directions_and_the_newest_commits_that_would_be_lost() -> None:
    lost = tuple(commit(number) for number in range(12, 0, -1))
    back = ImageDirection(direction=Direction.BEHIND, commits=12, lost=lost)
    other = ImageDirection(direction=Direction.OFF_BRANCH, lost=lost[:1])
    shown = plan_text(
        plan(
            (
                replace(planned_image("search", "a", "b"), direction=back),
                replace(planned_image("worker", "c", "d"), direction=other),
            )
        ),
        Screen(width=80),
    )

    assert "  search  env.prod  aaaaaaa → bbbbbbb  behind 12\n" in shown
    assert "  worker  env.prod  ccccccc → ddddddd  off branch\n" in shown
    assert "\nCommits that would be lost (12):\n" in shown
    assert "Make the search of works number 12" in " ".join(shown.split())
    assert "search, worker" in shown
    assert "number 2 " not in shown
    assert "  and 2 older commits\n" in shown
    assert all(len(line) <= 80 for line in shown.splitlines()[1:])


def test_arrow_is_ascii_in_an_ascii_encoding() -> None:
    assert "aaaaaaa -> bbbbbbb" in plan_text(PLAN, Screen(encoding="ascii"))


def test_plan_without_changes_says_so() -> None:
    settled = plan(
        (planned_image("items", "c", "c"),), (planned_service("items", Action.LEAVE, "it runs this release"),)
    )
    text = plan_text(settled, Screen())
    assert text.endswith("\nNothing to do: no tag has to move, no service has to be redeployed.\n")


def test_new_release_has_no_id_and_lacks_images_without_the_label() -> None:
    new = Plan(
        project_id="catalogue_api",
        environment="prod",
        observed=EnvironmentRecord(environment="prod"),
        release=release({"search": None, "items": None}),
        release_is_new=True,
        images=(),
        services=(),
    )
    assert plan_text(new, Screen()) == (
        """\
Plan: deploy a new release (no new commits) of catalogue_api to prod
  made 2026-03-04 12:00 UTC by ada: Weekly release
  nothing was deployed to prod yet

Not in this release (2): search, items

No services.

Nothing to do: no tag has to move, no service has to be redeployed.
"""
    )


def test_two_images_of_the_same_commit_are_named_by_the_commit() -> None:
    image = planned_image("search", "a", "b")
    twice = plan((replace(image, from_ref=image.to_ref),))
    assert "bbbbbbb → another build of bbbbbbb" in plan_text(twice, Screen())


def test_reason_names_what_runs_by_its_commit() -> None:
    image = planned_image("search", "a", "b")
    service = planned_service("search", Action.REDEPLOY, "runs sha256:aaaaaaaaaaaa of search")
    other = planned_service("items", Action.REDEPLOY, "runs sha256:cccccccccccc of items")

    text = plan_text(plan((image,), (service, other)), Screen())

    assert "  runs aaaaaaa of search\n" in text
    assert "  runs sha256:cccccccccccc of items\n" in text


def test_reason_is_below_on_a_narrow_terminal() -> None:
    lines = plan_text(PLAN, Screen(width=50, terminal=True)).splitlines()
    assert "  watch     worker   catalogue/worker-prod  0" in lines
    assert lines[lines.index("  watch     worker   catalogue/worker-prod  0") + 1] == (
        "      a rollout of these images goes on"
    )


def test_each_cell_has_a_line_on_a_very_narrow_terminal() -> None:
    lines = plan_text(PLAN, Screen(width=25, terminal=True)).splitlines()
    start = lines.index("  action: watch")
    assert lines[start + 1 : start + 4] == ["  service: worker", "  ECS service:", "  catalogue/worker-prod"]


def test_long_name_in_ecs_is_below_the_row_in_one_piece() -> None:
    service = replace(
        planned_service("bag-replicator_azure", Action.REDEPLOY, "runs another image"),
        key=ServiceKey(
            "arn:aws:ecs:eu-west-1:123456789012:cluster/storage-staging",
            "storage-staging-bag-replicator_azure",
        ),
    )
    shown = re.sub(r"\x1b\[[0-9;]*m", "", plan_text(plan((), (service,)), Screen(width=80, terminal=True)))
    start = shown.index("  action ")
    assert [line.rstrip() for line in shown[start:].splitlines()][:4] == [
        "  action    service               tasks",
        "  redeploy  bag-replicator_azure  2",
        "      storage-staging/storage-staging-bag-replicator_azure  runs another image",
        "",
    ]


def test_names_are_not_markup() -> None:
    odd = plan((), (planned_service("[red]x[/red]", Action.LEAVE, "\x1b[31mwhy\x1b[0m"),))
    for screen in (Screen(), Screen(width=200, terminal=True)):
        text = plan_text(odd, screen, unchanged=True)
        assert "[red]x[/red]" in text
        assert "\x1b[31m" not in text


def large_plan() -> Plan:
    images = tuple(planned_image(f"image-{number}", "a", "b") for number in range(9))
    services = [
        planned_service(f"service-{number}", Action.REDEPLOY, "runs aaaaaaa of image") for number in range(30)
    ]
    return plan(images, (*services, planned_service("late", Action.ADOPT, "a rollout goes on")), ())


@pytest.mark.parametrize("purpose", list(Purpose))
def test_plan_of_many_services_fits_a_small_terminal_with_room_for_the_question(purpose: Purpose) -> None:
    screen = Screen(width=80, height=24, terminal=True)

    lines = plan_text(large_plan(), screen, purpose=purpose).splitlines()

    assert len(lines) < 24 - (4 if purpose is Purpose.QUESTION else 0)
    assert any("Services that change (31 of 31)" in line for line in lines)


def test_services_with_the_same_reason_share_a_line_on_a_small_terminal_the_rarest_reason_first() -> None:
    text = plan_text(large_plan(), Screen(width=80, height=32, terminal=True))

    assert "  watch late: a rollout goes on\n" in text
    assert "  redeploy service-0, service-1, service-2 and 27 more: runs aaaaaaa of image\n" in text
    assert text.index("watch late") < text.index("redeploy service-0")


@pytest.mark.parametrize(("height", "unchanged"), [(None, False), (24, True), (200, False)])
def test_plan_lists_all_services_in_a_file_on_request_and_on_a_large_terminal(
    height: int | None, unchanged: bool
) -> None:
    screen = Screen(width=80, height=height, terminal=height is not None)

    assert "service-29" in plan_text(large_plan(), screen, unchanged=unchanged)
