"""`show-deployment`, from arguments to text, documents and exit codes."""

from __future__ import annotations

from tests.cli.desk import Desk
from tests.world.behaviour import crash


def crashed(desk: Desk) -> str:
    """Deploy an image that crashes; the id of the deployment."""
    desk.world.push("search")
    assert desk.run("--confirm", "release-deploy").code == 0
    desk.world.push("search", crash(code=3, lines=("no index called works",)))
    ran = desk.run("--confirm", "--output", "json", "release-deploy")
    deployment_id = ran.json["deployment"]["deployment_id"]
    assert isinstance(deployment_id, str)
    return deployment_id


def test_text_explains_the_failure_of_the_last_deployment(desk: Desk) -> None:
    deployment_id = crashed(desk)

    ran = desk.run("show-deployment")

    assert ran.code == 0
    assert f"deployment {deployment_id}" in ran.out
    assert "exit code 3" in ran.out
    assert "| no index called works" in ran.out
    assert "weco-deploy rollback --environment-id stage" in ran.out


def test_document_has_the_deployment_that_a_prefix_names(desk: Desk) -> None:
    deployment_id = crashed(desk)

    ran = desk.run("--output", "json", "show-deployment", deployment_id[:8], "--environment-id", "stage")

    assert ran.code == 0
    assert ran.json["deployment"]["deployment_id"] == deployment_id
    assert ran.json["last"] is None


def test_unknown_deployment_is_an_error_that_says_how_to_list_deployments(desk: Desk) -> None:
    crashed(desk)

    ran = desk.run("show-deployment", "nothing")

    assert (ran.code, ran.out) == (1, "")
    assert "there is no deployment 'nothing' of project shop" in ran.err
    assert "weco-deploy show-deployments" in ran.err


def test_release_is_not_taken_for_a_deployment_and_leads_to_its_deployments(desk: Desk) -> None:
    crashed(desk)
    release = desk.run("show-release").json["release_id"][:8]

    ran = desk.run("show-deployment", release)

    assert ran.code == 1
    assert f"error: '{release}' is a release, not a deployment; " in ran.err
    assert ran.err.endswith(f": weco-deploy show-deployments {release}\n")
    assert desk.run("show-deployments", release).code == 0
