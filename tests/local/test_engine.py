from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.fake_engine import FakeEngine, Line, fake_engine
from tests.local.layouts import IMAGE, INDEX
from weco_deploy.errors import AccessDenied, DockerError
from weco_deploy.local.engine import DockerEngine, docker_engine
from weco_deploy.model.publication import LayerState, LocalImage, RegistryLogin

ID, OTHER_ID = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
DIGEST, OTHER_DIGEST, NONE = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}", f"sha256:{'0' * 64}"
REPOSITORY = "registry.example:5000/acme/search"
NAME = f"{REPOSITORY}:ref.abc"
LOGIN = RegistryLogin(host="registry.example:5000", username="AWS", password="hush-hush")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    with fake_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        engine.images["search:abc"] = ID
        engine.arrive = lambda _, __: DIGEST
        yield engine


def image(engine: DockerEngine) -> LocalImage:
    found = engine.find("search:abc")
    assert found is not None
    return found


def push(told: list[LayerState] | None = None) -> str:
    engine = docker_engine()
    states: list[LayerState] = [] if told is None else told
    return engine.push(image(engine), REPOSITORY, "ref.abc", LOGIN, states.append)


def test_an_image_is_found_by_name_with_all_it_is_known_by(fake: FakeEngine) -> None:
    fake.digests[ID] = [f"one.example/search@{DIGEST}", f"two.example/search@{DIGEST}"]
    fake.described[ID] = {"mediaType": IMAGE, "digest": OTHER_DIGEST}

    found = docker_engine().find("search:abc")

    assert found == LocalImage(name="search:abc", id=ID, digests=(DIGEST, OTHER_DIGEST))


def manifest(digest: str, *, kind: str = "image", available: bool = True) -> Line:
    return {"ID": digest, "Descriptor": {"digest": digest}, "Kind": kind, "Available": available}


@pytest.mark.parametrize(
    ("manifests", "known"),
    [
        ([manifest(DIGEST), manifest(OTHER_DIGEST, available=False)], (ID, DIGEST)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST, kind="attestation"), manifest(NONE, available=False)], (ID, DIGEST)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST)], (ID,)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST, kind="attestation", available=False)], (ID,)),
        (None, (ID,)),
    ],
)  # fmt: skip
def test_of_an_index_that_is_not_all_there_the_manifests_count_that_are(
    fake: FakeEngine, manifests: list[Line], known: tuple[str, ...]
) -> None:
    fake.described[ID] = {"mediaType": INDEX, "digest": ID}
    fake.manifests[ID] = manifests
    assert image(docker_engine()).digests == known


@pytest.mark.usefixtures("fake")
def test_an_image_that_is_not_there_is_none() -> None:
    assert docker_engine().find("search:other") is None


@pytest.mark.usefixtures("fake")
def test_a_push_answers_the_digest_and_tells_of_each_layer() -> None:
    told: list[LayerState] = []

    assert push(told) == DIGEST

    assert [each.status for each in told] == ["Preparing", "Pushing", "Pushed"]
    assert {each.layer for each in told} == {"5f70bf18a086"}
    assert (told[1].sent, told[1].size) == (1_000_000, 2_000_000)
    assert (told[2].sent, told[2].size) == (None, None)


@pytest.mark.parametrize(
    "told",
    [
        [{"status": f"ref.abc: digest: {DIGEST} size: 1917"}],
        [
            {"aux": {"manifestPushedInsteadOfIndex": True, "selectedManifest": {"digest": DIGEST}}},
            {"status": f"ref.abc: digest: {DIGEST} size: 1917"},
        ],
    ],
    ids=["whole", "one manifest of an index"],
)
def test_an_engine_with_the_containerd_store_tells_the_digest_in_words_alone(
    fake: FakeEngine, told: list[Line]
) -> None:
    fake.says = [{"status": "Pushed", "id": "5f70bf18a086"}, *told]
    assert push() == DIGEST


def test_the_login_reaches_the_engine_for_the_registry_that_it_is_for(fake: FakeEngine) -> None:
    push()
    assert fake.logins == [
        {"username": "AWS", "password": "hush-hush", "serveraddress": "registry.example:5000"}
    ]


def test_the_registry_s_name_for_the_image_is_gone_afterwards(fake: FakeEngine) -> None:
    push()
    assert NAME in fake.named_at_push
    assert fake.images == {"search:abc": ID}


def test_a_name_that_was_there_before_stays(fake: FakeEngine) -> None:
    fake.images[NAME] = ID
    push()
    assert fake.images == {"search:abc": ID, NAME: ID}


def test_a_name_that_another_image_had_goes_back_to_it(fake: FakeEngine) -> None:
    fake.images[NAME] = OTHER_ID
    push()
    assert fake.images == {"search:abc": ID, NAME: OTHER_ID}


def refusal(message: str) -> list[Line]:
    return [
        {"status": "The push refers to repository"},
        {"errorDetail": {"message": message}, "error": message},
    ]


@pytest.mark.parametrize(
    "message",
    [
        "denied: User: arn:aws:iam::123456789012:user/eve is not authorized to perform: ecr:InitiateLayerUpload",
        "no basic auth credentials",
        "unexpected status from PUT request: 403 Forbidden",
    ],
)
def test_a_registry_that_denies_the_push_is_access_denied(fake: FakeEngine, message: str) -> None:
    fake.says = refusal(message)

    with pytest.raises(AccessDenied, match="refused") as denied:
        push()

    assert message in denied.value.message
    assert "ecr:PutImage" in denied.value.hint
    assert fake.images == {"search:abc": ID}


def test_another_refusal_is_told_in_the_registry_s_words(fake: FakeEngine) -> None:
    fake.says = refusal("received unexpected HTTP status: 500 Internal Server Error")
    with pytest.raises(DockerError, match="500 Internal Server Error"):
        push()


def test_no_error_repeats_the_password(fake: FakeEngine) -> None:
    fake.says = refusal("login AWS:hush-hush was rejected")
    with pytest.raises(DockerError) as refused:
        push()
    assert "hush-hush" not in refused.value.message
    assert "hush-hush" not in repr(LOGIN)


def test_an_engine_that_goes_away_during_a_push_is_an_error(fake: FakeEngine) -> None:
    fake.breaks_off = True
    with pytest.raises(DockerError, match="search:abc could not be pushed"):
        push()
    assert fake.images == {"search:abc": ID}


def test_a_push_that_tells_no_digest_is_an_error(fake: FakeEngine) -> None:
    fake.says = [{"status": "Pushed", "id": "5f70bf18a086"}]
    with pytest.raises(DockerError, match="did not say its digest"):
        push()


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    "settings", ['{"proxies": null}', "[]", '{"proxies": []}', '{"auths": {"x": {"auth": "YWJj"}}}']
)
def test_settings_that_docker_s_client_does_not_understand_are_one_clear_error(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(settings)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(DockerError, match="settings for the Docker Engine") as error:
        docker_engine()
    assert "config.json" in error.value.hint


def test_an_address_that_can_t_be_one_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:99999")
    with pytest.raises(DockerError, match="Port out of range") as error:
        docker_engine()
    assert "DOCKER_HOST" in error.value.hint


# The docker package leaves a socket to the garbage collector when a Unix socket can't be connected to.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///does/not/exist.sock", "nonsense://"])
def test_no_engine_is_one_clear_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(DockerError, match="can't be reached") as error:
        docker_engine()
    assert "DOCKER_HOST" in error.value.hint
    gc.collect()  # here, where the warning is expected
