"""A history that 5.7.4 wrote, gone on with."""

from __future__ import annotations

from tests.commands.team import SOON, Team
from tests.legacy.history import History


def digests(past: History, release: str) -> dict[str, str]:
    """Image id → the digest of the image that the release means."""
    item = next(item for item in past.items if item["release_id"]["S"] == release)
    return {image_id: past.tags[image_id][ref["S"]] for image_id, ref in item["images"]["M"].items()}


def runs(team: Team, environment_id: str) -> dict[str, dict[str, set[str]]]:
    return team.aws.running(environment_id)


def meant(team: Team, images: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    """What each service has to run if the images are these."""
    return {
        service_id: {image_id: {images[image_id]} for image_id in image_ids}
        for service_id, image_ids in team.project.services.items()
    }


def test_its_deployments_are_listed_newest_first_and_nobody_claims_that_they_worked(
    team: Team, recorded: History
) -> None:
    first, second, third, _ = recorded.releases

    shown = team.json("show-deployments").json["deployments"]

    assert [(each["release_id"], each["environment"], each["description"]) for each in shown] == [
        (third, "stage", "New items"),
        (second, "prod", "No description provided"),
        (second, "stage", "New search"),
        (first, "stage", "Try the first one"),
    ]
    assert {each["status"] for each in shown} == {"unverified"}
    assert all(each["deployment_id"] and each["date_created"].endswith("Z") for each in shown)
    again = team.json("show-deployments").json["deployments"]
    assert [each["deployment_id"] for each in again] == [each["deployment_id"] for each in shown]
    text = team.run("show-deployments", "--environment-id", "prod").out
    assert second[:8] in text
    assert "unverified" in text
    assert third[:8] not in text


def test_its_releases_are_shown_by_id_by_prefix_and_as_the_latest(team: Team, recorded: History) -> None:
    first, *_, fourth = recorded.releases
    kept = recorded.items[0]

    shown = team.run("show-release", first)

    assert shown.code == 0
    assert shown.json["release_id"] == first
    assert shown.json["description"] == kept["description"]["S"] == "The first one"
    assert shown.json["images"] == {name: ref["S"] for name, ref in kept["images"]["M"].items()}
    assert [each["environment"] for each in shown.json["deployments"]] == ["stage"]
    assert team.run("show-release", first[:8]).json == shown.json
    assert team.run("show-release").json["release_id"] == fourth
    listed = team.json("show-releases").json["releases"]
    assert [each["release_id"] for each in listed] == list(reversed(recorded.releases))


def test_an_old_release_is_deployed_by_the_id_that_5_x_gave_it(team: Team, past: History) -> None:
    first = past.releases[0]

    ran = team.json("deploy", "--release-id", first, "--environment-id", "stage", *SOON)

    assert ran.code == 0, ran.err
    assert ran.json["deployment"]["release_id"] == first
    assert ran.json["deployment"]["status"] == "succeeded"
    assert team.aws.digests("env.stage") == digests(past, first)
    assert runs(team, "stage") == meant(team, digests(past, first))
    assert team.aws.digests("env.prod") == digests(past, past.releases[1])
    latest = team.json("show-deployments", "--limit", "1").json["deployments"]
    assert [(each["release_id"], each["status"]) for each in latest] == [(first, "succeeded")]


def test_a_service_that_5_x_forgot_is_redeployed_though_every_tag_is_right(team: Team, past: History) -> None:
    third = past.releases[2]
    assert team.aws.digests("env.stage") == digests(past, third)
    assert runs(team, "stage")["items-api"] != meant(team, digests(past, third))["items-api"]

    ran = team.json("deploy", "--release-id", third, "--environment-id", "stage", *SOON)

    assert ran.code == 0, ran.err
    told = {each["service_id"]: each["status"] for each in ran.json["deployment"]["services"]}
    assert told == {"search-api": "unchanged", "items-api": "succeeded", "items-worker": "unchanged"}
    assert runs(team, "stage") == meant(team, digests(past, third))


def test_a_rollback_goes_to_the_deployment_of_5_x_before_the_current_one(team: Team, past: History) -> None:
    first, second, *_ = past.releases

    back = team.json("rollback", "--environment-id", "stage", *SOON)

    assert back.code == 0, back.err
    assert back.json["deployment"]["release_id"] == second
    assert runs(team, "stage") == meant(team, digests(past, second))
    further = team.json("rollback", "--environment-id", "stage", *SOON)
    assert further.json["deployment"]["release_id"] == first
    assert runs(team, "stage") == meant(team, digests(past, first))


def test_a_rollback_from_a_new_deployment_goes_to_what_5_x_deployed_last(team: Team, past: History) -> None:
    third = past.releases[2]
    team.push("search")
    assert team.release_deploy().code == 0

    back = team.json("rollback", "--environment-id", "stage", *SOON)

    assert back.code == 0, back.err
    assert back.json["deployment"]["release_id"] == third
    assert runs(team, "stage") == meant(team, digests(past, third))


def test_what_an_environment_runs_is_known_from_the_last_deployment_of_5_x(team: Team, past: History) -> None:
    """Known, but verified by nobody: to pass the gate, somebody has to say why."""
    second = past.releases[1]
    refused = team.json("promote", "--from", "prod", "--to", "stage", *SOON)
    assert (refused.code, refused.error["code"]) == (1, "gate_closed")
    assert "unverified" in refused.error["message"]

    ran = team.json("promote", "--from", "prod", "--to", "stage", *SOON, "--override-gate", "tried by hand")

    assert ran.code == 0, ran.err
    assert ran.json["deployment"]["release_id"] == second
    assert runs(team, "stage") == meant(team, digests(past, second))
    assert team.aws.digests("env.stage") == digests(past, second)


def test_the_deployment_of_5_x_is_confirmed_once_what_it_meant_really_runs(team: Team, past: History) -> None:
    confirmed = team.json("confirm-deploy", "--environment-id", "prod", *SOON)

    assert confirmed.code == 0, confirmed.err
    assert confirmed.json["deployment"]["release_id"] == past.releases[1]


def test_a_plan_against_the_old_history_changes_nothing(team: Team, past: History) -> None:
    before = team.aws.everything()

    planned = team.json("plan", "--release-id", past.releases[0], "--environment-id", "prod")

    assert planned.json["plan"]["changes"] is True
    assert team.aws.everything() == before
