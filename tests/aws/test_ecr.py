"""Answers of ECR that the emulators don't give."""

from __future__ import annotations

import json

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AwsError, PlanRefused, Unreachable
from weco_deploy.model.image import MANIFESTS, Manifest

ONE, TWO, THREE = ("sha256:" + digit * 64 for digit in "123")
BODY = '{"schemaVersion": 2}'
TYPE = MANIFESTS[1]
MANIFEST = Manifest(digest=ONE, media_type=TYPE, body=BODY)


@pytest.fixture
def registry(aws: ScriptedAws) -> EcrRegistry:
    aws.says("PutImage", json_answer(image={}))
    return EcrRegistry(Login(StillClock(), Rates()).account("eu-west-1"))


def image(digest: str, tag: str | None = None, manifest: str = BODY) -> dict[str, object]:
    named = {"imageDigest": digest} | ({"imageTag": tag} if tag else {})
    return {"imageId": named, "imageManifest": manifest, "imageManifestMediaType": TYPE}


@pytest.mark.parametrize(
    ("images", "tagged"),
    [
        ([image(ONE)], ONE),
        ([image(ONE, "env.stage")], ONE),
        ([image(ONE), image(ONE, "env.stage")], ONE),
        ([image(ONE), image(TWO, "env.stage")], TWO),
        ([image(TWO, "env.stage"), image(ONE)], TWO),
        ([image(ONE, "env.stage"), image(TWO, "latest")], TWO),
    ],
    ids=["merged", "merged with tag", "twice", "apart", "apart, other order", "labelled with other tags"],
)
def test_tag_is_resolved_for_every_form_of_the_answer(
    aws: ScriptedAws, registry: EcrRegistry, images: list[object], tagged: str
) -> None:
    aws.says("BatchGetImage", json_answer(images=images, failures=[]))

    view = registry.manifest_and_tag("acme/app", ONE, "env.stage")

    assert view.manifest == MANIFEST
    assert view.tagged == tagged


