"""publish, with ECR's API and registry protocol over HTTP, and an engine that really pushes images."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.desk import Ran
from tests.commands.kept import SECRET_KEY, SESSION_TOKEN, audited, leaks
from tests.commands.team import Team
from tests.local.fake_engine import FakeEngine, fake_engine
from tests.local.layouts import multi_arch, single
from weco_deploy.sandbox.accounts import home
from weco_deploy.sandbox.images import BuiltImage, build
from weco_deploy.sandbox.registry import Registry

COMMIT = "c0ffee" * 6 + "c0ff"
REF = f"ref.{COMMIT}"
SEARCH = "uk.ac.wellcome/search"
PASSWORD = "ministack-auth-token"
ENCODED = "QVdTOm1pbmlzdGFjay1hdXRoLXRva2Vu"  # AWS:<the password>, as GetAuthorizationToken answers it
SECRETS = (PASSWORD, ENCODED, SECRET_KEY, SESSION_TOKEN)


@dataclass
class Builder:
    """A Docker Engine that builds images and pushes them to the emulator's registry."""

    team: Team
    engine: FakeEngine
    built: dict[str, BuiltImage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine.on_push = self._arrive

    def build(self, name: str) -> BuiltImage:
        image = build(name, COMMIT)
        config = image.blobs[1].digest
        self.built[config] = image
        self.engine.images[name] = config
        return image

    def _arrive(self, name: str, image_id: str) -> str:
        address, _, tag = name.rpartition(":")
        host, _, repository = address.partition("/")
        assert f"http://{host}" == self.team.sandbox.endpoint
        state, image = self.team.sandbox.state, self.built[image_id]
        Registry(state.ports.emulator).push(home(self.team.project, state.account), repository, image, [tag])
        return image.digest


@pytest.fixture
def builder(shop: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builder]:
    with fake_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        yield Builder(shop, engine)


def publish(team: Team, *arguments: str) -> Ran:
    return team.json("publish", "--image-id", "search", "--ref", COMMIT, *arguments)


def test_engine_image_is_published_and_deployed(shop: Team, builder: Builder) -> None:
    image = builder.build(f"search:{COMMIT}")

    published = publish(shop)

    assert published.code == 0, published.err
    assert published.json["published"]["digest"] == image.digest
    assert shop.aws.tags("search")[REF] == shop.aws.tags("search")["latest"] == image.digest
    assert list(builder.engine.images) == [f"search:{COMMIT}"]
    assert [login["password"] for login in builder.engine.logins] == [PASSWORD]

    assert shop.release_deploy().code == 0
    assert shop.aws.running("stage")["search-api"]["search"] == {image.digest}


def test_publishing_an_image_again_only_moves_the_label(shop: Team, builder: Builder) -> None:
    image = builder.build(f"search:{COMMIT}")
    publish(shop)
    shop.push("search")

    again = publish(shop).json["published"]

    assert (again["pushed"], again["label_moved"]) == (False, True)
    assert shop.aws.tags("search")["latest"] == image.digest
    assert len(builder.engine.logins) == 1


def test_publishing_another_image_of_the_same_commit_is_refused(shop: Team, builder: Builder) -> None:
    builder.build(f"search:{COMMIT}")
    publish(shop)
    before = shop.aws.tags("search")
    other = build("another", COMMIT)
    builder.engine.images[f"search:{COMMIT}"] = other.blobs[1].digest
    builder.built[other.blobs[1].digest] = other

    refused = publish(shop)

    assert (refused.code, refused.error["code"]) == (1, "plan_refused")
    assert shop.aws.tags("search") == before
    assert publish(shop, "--force-ref").json["published"]["digest"] == other.digest


@pytest.mark.parametrize("several", [True, False])
def test_oci_layout_is_published_through_ecrs_api(shop: Team, tmp_path: Path, several: bool) -> None:
    made = multi_arch() if several else single()
    path = made.layout.archive(tmp_path / "image.tar")

    published = publish(shop, "--oci-layout", str(path))

    assert published.code == 0, published.err
    assert published.json["published"]["digest"] == made.top
    assert shop.aws.tags("search")[REF] == shop.aws.tags("search")["latest"] == made.top
    again = publish(shop, "--oci-layout", str(path)).json["published"]
    assert (again["pushed"], again["label_moved"]) == (False, False)


def test_dry_run_of_publish_changes_nothing(shop: Team, builder: Builder) -> None:
    builder.build(f"search:{COMMIT}")
    before = shop.aws.everything()

    planned = shop.json("--dry-run", "publish", "--image-id", "search", "--ref", COMMIT)

    assert planned.json["published"]["pushed"] is True
    assert shop.aws.everything() == before
    assert builder.engine.logins == []


def test_push_denied_by_the_registry_is_a_clear_error(shop: Team, builder: Builder) -> None:
    builder.build(f"search:{COMMIT}")
    message = f"denied: not authorized to perform: ecr:InitiateLayerUpload with {PASSWORD}"
    builder.engine.push_lines = [{"errorDetail": {"message": message}, "error": message}]

    denied = publish(shop)

    assert (denied.code, denied.error["code"]) == (1, "access_denied")
    assert PASSWORD not in denied.out + denied.err
    assert REF not in shop.aws.tags("search")


# No secret is leaked


def committed() -> str:
    """Make the working directory a repository with a single commit of all files."""
    plain = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for arguments in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "One"),
    ):
        subprocess.run(["git", *arguments], check=True, env=plain)
    done = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_publish_shows_logs_records_and_passes_on_no_secret(
    shop: Team, builder: Builder, tmp_path: Path
) -> None:
    commit = committed()
    builder.build(f"search:{commit}")
    publish_search = ("publish", "--image-id", "search")

    pushed = audited(shop, tmp_path, *publish_search)
    prepared = audited(shop, tmp_path, "prepare")

    assert pushed.ran.code == 0, pushed.ran.err
    assert prepared.ran.code == 0, prepared.ran.err
    assert builder.engine.logins[0]["password"] == PASSWORD  # the password was used
    assert "ecr:GetAuthorizationToken" in pushed.ran.err  # --verbose shows the calls
    assert "git" in pushed.audit  # processes are logged
    assert shop.aws.items()  # there are records to search
    assert leaks(pushed, shop, SECRETS) == []
    assert leaks(prepared, shop, SECRETS) == []
    assert not (tmp_path / "home" / ".docker").exists()


def test_traceback_of_a_failed_publish_has_no_secret(shop: Team, builder: Builder, tmp_path: Path) -> None:
    builder.build(f"search:{COMMIT}")
    message = f"login of AWS with {PASSWORD} failed"
    builder.engine.push_lines = [{"errorDetail": {"message": message}, "error": message}]

    failed = audited(shop, tmp_path, "publish", "--image-id", "search", "--ref", COMMIT)

    assert failed.ran.code == 1
    assert "Traceback" in failed.ran.err
    assert leaks(failed, shop, SECRETS) == []
