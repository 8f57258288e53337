"""The commit that an image names itself, in an annotation or in the label of its config."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tests.aws.scripted import Answer, ScriptedAws, json_answer, refusal
from tests.contracts.aws_setting import StillClock
from weco_deploy.aws.ecr import EcrRegistry
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.errors import AccessDenied, AwsError, NotFound, Unreachable

DIGEST, CONFIG = "sha256:" + "1" * 64, "sha256:" + "2" * 64
COMMIT = "3f2a9c1d" * 5
NAMED = {"org.opencontainers.image.revision": COMMIT}
MANIFEST = {"config": {"digest": CONFIG}, "layers": []}
DOWNLOAD = "GET /blob?X-Amz-Signature=secret"


@pytest.fixture
def registry(aws: ScriptedAws) -> EcrRegistry:
    url = f"{aws.url}/blob?X-Amz-Signature=secret"
    aws.says("GetDownloadUrlForLayer", json_answer(downloadUrl=url, layerDigest=CONFIG))
    return EcrRegistry(Login(StillClock(), Rates()).account("eu-west-1"))


def manifests(aws: ScriptedAws, *contents: Mapping[str, object]) -> None:
    aws.says(
        "BatchGetImage",
        *(
            json_answer(images=[{"imageId": {}, "imageManifest": json.dumps(content)}], failures=[])
            for content in contents
        ),
    )


def config(aws: ScriptedAws, **content: object) -> None:
    aws.says(DOWNLOAD, json_answer(config=content))


def child(digest: str, os: str) -> dict[str, object]:
    return {"digest": digest, "platform": {"os": os, "architecture": "amd64"}}


def test_annotation_of_the_manifest_names_the_commit_without_a_download(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    manifests(aws, {**MANIFEST, "annotations": NAMED})

    assert registry.revision("acme/app", DIGEST) == COMMIT
    assert aws.calls == ["BatchGetImage"]


def test_label_of_the_config_names_the_commit(aws: ScriptedAws, registry: EcrRegistry) -> None:
    manifests(aws, MANIFEST)
    config(aws, Labels=NAMED)

    assert registry.revision("acme/app", DIGEST) == COMMIT
    assert aws.calls == ["BatchGetImage", "GetDownloadUrlForLayer", DOWNLOAD]
    assert json.loads(aws.bodies[1])["layerDigest"] == CONFIG


def test_index_is_named_by_its_annotation_or_else_by_its_first_image(
    aws: ScriptedAws, registry: EcrRegistry
) -> None:
    index = {"manifests": [child("sha256:attestation", "unknown"), child("sha256:image", "linux")]}
    manifests(aws, {**index, "annotations": NAMED})
    assert registry.revision("acme/app", DIGEST) == COMMIT

    manifests(aws, index, MANIFEST)
    config(aws, Labels=NAMED)
    assert registry.revision("acme/app", DIGEST) == COMMIT
    assert "sha256:image" in aws.bodies[2]


@pytest.mark.parametrize(
    "content",
    [{}, {"Labels": None}, {"Labels": {"other": "x"}}, {"Labels": {"org.opencontainers.image.revision": 1}}],
)
def test_image_without_the_label_names_no_commit(
    aws: ScriptedAws, registry: EcrRegistry, content: dict[str, object]
) -> None:
    manifests(aws, MANIFEST)
    config(aws, **content)

    assert registry.revision("acme/app", DIGEST) is None


@pytest.mark.parametrize("manifest", [{}, {"manifests": []}, {"annotations": []}, {"config": "x"}])
def test_manifest_without_a_config_names_no_commit(
    aws: ScriptedAws, registry: EcrRegistry, manifest: dict[str, object]
) -> None:
    manifests(aws, manifest)

    assert registry.revision("acme/app", DIGEST) is None


def test_image_that_is_gone_names_no_commit(aws: ScriptedAws, registry: EcrRegistry) -> None:
    aws.says("BatchGetImage", json_answer(images=[], failures=[]))

    assert registry.revision("acme/app", DIGEST) is None


def test_denied_download_is_an_error_with_the_permission(aws: ScriptedAws, registry: EcrRegistry) -> None:
    manifests(aws, MANIFEST)
    aws.says("GetDownloadUrlForLayer", refusal("AccessDeniedException"))

    with pytest.raises(AccessDenied, match="ecr:GetDownloadUrlForLayer"):
        registry.revision("acme/app", DIGEST)


def test_missing_repository_is_named(aws: ScriptedAws, registry: EcrRegistry) -> None:
    aws.says("BatchGetImage", refusal("RepositoryNotFoundException"))

    with pytest.raises(NotFound, match="no repository acme/app"):
        registry.revision("acme/app", DIGEST)


def test_failed_download_is_an_error_without_the_signature(aws: ScriptedAws, registry: EcrRegistry) -> None:
    manifests(aws, MANIFEST)
    aws.says(DOWNLOAD, Answer(403, "<Error/>"))
    with pytest.raises(AwsError, match="HTTP 403") as refused:
        registry.revision("acme/app", DIGEST)
    assert "secret" not in refused.value.message

    aws.says(DOWNLOAD, Answer(200, "<html>"))
    with pytest.raises(Unreachable) as unreadable:
        registry.revision("acme/app", DIGEST)
    assert "secret" not in unreadable.value.message
