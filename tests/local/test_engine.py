from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.fake_engine import FakeEngine, Json, fake_engine
from tests.local.layouts import IMAGE, INDEX
from weco_deploy.errors import AccessDenied, DockerError
from weco_deploy.local.engine import DockerEngine, docker_engine
from weco_deploy.model.publication import LayerState, LocalImage, RegistryLogin

ID, OTHER_ID = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
DIGEST, OTHER_DIGEST, THIRD_DIGEST = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}", f"sha256:{'0' * 64}"
REPOSITORY = "registry.example:5000/acme/search"
NAME = f"{REPOSITORY}:ref.abc"
LOGIN = RegistryLogin(host="registry.example:5000", username="AWS", password="hush-hush")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    with fake_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        monkeypatch.delenv("DOCKER_TLS_VERIFY", raising=False)
        engine.images["search:abc"] = ID
        engine.on_push = lambda _, __: DIGEST
        yield engine


def image(engine: DockerEngine) -> LocalImage:
    found = engine.find("search:abc")
    assert found is not None
    return found


def push(states: list[LayerState] | None = None) -> str:
    engine = docker_engine()
    states = [] if states is None else states
    return engine.push(image(engine), REPOSITORY, "ref.abc", LOGIN, states.append)


def test_find_returns_the_image_with_all_its_digests(fake: FakeEngine) -> None:
    fake.digests[ID] = [f"one.example/search@{DIGEST}", f"two.example/search@{DIGEST}"]
    fake.descriptors[ID] = {"mediaType": IMAGE, "digest": OTHER_DIGEST}

    found = docker_engine().find("search:abc")

    assert found == LocalImage(name="search:abc", id=ID, digests=(DIGEST, OTHER_DIGEST))


def test_find_asks_an_engine_on_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_engine(tmp_path / "socket") as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        engine.images["search:abc"] = ID

        assert image(docker_engine()).id == ID


def manifest(digest: str, *, kind: str = "image", available: bool = True) -> Json:
    return {"ID": digest, "Descriptor": {"digest": digest}, "Kind": kind, "Available": available}


@pytest.mark.parametrize(
    ("manifests", "digests"),
    [
        ([manifest(DIGEST), manifest(OTHER_DIGEST, available=False)], (ID, DIGEST)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST, kind="attestation"), manifest(THIRD_DIGEST, available=False)], (ID, DIGEST)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST)], (ID,)),
        ([manifest(DIGEST), manifest(OTHER_DIGEST, kind="attestation", available=False)], (ID,)),
        (None, (ID,)),
    ],
)  # fmt: skip
def test_find_adds_present_manifests_of_an_incomplete_index(
    fake: FakeEngine, manifests: list[Json], digests: tuple[str, ...]
) -> None:
    fake.descriptors[ID] = {"mediaType": INDEX, "digest": ID}
    fake.manifests[ID] = manifests
    assert image(docker_engine()).digests == digests


@pytest.mark.usefixtures("fake")
def test_find_of_an_unknown_name_is_none() -> None:
    assert docker_engine().find("search:other") is None


@pytest.mark.usefixtures("fake")
def test_push_returns_the_digest_and_reports_each_layer() -> None:
    states: list[LayerState] = []

    assert push(states) == DIGEST

    assert [state.status for state in states] == ["Preparing", "Pushing", "Pushed"]
    assert {state.layer for state in states} == {"5f70bf18a086"}
    assert (states[1].sent, states[1].size) == (1_000_000, 2_000_000)
    assert (states[2].sent, states[2].size) == (None, None)


@pytest.mark.parametrize(
    "lines",
    [
        [{"status": f"ref.abc: digest: {DIGEST} size: 1917"}],
        [
            {"aux": {"manifestPushedInsteadOfIndex": True, "selectedManifest": {"digest": DIGEST}}},
            {"status": f"ref.abc: digest: {DIGEST} size: 1917"},
        ],
    ],
    ids=["whole", "one manifest of an index"],
)
def test_push_reads_the_digest_from_the_status_of_a_containerd_store(
    fake: FakeEngine, lines: list[Json]
) -> None:
    fake.push_lines = [{"status": "Pushed", "id": "5f70bf18a086"}, *lines]
    assert push() == DIGEST


def test_push_sends_the_login_with_its_registry(fake: FakeEngine) -> None:
    push()
    assert fake.logins == [
        {"username": "AWS", "password": "hush-hush", "serveraddress": "registry.example:5000"}
    ]


def test_push_removes_the_registry_s_name_afterwards(fake: FakeEngine) -> None:
    push()
    assert NAME in fake.names_at_push
    assert fake.images == {"search:abc": ID}


def test_push_keeps_a_name_that_the_image_had_before(fake: FakeEngine) -> None:
    fake.images[NAME] = ID
    push()
    assert fake.images == {"search:abc": ID, NAME: ID}


def test_push_returns_the_name_to_the_image_that_had_it_before(fake: FakeEngine) -> None:
    fake.images[NAME] = OTHER_ID
    push()
    assert fake.images == {"search:abc": ID, NAME: OTHER_ID}


def refusal(message: str) -> list[Json]:
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
def test_push_denied_by_the_registry_is_access_denied(fake: FakeEngine, message: str) -> None:
    fake.push_lines = refusal(message)

    with pytest.raises(AccessDenied, match="refused") as denied:
        push()

    assert message in denied.value.message
    assert "ecr:PutImage" in denied.value.hint
    assert fake.images == {"search:abc": ID}


def test_push_refused_by_the_registry_quotes_its_message(fake: FakeEngine) -> None:
    fake.push_lines = refusal("received unexpected HTTP status: 500 Internal Server Error")
    with pytest.raises(DockerError, match="500 Internal Server Error"):
        push()


def test_errors_do_not_contain_the_password(fake: FakeEngine) -> None:
    fake.push_lines = refusal("login AWS:hush-hush was rejected")
    with pytest.raises(DockerError) as refused:
        push()
    assert "hush-hush" not in refused.value.message
    assert "hush-hush" not in repr(LOGIN)


def test_push_fails_if_the_engine_disconnects(fake: FakeEngine) -> None:
    fake.disconnects = True
    with pytest.raises(DockerError, match="search:abc could not be pushed"):
        push()
    assert fake.images == {"search:abc": ID}


def test_push_without_a_reported_digest_is_an_error(fake: FakeEngine) -> None:
    fake.push_lines = [{"status": "Pushed", "id": "5f70bf18a086"}]
    with pytest.raises(DockerError, match="did not say its digest"):
        push()


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    "settings", ['{"proxies": null}', "[]", '{"proxies": []}', '{"auths": {"x": {"auth": "YWJj"}}}']
)
def test_invalid_docker_settings_are_one_clear_error(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(settings)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(DockerError, match="settings for the Docker Engine") as error:
        docker_engine()
    assert "config.json" in error.value.hint


def test_invalid_docker_host_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:99999")
    with pytest.raises(DockerError, match="Port out of range") as error:
        docker_engine()
    assert "DOCKER_HOST" in error.value.hint


# The docker package leaves a socket to the garbage collector when a Unix socket can't be connected to.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///does/not/exist.sock", "nonsense://"])
def test_unreachable_engine_is_one_clear_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(DockerError, match="can't be reached") as error:
        docker_engine()
    assert "DOCKER_HOST" in error.value.hint
    del error  # its traceback keeps the socket
    gc.collect()  # here, where the warning is expected, and not in a later test
