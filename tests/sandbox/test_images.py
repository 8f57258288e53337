from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable

import pytest

from tests.sandbox.projects import WEB
from tests.sandbox.rollouts import Rollouts
from tests.sandboxes import Provisioned, place_of
from weco_deploy.sandbox import images
from weco_deploy.sandbox.behaviour import GOOD, LABEL, Behaviour, parse
from weco_deploy.sandbox.images import OCI_INDEX, BuiltImage
from weco_deploy.sandbox.registry import ImageName, Registry

COMMIT = "c0ffee" * 6 + "c0ff"


@pytest.mark.parametrize("build", [images.build, images.build_multi_arch])
def test_built_image_contains_every_referenced_blob(
    build: Callable[[str, str, Behaviour], BuiltImage],
) -> None:
    image = build("web", COMMIT, GOOD)
    stored = {blob.digest: blob.content for blob in image.blobs}
    manifests = [part.blob for part in image.parts] or [image.top.blob]
    for blob in manifests:
        manifest = json.loads(blob.content)
        for descriptor in (manifest["config"], *manifest["layers"]):
            assert len(stored[descriptor["digest"]]) == descriptor["size"]
        config = json.loads(stored[manifest["config"]["digest"]])
        unpacked = gzip.decompress(stored[manifest["layers"][0]["digest"]])
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(unpacked).hexdigest()}"]


def test_built_images_have_distinct_digests() -> None:
    digests = {images.build(name, commit, GOOD).digest for name in ("a", "b") for commit in ("1", "2")}
    assert len(digests) == 4


def test_pushed_image_has_the_digest_of_its_manifest_in_ecr(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    rollouts = Rollouts(sandbox)
    pushed = sandbox.push("web", commit=COMMIT)

    assert pushed.ref == f"ref.{COMMIT}"
    assert rollouts.digest_of(pushed.ref) == rollouts.digest_of("latest") == pushed.digest
    manifest = rollouts.manifest_of(pushed.digest).encode()
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == pushed.digest


def test_first_image_has_the_tags_latest_and_env(provisioned: Provisioned) -> None:
    rollouts = Rollouts(provisioned(WEB))
    assert rollouts.digest_of("latest") == rollouts.digest_of("env.stage") is not None


def test_multi_arch_image_has_the_digest_of_its_index_in_ecr(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    pushed = sandbox.push("web", parse("crash=7"), multi_arch=True)

    index = json.loads(Rollouts(sandbox).manifest_of(pushed.digest))
    assert index["mediaType"] == OCI_INDEX
    assert len(index["manifests"]) == 2

    name = ImageName(place=place_of(sandbox), repository="uk.ac.wellcome/web", reference="latest")
    found = Registry(sandbox.state.port).find(name)
    assert found is not None
    assert (found.digest, found.media_type) == (pushed.digest, OCI_INDEX)
    assert parse(found.labels[LABEL]) == parse("crash=7")
