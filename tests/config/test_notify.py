"""Destinations of messages in the project file."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.config.conftest import Load, Problems
from weco_deploy.model.notification import DEFAULT_EVENTS, NotifyEvent

SECRET = "T0KEN"
HIDDEN = "a text that is not repeated here, because it may be a secret"
DESTINATION = "where the URL is: env:<environment variable> or ssm:<parameter> (the URL itself is a secret)"


def project(notify: str, of_stage: str = "[]") -> str:
    """A project whose destinations begin on line 2."""
    return (
        f"shop:\n  notify: {notify}\n  environments: [{{id: stage, notify: {of_stage}}}, {{id: prod}}]\n"
        "  image_repositories: [{id: web}]\n"
    )


def test_destination_gets_the_ends_of_deployments_to_all_environments(loaded: Load) -> None:
    (destination,) = loaded(project("[{url_from: env:SLACK}]")).projects["shop"].notify

    assert (destination.url_from, destination.parameter) == ("env:SLACK", None)
    assert destination.events == DEFAULT_EVENTS
    assert destination.environments == ("stage", "prod")


def test_destination_may_choose_events_environments_and_texts(loaded: Load) -> None:
    text = "[{url_from: 'ssm:/shop/slack', events: [started], environments: [prod], templates: {started: 'go {release}'}}]"
    (destination,) = loaded(project(text)).projects["shop"].notify

    assert destination.parameter == "/shop/slack"
    assert (destination.events, destination.environments) == ((NotifyEvent.STARTED,), ("prod",))
    assert destination.templates == {NotifyEvent.STARTED: "go {release}"}


def test_environment_has_its_own_destinations_after_the_projects(loaded: Load) -> None:
    shop = loaded(project("[{url_from: env:A}]", "[{url_from: env:B}]")).projects["shop"]

    assert [it.url_from for it in shop.destinations("stage")] == ["env:A", "env:B"]
    assert [it.url_from for it in shop.destinations("prod")] == ["env:A"]


def test_key_without_a_value_is_no_destination(loaded: Load) -> None:
    assert loaded(project("", "")).projects["shop"].notify == ()


@pytest.mark.parametrize(
    ("notify", "expected"),
    [
        (
            f"[{{url_from: 'https://hooks.example.org/{SECRET}'}}]",
            f"line 2, shop.notify[0].url_from: found {HIDDEN}, expected {DESTINATION}",
        ),
        (f"['slack://{SECRET}']", f"line 2, shop.notify[0]: found {HIDDEN}, expected a destination: "),
        (f"slack://{SECRET}", f"line 2, shop.notify: found {HIDDEN}, expected a list"),
        (
            "[{events: [failed]}]",
            "line 2, shop.notify[0].url_from: missing; expected where its apprise URL is",
        ),
        (
            "[{url_from: env:A, events: [fails]}]",
            "line 2, shop.notify[0].events[0]: found 'fails', expected 'started'",
        ),
        (
            "[{url_from: env:A, environments: [pro]}]",
            "line 2, shop.notify[0].environments[0]: found 'pro', expected an environment of this project (did you mean 'prod'?)",
        ),
        (
            "[{url_from: env:A, templates: {fails: x}}]",
            "line 2, shop.notify[0].templates.fails: found 'fails', expected 'started'",
        ),
        (
            "[{url_from: env:A, templates: {started: x}}]",
            "line 2, shop.notify[0].templates.started: found a template for 'started', which is not among the events",
        ),
        (
            "[{url_from: env:A, templates: {failed: '{relase}'}}]",
            "line 2, shop.notify[0].templates.failed: found {relase}, expected one of project, environment, release",
        ),
    ],
)
def test_invalid_destination_is_a_problem_that_repeats_no_secret(
    problems: Problems, notify: str, expected: str
) -> None:
    found = problems(project(notify))

    assert any(problem.startswith(expected) for problem in found), found
    assert SECRET not in "".join(found)


def test_destination_of_an_environment_names_no_environments(problems: Problems) -> None:
    assert problems(project("[]", "[{url_from: env:A, environments: [stage]}]")) == (
        "line 3, shop.environments[0].notify[0].environments: found environments, expected none: "
        "a destination here is only for its environment",
    )


@pytest.mark.parametrize(
    ("notify", "of_stage"),
    [
        ("[{url_from: env:A},\n {url_from: env:A}]", "[]"),
        ("[{url_from: env:A, environments: [stage]}]", "[{url_from: env:A}]"),
    ],
)
def test_destination_that_would_get_messages_twice_is_a_problem(
    problems: Problems, notify: str, of_stage: str
) -> None:
    (problem,) = problems(project(notify, of_stage))

    assert "found 'env:A' twice for 'stage', first on line 2: it would get messages twice" in problem


def test_destination_may_be_named_twice_for_different_environments(loaded: Load) -> None:
    notify = "[{url_from: env:A, environments: [stage]},\n {url_from: env:A, environments: [prod]}]"

    assert len(loaded(project(notify)).projects["shop"].notify) == 2


def test_unknown_key_of_a_destination_is_a_warning(loaded: Load) -> None:
    (warning,) = loaded(project("[{url_from: env:A, event: [failed]}]")).warnings

    assert "shop.notify[0].event: unknown key, ignored (did you mean 'events'?)" in warning


@pytest.mark.parametrize(("text", "limit"), [("12h", timedelta(hours=12)), ("3d", timedelta(days=3))])
def test_overdue_is_a_number_of_hours_or_days(loaded: Load, text: str, limit: timedelta) -> None:
    notify = f"[{{url_from: env:A, events: [overdue]}}]\n  overdue: {text}"

    assert loaded(project(notify)).projects["shop"].overdue == limit


@pytest.mark.parametrize("text", ["3", "0d", "3w", "d"])
def test_other_texts_are_no_duration(problems: Problems, text: str) -> None:
    (problem,) = problems(project(f"[]\n  overdue: {text}"))

    assert f"found '{text}', expected a number of hours or days, like 12h or 3d" in problem


def test_event_overdue_needs_the_duration(problems: Problems) -> None:
    found = problems(
        project("[{url_from: env:A, events: [overdue]}]", "[{url_from: env:B, events: [overdue]}]")
    )

    assert [problem.partition(": ")[0] for problem in found] == [
        "line 2, shop.notify[0].events[0]",
        "line 3, shop.environments[0].notify[0].events[0]",
    ]
    assert "expected the project's key overdue with it" in found[0]
