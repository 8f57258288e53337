"""Deployments: the first to an environment, of a chosen commit, of an earlier release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.conftest import SHOP
from tests.commands.team import SOON, Team
from tests.sandboxes import Provisioned
from weco_deploy import config
from weco_deploy.sandbox.estate import Estate


def test_first_deployment_to_an_environment_creates_its_tags(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(".wellcome_project")
    file.write_text(SHOP)
    project = config.load(file).project("shop")
    team = Team(project, provisioned(project, estate=Estate(env_tags=False)), monkeypatch, capsys)
    assert team.aws.digests("env.stage") == {}

    ran = team.release_deploy()

    assert ran.code == 0, ran.err
    latest = team.aws.digests("latest")
    assert len(latest) == len(project.images)
    assert team.aws.digests("env.stage") == latest
    assert team.aws.digests("env.prod") == {}
    assert {image["from_digest"] for image in ran.json["deployment"]["images"].values()} == {None}
    assert team.aws.running("stage") == {
        service_id: {image_id: {latest[image_id]} for image_id in image_ids}
        for service_id, image_ids in project.services.items()
    }


def test_chosen_commit_is_deployed_and_not_a_later_one(shop: Team) -> None:
    chosen = shop.push("search")
    shop.push("search")

    prepared = shop.json(
        *("prepare", "--from-label", chosen.ref, "--allow-partial", "--description", "The one that worked")
    )
    release = prepared.json["release"]
    deployed = shop.json("deploy", "--release-id", release["release_id"][:8], *SOON)

    assert (prepared.code, deployed.code) == (0, 0), prepared.err + deployed.err
    assert release["digests"] == {"search": chosen.digest}, "the others were not built from that commit"
    assert release["images"]["search"] == chosen.ref
    assert deployed.json["deployment"]["release_id"] == release["release_id"]
    assert set(deployed.json["deployment"]["images"]) == {"search"}
    assert shop.aws.running("stage")["search-api"] == {"search": {chosen.digest}}


def test_release_is_found_by_four_characters_and_not_by_fewer(shop: Team) -> None:
    release_id = shop.json("prepare").json["release"]["release_id"]

    assert shop.json("show-release", release_id[:4]).json["release_id"] == release_id
    assert shop.json("show-release", release_id[:3]).code != 0


def test_update_replaces_the_named_images_and_leaves_the_others(shop: Team) -> None:
    first = shop.json("prepare").json["release"]
    pushed = {image_id: shop.push(image_id).digest for image_id in ("search", "items")}

    updated = shop.json("update", "--image-ids", "items").json
    deployed = shop.json("deploy", *SOON)

    assert updated["previous_release_id"] == first["release_id"]
    assert updated["release"]["digests"] == first["digests"] | {"items": pushed["items"]}
    assert deployed.json["deployment"]["release_id"] == updated["release"]["release_id"]
    assert shop.aws.digests("env.stage") == updated["release"]["digests"]


def test_image_without_a_ref_tag_is_refused_by_name_before_anything_changes(shop: Team) -> None:
    shop.push_without_commit("search")
    before = shop.aws.everything()

    for command in ("prepare", "release-deploy"):
        ran = shop.json(command)
        assert (ran.code, ran.error["code"]) == (1, "plan_refused")
        assert "search" in ran.error["message"]
        assert "items" not in ran.error["message"]

    assert shop.aws.everything() == before
    pushed = shop.push("search")
    assert shop.release_deploy().code == 0
    assert shop.aws.digests("env.stage")["search"] == pushed.digest


def test_images_of_stage_go_to_prod_and_not_later_ones(shop: Team) -> None:
    staged = shop.push_all()
    assert shop.release_deploy().code == 0
    shop.push_all()

    ran = shop.json("release-deploy", "--from-label", "env.stage", "--environment-id", "prod", *SOON)

    assert ran.code == 0, ran.err
    assert shop.aws.digests("env.prod") == staged


def test_named_project_of_several_is_deployed(shop: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    other = "other: {environments: [{id: stage}], image_repositories: [{id: gateway}]}\n"
    Path(".wellcome_project").write_text(SHOP + other)
    before = shop.aws.everything()

    unnamed = shop.release_deploy()
    misspelt = shop.json("--project-id", "shpo", "release-deploy")
    assert (unnamed.code, misspelt.code) == (2, 2)
    assert "--project-id" in unnamed.json["error"]["message"] + unnamed.json["error"]["hint"]
    assert "shop" in misspelt.json["error"]["message"] + misspelt.json["error"]["hint"]
    assert shop.aws.everything() == before

    monkeypatch.setenv("WECO_DEPLOY_PROJECT_ID", "shop")
    named = shop.release_deploy()
    assert named.code == 0, named.err
    assert named.json["deployment"]["project_id"] == "shop"


def test_history_shows_the_deployments(shop: Team) -> None:
    shop.push("search")
    made = [
        shop.release_deploy("--description", f"number {number}", to=environment_id).json["deployment"]
        for number, environment_id in enumerate(("stage", "prod", "stage"))
    ]
    for deployment in made:
        assert deployment.pop("next") == []  # the history has no next commands

    everywhere = shop.json("show-deployments").json["deployments"]
    staged = shop.json("show-deployments", "--environment-id", "stage").json["deployments"]
    of_first = shop.json("show-deployments", made[0]["release_id"][:8]).json["deployments"]
    newest = shop.json("show-deployments", "--limit", "1").json["deployments"]

    assert everywhere == made[::-1]
    assert staged == [made[2], made[0]]
    assert of_first == [made[0]]
    assert newest == [made[2]]
    text = shop.run("show-deployments").out
    assert [text.index(f"number {number}") for number in (2, 1, 0)] == sorted(
        text.index(f"number {number}") for number in range(3)
    )
