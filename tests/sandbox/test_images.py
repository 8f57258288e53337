from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from http.client import HTTPConnection

import pytest

from tests.sandbox.projects import WEB
from tests.sandbox.rollouts import Rollouts
from tests.sandboxes import Provisioned, place_of
from weco_deploy.sandbox import images
from weco_deploy.sandbox.ecs import Image, NotPullable
from weco_deploy.sandbox.ecs.behaviour import parse
from weco_deploy.sandbox.images import OCI_INDEX, BuiltImage
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.running import Sandbox

COMMIT = "c0ffee" * 6 + "c0ff"


@pytest.mark.parametrize("build", [images.build, images.build_multi_arch])
def test_built_image_contains_every_referenced_blob(
    build: Callable[[str, str], BuiltImage],
) -> None:
    image = build("web", COMMIT)
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
    digests = {images.build(name, commit).digest for name in ("a", "b") for commit in ("1", "2")}
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
    pushed = sandbox.push("web", multi_arch=True)

    index = json.loads(Rollouts(sandbox).manifest_of(pushed.digest))
    assert index["mediaType"] == OCI_INDEX
    assert len(index["manifests"]) == 2


@pytest.mark.parametrize("multi_arch", [False, True])
def test_registry_finds_the_digest_and_the_behaviour_of_an_image(
    provisioned: Provisioned, multi_arch: bool
) -> None:
    sandbox = provisioned(WEB)
    pushed = sandbox.push("web", "crash=7", multi_arch=multi_arch)
    repository = repository_in(sandbox)
    registry = Registry(sandbox.state.ports.emulator)

    found = registry.resolve([f"{repository}:latest", f"{repository}@{pushed.digest}"])

    assert list(found.values()) == [Image(digest=pushed.digest, behaviour=parse("crash=7"))] * 2


def test_registry_says_why_an_image_cannot_be_pulled(provisioned: Provisioned) -> None:
    sandbox = provisioned(WEB)
    sandbox.push("web", "nonsense")
    registry, repository = Registry(sandbox.state.ports.emulator), repository_in(sandbox)
    missing = [f"{repository}:missing", f"{repository}-2:latest", "docker.io/library/nginx:latest"]

    assert registry.resolve(missing) == dict.fromkeys(missing, NotPullable("not found"))
    (refused,) = registry.resolve([f"{repository}:latest"]).values()
    assert isinstance(refused, NotPullable)
    assert "there is no behaviour 'nonsense'" in refused.reason


def test_registry_reads_the_behaviour_of_a_digest_once(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = provisioned(WEB)
    registry, reference = Registry(sandbox.state.ports.emulator), f"{repository_in(sandbox)}:latest"
    found = registry.resolve([reference])
    monkeypatch.setattr(registry, "_labels_of", lambda *_: pytest.fail("it was read again"))

    assert registry.resolve([reference]) == found


def test_registry_makes_the_requests_of_a_call_over_one_connection(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = provisioned(WEB)
    opened: list[HTTPConnection] = []
    connect = HTTPConnection.connect

    def count(connection: HTTPConnection) -> None:
        opened.append(connection)
        connect(connection)

    monkeypatch.setattr(HTTPConnection, "connect", count)

    sandbox.push("web")
    assert len(opened) == 1
    repository = repository_in(sandbox)
    Registry(sandbox.state.ports.emulator).resolve([f"{repository}:latest", f"{repository}:env.stage"])
    assert len(opened) == 2


def repository_in(sandbox: Sandbox) -> str:
    place = place_of(sandbox)
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com/uk.ac.wellcome/web"
