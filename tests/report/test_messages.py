"""The texts of messages."""

from __future__ import annotations

from dataclasses import replace

from tests.report.samples import CRASH, NOON, deployment, outcome
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.notification import PLACEHOLDERS, Destination, Message, NotifyEvent, Occasion
from weco_deploy.model.project import Project
from weco_deploy.report.messages import message, needs_commits, trial_message

PROJECT = Project(id="catalogue_api", name="Catalogue API", release_table="t")
SLACK = Destination(url_from="env:SLACK", environments=("stage", "prod"))
SUCCEEDED = deployment(
    services=(outcome("search", ServiceStatus.SUCCEEDED),), build_url="https://ci.example.org/1"
)
FAILED = deployment(
    DeploymentStatus.FAILED,
    services=(
        outcome("search", ServiceStatus.FAILED, "tasks keep failing", (CRASH,)),
        outcome("items", ServiceStatus.SUCCEEDED),
    ),
)


def commit(letter: str, subject: str, author: str = "Ada") -> Commit:
    return Commit(commit=letter * 40, parents=(), author=author, date=NOON, subject=subject)


def written(
    event: NotifyEvent,
    about: Deployment | None = None,
    *commits: Commit,
    template: str | None = None,
    text: str = "",
) -> Message:
    destination = replace(SLACK, templates={event: template}) if template else SLACK
    occasion = Occasion(event=event, deployment=about, text=text)
    return message(occasion, destination, PROJECT, "prod", commits)


def test_success_names_release_duration_commits_by_author_and_build() -> None:
    found = written(
        NotifyEvent.SUCCEEDED,
        SUCCEEDED,
        commit("a", "Find more"),
        commit("b", "Fix items", "Bob"),
        commit("c", "Find less"),
    )

    assert found == Message(
        title="Catalogue API: ✓ Release 8f14e45f to prod succeeded after 3 min 12 s",
        body="Weekly release (by ada)\n1 succeeded\n\n"
        "Ada:\n- aaaaaaa Find more\n- ccccccc Find less\nBob:\n- bbbbbbb Fix items\n\n"
        "Build: https://ci.example.org/1",
        good=True,
    )


def test_failure_names_services_exit_codes_and_their_pages_in_the_console() -> None:
    found = written(NotifyEvent.FAILED, FAILED)

    assert found.good is False
    assert "1 failed, 1 succeeded" in found.body
    assert "search (catalogue/search-prod) failed, exit code 3: tasks keep failing" in found.body
    assert "search: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/" in found.body
    assert "items (" not in found.body


def test_log_lines_are_in_no_message() -> None:
    assert "no index called works" not in written(NotifyEvent.FAILED, FAILED).body


def test_rolled_back_message_says_how_the_rollback_ended() -> None:
    back = deployment(release_id="c9f0f895-fb98-4b91-b9d2-0123456789ab")
    found = written(
        NotifyEvent.ROLLED_BACK, replace(FAILED, status=DeploymentStatus.ROLLED_BACK, rollback=back)
    )

    assert found.title.endswith("failed and was rolled back after 3 min 12 s")
    assert "✓ Release c9f0f895 to prod succeeded after 3 min 12 s" in found.body


def test_start_names_what_will_be_deployed() -> None:
    found = written(
        NotifyEvent.STARTED, replace(FAILED, status=DeploymentStatus.IN_PROGRESS, date_finished=None)
    )

    assert found.title == "Catalogue API: … Release 8f14e45f to prod started"
    assert found.body == "Weekly release (by ada)\n2 services"
    assert found.good is None


def test_waiting_names_what_is_waited_for() -> None:
    found = written(NotifyEvent.WAITING, text="prod is locked by ada")

    assert found.title == "Catalogue API: a deployment to prod waits: prod is locked by ada"


def test_template_replaces_the_text_and_its_first_line_is_the_title() -> None:
    found = written(
        NotifyEvent.SUCCEEDED, SUCCEEDED, template="{project} {release} in {environment}\n{duration}"
    )

    assert (found.title, found.body) == ("Catalogue API 8f14e45f in prod", "3 min 12 s")


def test_template_of_one_line_is_title_and_body() -> None:
    found = written(NotifyEvent.SUCCEEDED, SUCCEEDED, template="done")

    assert (found.title, found.body) == ("done", "done")


def test_every_placeholder_has_a_value_for_every_event() -> None:
    template = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)

    for event in NotifyEvent:
        about = None if event is NotifyEvent.WAITING else FAILED
        assert "{" not in written(event, about, template=template).title


def test_texts_of_others_mention_nobody() -> None:
    found = written(
        NotifyEvent.SUCCEEDED,
        replace(SUCCEEDED, description="@channel <!here> ::error::x"),
        commit("a", "Hi @here <@U123>\n<!channel>", "<!channel> @all"),
    )

    for mention in ("@channel", "@here", "@all", "<!", "<@", "::error::"):
        assert mention not in found.body


def test_long_texts_are_cut_and_many_commits_counted() -> None:
    commits = [commit("a", "x" * 1000) for _ in range(25)]

    body = written(NotifyEvent.SUCCEEDED, SUCCEEDED, *commits).body

    assert "and 5 more commits" in body
    assert "x" * 300 + "…" in body
    assert "x" * 301 not in body


def test_many_failures_are_counted() -> None:
    services = tuple(outcome(f"s{number}", ServiceStatus.FAILED) for number in range(12))

    assert "and 2 more" in written(NotifyEvent.FAILED, replace(FAILED, services=services)).body


def test_commits_are_looked_up_only_for_messages_that_contain_them() -> None:
    succeeded = Occasion(event=NotifyEvent.SUCCEEDED, deployment=SUCCEEDED)
    plain = replace(SLACK, templates={NotifyEvent.SUCCEEDED: "done"})

    assert needs_commits(succeeded, SLACK)
    assert not needs_commits(succeeded, plain)
    assert not needs_commits(Occasion(event=NotifyEvent.WAITING), SLACK)


def test_test_message_names_project_environments_and_events() -> None:
    found = trial_message(SLACK, PROJECT)

    assert found.title == "Catalogue API: a test message"
    assert found.body.endswith("about stage, prod: succeeded, failed, rolled_back")
