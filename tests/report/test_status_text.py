"""The text and the JSON of `status`."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.cells import cell_len

from tests.report.samples import NOON, deployment
from weco_deploy.errors import AccessDenied
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.environment import Lock
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.status import (
    Crash,
    Drift,
    EnvironmentStatus,
    ImageStatus,
    KnownBad,
    Problem,
    ServiceStatus,
    Source,
    Status,
    Version,
    Waiting,
)
from weco_deploy.report.screen import Screen
from weco_deploy.report.status_document import status_document
from weco_deploy.report.status_text import status_text

OLD, NEW = Version("sha256:" + "0" * 64, "a" * 40), Version("sha256:" + "1" * 64, "b" * 40)
NAMELESS = Version("sha256:" + "2" * 64)
TERMINAL = Screen(width=80, height=24, terminal=True)
DENIED = AccessDenied("ecs:DescribeServices", "not allowed: ecs:DescribeServices")


def image(
    image_id: str = "search", version: Version = NEW, age: timedelta = timedelta(days=2)
) -> ImageStatus:
    return ImageStatus(
        image_id=image_id,
        tag="env.prod",
        deployed=version,
        tagged=version,
        running={version: (f"{image_id}-api",)},
        since=NOON - age,
    )


def service(service_id: str = "search-api", **changes: object) -> ServiceStatus:
    fields = {"desired": 2, "running": 2, **changes}
    return ServiceStatus(service_id=service_id, keys=(ServiceKey("prod", service_id),), **fields)  # type: ignore[arg-type]  # any field


def environment(name: str = "prod", **changes: object) -> EnvironmentStatus:
    made = EnvironmentStatus(
        environment=name,
        images=(image(),),
        drifts=(),
        services=(service(),),
        deployment=replace(deployment(), environment=name, status=DeploymentStatus.SUCCEEDED),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field


def status(*environments: EnvironmentStatus, waiting: tuple[Waiting, ...] = ()) -> Status:
    return Status(at=NOON, environments={found.environment: found for found in environments}, waiting=waiting)


def waits(
    images: tuple[str, ...],
    commits: int | None,
    lost: int | None,
    unknown: tuple[str, ...],
    release_id: str | None,
) -> Waiting:
    return Waiting(
        source="stage",
        target="prod",
        images=images,
        commits=commits,
        lost=lost,
        unknown=unknown,
        release_id=release_id,
    )


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def running_old(service_id: str = "search-api", image_id: str = "search", tasks: int = 2) -> Drift:
    return Drift(
        source=Source.RUNNING,
        image_id=image_id,
        expected=NEW,
        found=OLD,
        service_id=service_id,
        tasks=tasks,
        all_tasks=2,
    )


def test_environment_in_sync_is_one_line_with_release_and_counts() -> None:
    text = status_text(status(environment()), Screen())

    assert "✓ prod" in text
    assert "8f14e45f" in text
    assert "in sync, 1 up" in text
    assert "bbbbbbb 2d" in text


def test_file_lists_all_images() -> None:
    images = tuple(image(f"image-{number}") for number in range(40))

    text = status_text(status(environment(images=images)), Screen())

    assert all(f"  image-{number} " in text for number in range(40))
    assert "the same everywhere" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_drift_has_a_mark_besides_its_colour(encoding: str) -> None:
    drifted = environment(drifts=(running_old(),))

    text = status_text(status(drifted), Screen(encoding=encoding))

    mark = "✗" if encoding == "utf-8" else "!!"
    assert f"{mark} prod" in text
    assert f"bbbbbbb 2d {mark}" in text
    assert "1 drifted, 1 up" in text


def test_version_that_alone_runs_is_shown_and_not_the_deployed_one() -> None:
    drifted = replace(image(), running={OLD: ("search-api",)})

    text = status_text(status(environment(images=(drifted,), drifts=(running_old(),))), Screen())

    assert "  search  aaaaaaa 2d ✗" in text


@pytest.mark.parametrize(
    ("drift", "sentence"),
    [
        (running_old(), "search: search-api runs aaaaaaa, but bbbbbbb was deployed"),
        (running_old(tasks=1), "search: search-api runs aaaaaaa in 1 of 2 tasks, but bbbbbbb was deployed"),
        (
            replace(running_old(), recorded=False),
            "search: search-api runs aaaaaaa, but env.prod points at bbbbbbb",
        ),
        (
            Drift(source=Source.TAG, image_id="search", expected=NEW, found=OLD),
            "search: env.prod points at aaaaaaa, but bbbbbbb was deployed",
        ),
        (
            Drift(source=Source.TAG, image_id="search", expected=NEW, found=None),
            "search: the tag env.prod is gone, but bbbbbbb was deployed",
        ),
        (
            Drift(
                source=Source.ECS_DEPLOYMENT,
                image_id="search",
                expected=NEW,
                found=NAMELESS,
                service_id="search-api",
            ),
            "search: ECS resolved the deployment of search-api to 222222222222, but bbbbbbb was deployed",
        ),
    ],
)
def test_each_drift_is_a_sentence(drift: Drift, sentence: str) -> None:
    found = status(environment(drifts=(drift,)))

    assert f"Drifted: prod: {sentence}" in status_text(found, Screen())
    document = status_document(found)
    assert document["environments"]["prod"]["drift"][0]["message"] == sentence  # type: ignore[index,call-overload]  # Json


def test_services_with_the_same_drift_share_a_sentence() -> None:
    drifts = (running_old("a", tasks=2), running_old("b", tasks=1))

    text = status_text(status(environment(drifts=drifts)), Screen())

    assert "Drifted: prod: search: a, b run aaaaaaa in 3 of 4 tasks, but bbbbbbb was deployed" in text


def test_troubles_of_services_say_counts_exit_codes_and_ages() -> None:
    crash = Crash(
        tasks=3, last=NOON - timedelta(minutes=5), container="app", exit_code=137, reason="out of memory"
    )
    services = (
        service("a", running=1, problems=(Problem.TOO_FEW_TASKS, Problem.CRASHED_TASKS), crashes=(crash,)),
        service("b", running=1, problems=(Problem.TOO_FEW_TASKS, Problem.CRASHED_TASKS), crashes=(crash,)),
        service("c", problems=(Problem.ROLLOUT_FAILED,), detail="circuit breaker"),
    )

    text = status_text(status(environment(services=services)), Screen())

    assert (
        "  prod: a, b: each 1 of 2 tasks running; each 3 tasks crashed: app exited with 137, out of memory, 5 min ago\n"
    ) in text
    assert "  prod: c: the last rollout failed: circuit breaker\n" in text
    assert "2 down, 1 up" in text


def test_idle_missing_and_other_services_are_counts() -> None:
    services = (
        service("a"),
        service("b", desired=0, running=0),
        ServiceStatus(service_id="c", may_be_missing=True, detail="no ECS service is tagged …"),
    )

    text = status_text(status(environment(services=services, services_of_others=2)), Screen())

    assert "in sync, 1 up, 1 at 0 tasks, 1 missing as allowed, 2 deployed by others" in text
    assert "Services" not in text


def test_lock_says_holder_reason_and_build() -> None:
    lock = Lock(
        owner="x", holder="ada", reason="an audit", since=NOON, deployment_id="0123456789", lease_ends=NOON
    )
    following = Lock(owner="y", holder="eve", reason="", since=NOON, build_url="https://ci/8")

    text = status_text(
        status(environment(lock=lock, next_lock=following, lock_build_url="https://ci/7")), Screen()
    )

    assert "prod: by ada for deployment 01234567 since 2026-03-04 12:00 UTC" in text
    assert "lease until 12:00:00Z, build https://ci/7: an audit" in text
    assert "prod: then by eve, build https://ci/8: no reason given" in text


def test_deployment_in_progress_and_rolling_services_are_said() -> None:
    running = replace(
        deployment(), status=DeploymentStatus.IN_PROGRESS, date_created=NOON - timedelta(minutes=3)
    )
    state = environment(deployment=running, services=(service(rolling_out=True),), cut_off=True)

    text = status_text(status(state), Screen())

    assert "… prod" in text
    assert ", which was cut off, begun 3 min ago by " in text
    assert "prod: ECS replaces tasks of search-api" in text


@pytest.mark.parametrize(
    ("waiting", "sentence"),
    [
        (
            waits(("a", "b"), 12, 0, (), "8f14e45f-0000"),
            "stage to prod: 12 commits in 2 images (release 8f14e45f)",
        ),
        (
            waits(("a",), 1, 2, ("a",), None),
            "stage to prod: 1 commit in 1 image; 2 commits of prod would be lost; commits unknown of a",
        ),
        (waits(("a",), None, None, ("a",), None), "stage to prod: 1 image; commits unknown of a"),
    ],
)
def test_what_waits_is_counted(waiting: Waiting, sentence: str) -> None:
    assert f"To promote: {sentence}\n" in status_text(status(environment(), waiting=(waiting,)), Screen())


@pytest.mark.parametrize("ended", [DeploymentStatus.INTERRUPTED, DeploymentStatus.TIMED_OUT])
def test_deployment_that_nobody_saw_finish_is_not_in_order_while_tasks_are_replaced(
    ended: DeploymentStatus,
) -> None:
    last = replace(deployment(), status=ended)

    text = status_text(status(environment(deployment=last, services=(service(rolling_out=True),))), Screen())

    assert "… prod" in text
    assert "✓" not in text
    assert "not finished, 1 up" in text
    assert "✓ prod" in status_text(status(environment(deployment=last)), Screen())


def test_what_promote_would_refuse_is_not_to_promote_and_says_why() -> None:
    waiting = replace(waits(("a",), 1, 0, (), None), refused="the last deployment to stage did not succeed")

    text = status_text(status(environment(), waiting=(waiting,)), Screen())

    sentence = "stage to prod: 1 commit in 1 image: the last deployment to stage did not succeed"
    assert f"Can't be promoted: {sentence}\n" in text
    assert "To promote" not in text


def test_environment_that_cannot_be_read_says_why_and_hides_no_other() -> None:
    found = Status(at=NOON, environments={"stage": environment("stage"), "prod": DENIED})

    text = status_text(found, Screen())
    document = status_document(found)

    assert "✓ stage" in text
    assert "✗ prod" in text
    assert "Can't be read: prod: ecs:DescribeServices: not allowed: ecs:DescribeServices" in text
    environments = document["environments"]
    assert environments["prod"]["error"]["code"] == "access_denied"  # type: ignore[index,call-overload]  # Json
    assert environments["prod"]["in_sync"] is False  # type: ignore[index,call-overload]  # Json
    assert environments["stage"]["error"] is None  # type: ignore[index,call-overload]  # Json


def test_document_has_the_keys_of_the_contract() -> None:
    lock = Lock(owner="secret", holder="ada", reason="an audit", since=NOON)
    document = status_document(status(environment(lock=lock)))

    prod = document["environments"]["prod"]  # type: ignore[index,call-overload]  # Json
    assert prod["in_sync"] is True  # type: ignore[index,call-overload]  # Json
    assert prod["images"]["search"] == {  # type: ignore[index,call-overload]  # Json
        "tag": "env.prod",
        "deployed": {"commit": "b" * 40, "digest": NEW.digest},
        "tagged": {"commit": "b" * 40, "digest": NEW.digest},
        "running": [{"commit": "b" * 40, "digest": NEW.digest, "services": ["search-api"]}],
        "since": "2026-03-02T12:00:00.000000Z",
        "since_or_earlier": False,
        "in_sync": True,
    }
    assert prod["lock"]["holder"] == "ada"  # type: ignore[index,call-overload]  # Json
    assert prod["deployment"]["status"] == "succeeded"  # type: ignore[index,call-overload]  # Json
    assert "secret" not in str(document)


def test_images_of_one_commit_with_different_digests_do_not_look_alike() -> None:
    rebuilt = Version("sha256:" + "3" * 64, NEW.commit)
    stage = environment("stage", images=(image(version=rebuilt),))

    text = status_text(status(stage, environment()), Screen())

    assert "bbbbbbb@3333 2d" in text
    assert "bbbbbbb@1111 2d" in text


def large(drifted: int = 0, bad: int = 0) -> Status:
    """Forty images in three environments with 120 services each; a third of the images differ."""
    environments = []
    for name in ("stage", "test", "prod"):
        images = tuple(
            image(
                f"catalogue-{kind}-of-area-{number}",
                OLD if name == "prod" and number < 3 else NEW,
                timedelta(days=10 * number),
            )
            for number in range(10)
            for kind in ("adapter-worker", "relation-embedder", "indexer", "api")
        )
        services = tuple(
            service(
                f"service-{number}",
                running=1 if number < bad else 2,
                problems=(Problem.TOO_FEW_TASKS,) if number < bad else (),
                detail=str(number),
            )
            for number in range(120)
        )
        drifts = tuple(running_old(f"service-{number}", images[number].image_id) for number in range(drifted))
        known = tuple(
            KnownBad(
                image_id=images[number].image_id,
                version=NEW,
                failed=True,
                deployment=deployment(),
                there=True,
            )
            for number in range(drifted)
        )
        environments.append(
            environment(name, images=images, services=services, drifts=drifts, known_bad=known)
        )
    return status(*environments)


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("drifted", [0, 30])
def test_no_line_is_wider_than_the_terminal(width: int, drifted: int) -> None:
    text = plain(status_text(large(drifted, drifted), replace(TERMINAL, width=width)))

    assert max(cell_len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("drifted", [0, 1])
def test_large_project_fits_a_screen_of_80_columns_and_24_lines(drifted: int) -> None:
    text = plain(status_text(large(drifted, drifted), TERMINAL))

    assert len(text.splitlines()) < 24
    assert "10 more differ" not in text or drifted
    assert "images the same everywhere, in sync (--verbose lists all)" in text


def test_shortened_names_of_images_differ() -> None:
    text = plain(status_text(large(), replace(TERMINAL, width=72, height=50)))

    rows = [line.split()[0] for line in text.splitlines() if "…" in line]
    assert rows
    assert len(set(rows)) == len(rows)


def test_large_project_in_trouble_names_drifted_images_first_and_counts_the_rest() -> None:
    text = plain(status_text(large(1), TERMINAL))

    first = next(line for line in text.splitlines() if line.startswith("  catal"))
    assert first.count("✗") == 3


def test_long_sections_are_cut_on_a_terminal_and_complete_in_a_file() -> None:
    found = large(30, 30)

    assert "and 89 more (--verbose lists all)" in plain(status_text(found, TERMINAL))
    assert "(--verbose lists all)" not in status_text(found, Screen())
    assert "(--verbose lists all)" not in plain(status_text(found, TERMINAL, everything=True))


def test_untrusted_texts_are_cleaned() -> None:
    lock = Lock(owner="x", holder="ada\x1b[2J", reason="an\naudit\x07", since=NOON)

    text = status_text(status(environment(lock=lock)), Screen())

    assert "\x1b" not in text
    assert "ada since" in text
    assert "an audit" in text


def crashed(service_id: str, container: str, *, running: int = 2, minutes: int = 5) -> ServiceStatus:
    found = Crash(tasks=3, last=NOON - timedelta(minutes=minutes), container=container, exit_code=3)
    short = (Problem.TOO_FEW_TASKS,) if running < 2 else ()
    return service(service_id, running=running, problems=(*short, Problem.CRASHED_TASKS), crashes=(found,))


def test_services_with_enough_tasks_whose_tasks_crashed_alike_share_a_sentence_below_the_troubled_ones() -> (
    None
):
    services = (
        *(crashed(f"up-{number}", f"app-{number}", minutes=10 + number) for number in range(5)),
        crashed("short", "app", running=1),
    )

    text = status_text(status(environment(services=services)), Screen())

    assert (
        "Services: prod: short: 1 of 2 tasks running; 3 tasks crashed: app exited with 3, 5 min ago\n" in text
    )
    assert (
        "Crashed lately: prod: up-0, up-1, up-2 and 2 more: "
        "15 tasks crashed: app-0, app-1, app-2 and 2 more exited with 3, 10 min ago\n"
    ) in text
    assert text.index("Services: ") < text.index("Crashed lately: ")


def test_known_bad_images_of_one_deployment_share_a_sentence() -> None:
    failed = replace(deployment(DeploymentStatus.FAILED), environment="prod")
    known = tuple(
        KnownBad(image_id=f"image-{number}", version=NEW, deployment=failed, failed=True, there=True)
        for number in range(5)
    )

    text = status_text(status(environment(known_bad=known)), Screen())

    assert (
        "Known bad: prod: image-0 bbbbbbb, image-1 bbbbbbb, image-2 bbbbbbb and 2 more failed there "
        "2026-03-04 12:00 UTC (deployment 45c48cce)\n"
    ) in text


def test_screen_of_one_environment_is_filled_with_the_images_that_changed_last() -> None:
    images = tuple(image(f"image-{number}", age=timedelta(days=50 - number)) for number in range(40))

    lines = plain(status_text(status(environment(images=images)), TERMINAL)).splitlines()

    assert len(lines) < 24
    assert [line.split()[0] for line in lines[4:7]] == ["image-39", "image-38", "image-37"]
    assert lines[-1].strip().endswith("more images, in sync (--verbose lists all)")