def test_digest_and_tag_are_requested_in_one_call_with_all_media_types(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    aws.says("BatchGetImage", json_answer(images=[image(ONE)], failures=[]))

    registry.manifest_and_tag("acme/app", ONE, "env.stage")

    (asked,) = (json.loads(body) for body in aws.bodies)
    assert asked["imageIds"] == [{"imageDigest": ONE}, {"imageTag": "env.stage"}]
    assert len(asked["acceptedMediaTypes"]) == 4


def test_unreadable_image_is_an_error_and_not_missing(aws: ScriptedAws, registry: EcrRegistry) -> None:
    failure = {"imageId": {"imageDigest": ONE}, "failureCode": "KmsError", "failureReason": "key disabled"}
    aws.says("BatchGetImage", json_answer(images=[], failures=[failure]))

    with pytest.raises(AwsError, match=f"{ONE} of acme/app: KmsError: key disabled"):
        registry.manifest_and_tag("acme/app", ONE, "env.stage")


@pytest.mark.parametrize(
    "answer",
    [Answer(200, "<html>"), json_answer(images=[image(ONE, manifest="<html>")]), json_answer(images=[{}])],
    ids=["no answer", "no manifest", "no image"],
)
def test_malformed_answer_is_unreachable_and_not_a_missing_image(
    aws: ScriptedAws, registry: EcrRegistry, answer: Answer
) -> None:
    aws.says("BatchGetImage", answer)
    aws.says("DescribeImages", Answer(200, "<html>"))
    aws.says("DescribeRepositories", Answer(200, "<html>"))

    with pytest.raises(Unreachable, match="ecr:BatchGetImage"):
        registry.manifest_and_tag("acme/app", ONE, "env.stage")
    with pytest.raises(Unreachable, match="ecr:DescribeImages"):
        registry.find("acme/app", "latest")
    with pytest.raises(Unreachable, match="ecr:DescribeRepositories"):
        registry.repositories(["acme/app"])


def test_manifest_is_put_byte_for_byte(aws: ScriptedAws, registry: EcrRegistry) -> None:
    registry.point("acme/app", "env.stage", MANIFEST)

    (put,) = (json.loads(body) for body in aws.bodies)
    assert put == {
        "repositoryName": "acme/app",
        "imageManifest": BODY,
        "imageManifestMediaType": TYPE,
        "imageTag": "env.stage",
        "imageDigest": ONE,
    }


@pytest.mark.parametrize("code", ["ImageAlreadyExistsException", "ImageTagAlreadyExistsException"])
def test_refused_put_succeeds_if_the_tag_points_there_already(
    aws: ScriptedAws, registry: EcrRegistry, code: str
) -> None:
    aws.says("PutImage", refusal(code, "there is one"))
    aws.says("DescribeImages", json_answer(imageDetails=[{"imageDigest": ONE}]))
    registry.point("acme/app", "env.stage", MANIFEST)

    aws.says("DescribeImages", json_answer(imageDetails=[{"imageDigest": TWO}]))
    with pytest.raises(PlanRefused, match="can't be moved"):
        registry.point("acme/app", "env.stage", MANIFEST)


def test_other_refused_put_keeps_aws_message(aws: ScriptedAws, registry: EcrRegistry) -> None:
    aws.says("PutImage", refusal("ImageDigestDoesNotMatchException", "digests differ"))

    with pytest.raises(AwsError, match="ImageDigestDoesNotMatchException: digests differ"):
        registry.point("acme/app", "env.stage", MANIFEST)


def test_tags_are_told_apart_by_the_lists_of_tags_and_not_by_the_answer_s_tag(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    # Both images are said to have env.stage, which the second had before.
    aws.says(
        "BatchGetImage", json_answer(images=[image(ONE, "env.stage"), image(TWO, "env.stage")], failures=[])
    )
    details = [
        {"imageDigest": TWO, "imageTags": ["env.prod"]},
        {"imageDigest": ONE, "imageTags": ["env.stage"]},
    ]
    aws.says("DescribeImages", json_answer(imageDetails=details))

    found = registry.tagged("acme/app", ["env.stage", "env.prod"])

    assert {tag: manifest.digest for tag, manifest in found.items()} == {"env.stage": ONE, "env.prod": TWO}
    assert aws.calls == ["BatchGetImage", "DescribeImages"]


def test_tag_that_moves_between_two_calls_is_asked_for_again(aws: ScriptedAws, registry: EcrRegistry) -> None:
    aws.says(
        "BatchGetImage",
        json_answer(images=[image(ONE), image(TWO)], failures=[]),
        json_answer(images=[image(THREE)], failures=[]),
    )
    details = [{"imageDigest": ONE, "imageTags": ["env.stage"]}, {"imageDigest": TWO}]
    aws.says("DescribeImages", json_answer(imageDetails=details))

    found = registry.tagged("acme/app", ["env.stage", "env.prod"])

    assert {tag: manifest.digest for tag, manifest in found.items()} == {"env.stage": ONE, "env.prod": THREE}


def inaccessible(**image_id: str) -> dict[str, object]:
    return {"imageId": image_id, "failureCode": "ImageInaccessible", "failureReason": "the image is archived"}


def test_tag_that_points_at_an_archived_image_does_not_hide_the_release_s_image(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    failures = [inaccessible(imageTag="env.stage")]
    aws.says("BatchGetImage", json_answer(images=[image(ONE)], failures=failures))
    aws.says("DescribeImages", json_answer(imageDetails=[{"imageDigest": TWO, "imageStatus": "ARCHIVED"}]))

    view = registry.manifest_and_tag("acme/app", ONE, "env.stage")

    assert (view.manifest, view.tagged, view.unreadable) == (MANIFEST, TWO, "")
    assert json.loads(aws.bodies[1])["imageIds"] == [{"imageTag": "env.stage"}]


@pytest.mark.parametrize("code", ["KmsError", "UpstreamUnavailable"])
def test_no_failure_of_the_tag_s_image_hides_the_release_s_image(
    aws: ScriptedAws, registry: EcrRegistry, code: str
) -> None:
    failure = {"imageId": {"imageDigest": TWO, "imageTag": "env.stage"}, "failureCode": code}
    aws.says("BatchGetImage", json_answer(images=[image(ONE)], failures=[failure]))
    aws.says("DescribeImages", json_answer(imageDetails=[{"imageDigest": TWO}]))

    view = registry.manifest_and_tag("acme/app", ONE, "env.stage")

    assert (view.manifest, view.tagged) == (MANIFEST, TWO)


def test_image_that_ecr_does_not_give_is_not_missing(aws: ScriptedAws, registry: EcrRegistry) -> None:
    failures = [inaccessible(imageDigest=ONE)]
    aws.says("BatchGetImage", json_answer(images=[image(TWO, "env.stage")], failures=failures))

    view = registry.manifest_and_tag("acme/app", ONE, "env.stage")

    assert (view.manifest, view.tagged) == (None, TWO)
    assert view.unreadable == "ImageInaccessible: the image is archived"


def test_statuses_of_images_are_asked_for_in_one_call_with_archived_ones(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    details = [{"imageDigest": ONE, "imageStatus": "ARCHIVED"}, {"imageDigest": TWO}]
    aws.says("DescribeImages", json_answer(imageDetails=details))

    assert registry.statuses("acme/app", [ONE, TWO]) == {ONE: "ARCHIVED", TWO: "ACTIVE"}
    (asked,) = (json.loads(body) for body in aws.bodies)
    assert asked["imageIds"] == [{"imageDigest": ONE}, {"imageDigest": TWO}]
    assert asked["filter"] == {"imageStatus": "ANY"}


def test_images_are_described_without_the_filter_if_ecr_refuses_it(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    aws.says(
        "DescribeImages",
        refusal("InvalidParameterException", "Invalid parameter at 'filter'"),
        json_answer(imageDetails=[{"imageDigest": ONE, "imageStatus": "ARCHIVED"}]),
    )

    assert registry.statuses("acme/app", [ONE]) == {ONE: "ARCHIVED"}

    aws.says("DescribeImages", refusal("InvalidParameterException", "Invalid parameter at 'imageIds'"))
    with pytest.raises(AwsError, match="InvalidParameterException"):
        registry.find("acme/app", "no tag")


def test_image_that_is_gone_does_not_hide_the_status_of_others(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    gone = refusal("ImageNotFoundException", "no such image")
    aws.says("DescribeImages", gone, gone, json_answer(imageDetails=[{"imageDigest": TWO}]))

    assert registry.statuses("acme/app", [ONE, TWO]) == {TWO: "ACTIVE"}
