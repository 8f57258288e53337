"""Uses this version with a history that 5.7.4 wrote."""

from __future__ import annotations

from tests.commands.team import SOON, Team
from tests.legacy.history import History


def digests(past: History, release: str) -> dict[str, str]:
    """Image id → the digest in the release."""
    item = next(item for item in past.items if item["release_id"]["S"] == release)
    return {image_id: past.tags[image_id][ref["S"]] for image_id, ref in item["images"]["M"].items()}


def runs(team: Team, environment_id: str) -> dict[str, dict[str, set[str]]]:
    return team.aws.running(environment_id)


def _deployment_ids(deployments: list[dict[str, object]]) -> list[object]:
    return [deployment["deployment_id"] for deployment in deployments]


def expected(team: Team, images: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    """Service id → image id → the digests that it must run with these images."""
    return {
        service_id: {image_id: {images[image_id]} for image_id in image_ids}
        for service_id, image_ids in team.project.services.items()
    }


def test_deployments_of_5_x_are_listed_newest_first_as_unverified(team: Team, recorded: History) -> None:
    first, second, third, _ = recorded.releases

    shown = team.json("show-deployments").json["deployments"]

    assert [
        (deployment["release_id"], deployment["environment"], deployment["description"])
        for deployment in shown
    ] == [
        (third, "stage", "New items"),
        (second, "prod", "No description provided"),
        (second, "stage", "New search"),
        (first, "stage", "Try the first one"),
    ]
    assert {deployment["status"] for deployment in shown} == {"unverified"}
    assert all(
        deployment["deployment_id"] and deployment["date_created"].endswith("Z") for deployment in shown
    )
    shown_again = team.json("show-deployments").json["deployments"]
    assert _deployment_ids(shown_again) == _deployment_ids(shown)
    text = team.run("show-deployments", "--environment-id", "prod").out
    assert second[:8] in text
    assert "unverified" in text
    assert third[:8] not in text


def test_releases_of_5_x_are_shown_by_id_by_prefix_and_as_latest(team: Team, recorded: History) -> None:
    first, *_, fourth = recorded.releases
    item = recorded.items[0]

    shown = team.run("show-release", first)

    assert shown.code == 0
    assert shown.json["release_id"] == first
    assert shown.json["description"] == item["description"]["S"] == "The first one"
    assert shown.json["images"] == {name: ref["S"] for name, ref in item["images"]["M"].items()}
    assert [deployment["environment"] for deployment in shown.json["deployments"]] == ["stage"]
    assert team.run("show-release", first[:8]).json == shown.json
    assert team.run("show-release").json["release_id"] == fourth
    listed = team.json("show-releases").json["releases"]
    assert [release["release_id"] for release in listed] == list(reversed(recorded.releases))


def test_release_of_5_x_is_deployed_by_its_id(team: Team, past: History) -> None:
    first = past.releases[0]

    run = team.json("deploy", "--release-id", first, "--environment-id", "stage", *SOON)

    assert run.code == 0, run.err
    assert run.json["deployment"]["release_id"] == first
    assert run.json["deployment"]["status"] == "succeeded"
    assert team.aws.digests("env.stage") == digests(past, first)
    assert runs(team, "stage") == expected(team, digests(past, first))
    assert team.aws.digests("env.prod") == digests(past, past.releases[1])
    latest = team.json("show-deployments", "--limit", "1").json["deployments"]
    assert [(deployment["release_id"], deployment["status"]) for deployment in latest] == [
        (first, "succeeded")
    ]


def test_service_that_5_x_did_not_redeploy_is_redeployed_although_its_tags_are_right(
    team: Team, past: History
) -> None:
    third = past.releases[2]
    assert team.aws.digests("env.stage") == digests(past, third)
    assert runs(team, "stage")["items-api"] != expected(team, digests(past, third))["items-api"]

    run = team.json("deploy", "--release-id", third, "--environment-id", "stage", *SOON)

    assert run.code == 0, run.err
    statuses = {service["service_id"]: service["status"] for service in run.json["deployment"]["services"]}
    assert statuses == {"search-api": "unchanged", "items-api": "succeeded", "items-worker": "unchanged"}
    assert runs(team, "stage") == expected(team, digests(past, third))


def test_rollback_goes_to_the_previous_deployment_of_5_x(team: Team, past: History) -> None:
    first, second, *_ = past.releases

    back = team.json("rollback", "--environment-id", "stage", *SOON)

    assert back.code == 0, back.err
    assert back.json["deployment"]["release_id"] == second
    assert runs(team, "stage") == expected(team, digests(past, second))
    further = team.json("rollback", "--environment-id", "stage", *SOON)
    assert further.json["deployment"]["release_id"] == first
    assert runs(team, "stage") == expected(team, digests(past, first))


def test_rollback_of_a_new_deployment_goes_to_the_last_deployment_of_5_x(team: Team, past: History) -> None:
    third = past.releases[2]
    team.push("search")
    assert team.release_deploy().code == 0

    back = team.json("rollback", "--environment-id", "stage", *SOON)

    assert back.code == 0, back.err
    assert back.json["deployment"]["release_id"] == third
    assert runs(team, "stage") == expected(team, digests(past, third))


def test_promote_takes_the_last_deployment_of_5_x_if_the_gate_is_overridden(
    team: Team, past: History
) -> None:
    """The deployment is unverified, so that only a reason opens the gate."""
    second = past.releases[1]
    refused = team.json("promote", "--from", "prod", "--to", "stage", *SOON)
    assert (refused.code, refused.error["code"]) == (1, "gate_closed")
    assert "was recorded without a verdict" in refused.error["message"]

    run = team.json("promote", "--from", "prod", "--to", "stage", *SOON, "--override-gate", "tried by hand")

    assert run.code == 0, run.err
    assert run.json["deployment"]["release_id"] == second
    assert runs(team, "stage") == expected(team, digests(past, second))
    assert team.aws.digests("env.stage") == digests(past, second)


def test_confirm_deploy_confirms_a_deployment_of_5_x(team: Team, past: History) -> None:
    confirmed = team.json("confirm-deploy", "--environment-id", "prod", *SOON)

    assert confirmed.code == 0, confirmed.err
    assert confirmed.json["deployment"]["release_id"] == past.releases[1]


def test_plan_changes_nothing_in_a_history_of_5_x(team: Team, past: History) -> None:
    before = team.aws.everything()

    planned = team.json("plan", "--release-id", past.releases[0], "--environment-id", "prod")

    assert planned.json["plan"]["changes"] is True
    assert team.aws.everything() == before
