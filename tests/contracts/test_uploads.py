"""What holds of bringing images into a registry, wherever it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.contracts.aws_setting import AwsSetting, StillClock
from tests.contracts.conftest import REGION, point_at, some_account
from tests.contracts.strict_ecr import LEAST_PART, StrictEcr, strict_ecr
from tests.world.projects import project
from tests.world.world import World
from weco_deploy.aws.rates import Rates
from weco_deploy.aws.session import Login
from weco_deploy.aws.uploads import LARGEST_PART, EcrUploads
from weco_deploy.errors import AwsError, NotFound
from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import Part
from weco_deploy.ports import ImageUploads

APP = "acme/app"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Place:
    """An empty registry. `keeps` says whether it knows afterwards which blobs it has."""

    uploads: ImageUploads
    repository: Callable[[str], object]
    keeps: bool = True


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictEcr]:
    with strict_ecr() as strict:
        point_at(strict.url, some_account(), monkeypatch)
        yield strict


@pytest.fixture
def strict_place(ecr: StrictEcr) -> Place:
    return Place(EcrUploads(Login(StillClock(), Rates()).account(REGION)), ecr.repository)


@pytest.fixture
def ministack_place(ministack: str, monkeypatch: pytest.MonkeyPatch) -> Place:
    point_at(ministack, some_account(), monkeypatch)
    account = Login(StillClock(), Rates()).account(REGION)
    return Place(EcrUploads(account), AwsSetting(account, {}).repository, keeps=False)


@pytest.fixture
def world_place() -> Place:
    world = World(project(images={}))
    return Place(world.ports().publishing.uploads, world.repository)


@pytest.fixture(params=["strict_place", "ministack_place", "world_place"])
def place(request: pytest.FixtureRequest) -> Place:
    made: Place = request.getfixturevalue(request.param)
    made.repository(APP)
    return made


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def send(uploads: ImageUploads, content: bytes) -> str:
    """Upload a blob in the parts that are asked for; answers its digest."""
    begun = uploads.begin(APP)
    for part in Part.all_of(len(content), begun.part_size):
        uploads.send(APP, begun, part, content[part.first : part.first + part.length])
    uploads.complete(APP, begun, digest_of(content))
    return digest_of(content)


def manifest_of(*blobs: str) -> Manifest:
    config, *layers = [{"mediaType": "x", "size": 1, "digest": digest} for digest in blobs]
    return made({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers}, IMAGE)


def index_of(*children: Manifest) -> Manifest:
    listed = [{"mediaType": IMAGE, "size": 1, "digest": child.digest} for child in children]
    content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}
    return made(content, INDEX, tuple(child.digest for child in children))


def made(content: object, media_type: str, children: tuple[str, ...] = ()) -> Manifest:
    body = json.dumps(content)
    return Manifest(digest=digest_of(body.encode()), media_type=media_type, body=body, children=children)


def test_a_blob_that_was_uploaded_is_there(place: Place) -> None:
    absent = digest_of(b"never sent")
    assert place.uploads.absent(APP, [digest_of(b"content"), absent]) == {digest_of(b"content"), absent}

    send(place.uploads, b"content")

    left = place.uploads.absent(APP, [digest_of(b"content"), absent])
    assert left == ({absent} if place.keeps else {digest_of(b"content"), absent})


def test_a_blob_of_several_parts_is_put_together(place: Place) -> None:
    send(place.uploads, bytes(range(256)) * ((2 * LEAST_PART + 1000) // 256))


def test_a_blob_that_is_there_may_be_uploaded_again(place: Place) -> None:
    send(place.uploads, b"content")
    send(place.uploads, b"content")


def test_an_image_and_then_an_index_over_it_can_be_put_and_put_again(place: Place) -> None:
    blobs = [send(place.uploads, blob) for blob in (b"config", b"layer")]
    image = manifest_of(*blobs)
    index = index_of(image)
    for manifest in (image, index, image, index):
        place.uploads.put(APP, manifest)


def test_a_missing_repository_is_not_found_by_name(place: Place) -> None:
    for call in (
        lambda: place.uploads.absent("acme/missing", [digest_of(b"")]),
        lambda: place.uploads.begin("acme/missing"),
        lambda: place.uploads.put("acme/missing", manifest_of(digest_of(b""))),
    ):
        with pytest.raises(NotFound, match="acme/missing"):
            call()


def test_the_login_has_a_user_and_a_password_that_is_not_shown(place: Place) -> None:
    login = place.uploads.login()
    assert login.username == "AWS"
    assert login.password
    assert login.password not in repr(login)


def test_a_part_whose_answer_got_lost_counts(ecr: StrictEcr, strict_place: Place) -> None:
    ecr.repository(APP)
    ecr.lose = "UploadLayerPart"
    content = b"x" * (LEAST_PART + 1)

    digest = send(strict_place.uploads, content)

    assert ecr.calls.count("UploadLayerPart") == 3
    assert ecr.blobs[APP][digest] == content


def test_a_part_that_does_not_follow_is_an_error(ecr: StrictEcr, strict_place: Place) -> None:
    ecr.repository(APP)
    begun = strict_place.uploads.begin(APP)
    with pytest.raises(AwsError, match="InvalidLayerPartException"):
        strict_place.uploads.send(APP, begun, Part(first=10, length=2), b"no")


def test_content_of_another_digest_is_an_error(ecr: StrictEcr, strict_place: Place) -> None:
    ecr.repository(APP)
    begun = strict_place.uploads.begin(APP)
    strict_place.uploads.send(APP, begun, Part(first=0, length=2), b"no")
    with pytest.raises(AwsError, match="InvalidLayerException"):
        strict_place.uploads.complete(APP, begun, digest_of(b"yes"))


def test_an_image_whose_layers_are_missing_is_an_error(ecr: StrictEcr, strict_place: Place) -> None:
    ecr.repository(APP)
    with pytest.raises(AwsError, match="LayersNotFoundException"):
        strict_place.uploads.put(APP, manifest_of(digest_of(b"never sent")))


@pytest.mark.parametrize(
    ("asked_for", "used"), [(1, LEAST_PART), (10_000_000, 10_000_000), (10**9, LARGEST_PART)]
)
def test_parts_are_as_long_as_ecr_asks_within_what_it_takes(
    ecr: StrictEcr, strict_place: Place, asked_for: int, used: int
) -> None:
    ecr.repository(APP)
    ecr.part_size = asked_for
    assert strict_place.uploads.begin(APP).part_size == used


def test_the_password_may_have_a_colon_in_it(strict_place: Place) -> None:
    assert strict_place.uploads.login().password == "s3cret:with-a-colon"


def test_an_emulator_s_registry_is_where_its_api_is(ecr: StrictEcr, strict_place: Place) -> None:
    assert f"http://{strict_place.uploads.login().host}" == ecr.url


def test_elsewhere_the_registry_is_where_the_login_says(
    ecr: StrictEcr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://vpce-1.api.ecr.example")
    monkeypatch.setenv("http_proxy", ecr.url)  # which answers for the name that nobody knows
    uploads = EcrUploads(Login(StillClock(), Rates()).account(REGION))
    assert uploads.login().host == "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
