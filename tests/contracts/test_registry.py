"""What holds of an image registry, wherever it is."""

from __future__ import annotations

import hashlib

import pytest

from tests.contracts.setting import EXCLUSIONS, RegistrySetting, needs
from weco_deploy.errors import NotFound, PlanRefused
from weco_deploy.model.image import Manifest

ABSENT = "sha256:" + "0" * 64
APP = "acme/app"


def manifest_of(registry_setting: RegistrySetting, digest: str) -> Manifest:
    manifest = registry_setting.registry.manifest_and_tag(APP, digest, "no-such-tag").manifest
    assert manifest is not None
    return manifest


@pytest.fixture(autouse=True)
def _repository(registry_setting: RegistrySetting) -> None:
    registry_setting.repository(APP)


def test_a_tag_leads_to_its_image_with_all_the_tags_it_has(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111", "latest")

    found = registry_setting.registry.find(APP, "latest")

    assert found is not None
    assert found.digest == digest
    assert set(found.tags) == {"ref.1111", "latest"}
    assert "ref.1111" in found.tags
    assert found.pushed_at is not None
    assert found.pushed_at.utcoffset() is not None


def test_a_tag_leads_to_the_image_pushed_last_under_it(registry_setting: RegistrySetting) -> None:
    registry_setting.push(APP, "ref.1111", "latest")
    second = registry_setting.push(APP, "ref.2222", "latest")

    found = registry_setting.registry.find(APP, "latest")

    assert found is not None
    assert found.digest == second
    assert set(found.tags) == {"ref.2222", "latest"}


def test_a_digest_finds_its_image_too(registry_setting: RegistrySetting) -> None:
    first = registry_setting.push(APP, "ref.1111", "latest")
    registry_setting.push(APP, "ref.2222", "latest")

    found = registry_setting.registry.find(APP, first)

    assert found is not None
    assert (found.digest, found.tags) == (first, ("ref.1111",))
    assert registry_setting.registry.find(APP, ABSENT) is None


def test_existing_tags_are_those_that_images_have(registry_setting: RegistrySetting) -> None:
    registry_setting.push(APP, "ref.1111", "latest")
    registry_setting.push(APP, "ref.2222")
    absent = [f"ref.{number:040x}" for number in range(97)]

    found = registry_setting.registry.existing_tags(APP, [*absent, "ref.1111", "ref.2222", "latest"])

    assert found == {"ref.1111", "ref.2222", "latest"}
    assert registry_setting.registry.existing_tags(APP, absent) == frozenset()


def test_statuses_are_those_of_the_images_that_are_there(registry_setting: RegistrySetting) -> None:
    first, second = registry_setting.push(APP, "ref.1111"), registry_setting.push(APP, "ref.2222")

    statuses = registry_setting.registry.statuses(APP, [first, ABSENT, second])

    assert statuses == {first: "ACTIVE", second: "ACTIVE"}
    with pytest.raises(NotFound, match="acme/missing"):
        registry_setting.registry.statuses("acme/missing", [first])


def test_a_tag_that_no_image_has_is_none(registry_setting: RegistrySetting) -> None:
    assert registry_setting.registry.find(APP, "latest") is None
    registry_setting.push(APP, "latest")
    assert registry_setting.registry.find(APP, "env.stage") is None


def test_a_missing_repository_is_not_found_by_name(registry_setting: RegistrySetting) -> None:
    with pytest.raises(NotFound, match="acme/missing") as found:
        registry_setting.registry.find("acme/missing", "latest")
    assert found.value.hint
    with pytest.raises(NotFound, match="acme/missing"):
        registry_setting.registry.manifest_and_tag("acme/missing", ABSENT, "latest")
    with pytest.raises(NotFound, match="acme/missing"):
        registry_setting.registry.existing_tags("acme/missing", ["latest"])


def test_the_manifest_of_a_digest_comes_byte_for_byte(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111")

    manifest = manifest_of(registry_setting, digest)

    assert manifest.digest == digest
    assert "sha256:" + hashlib.sha256(manifest.body.encode()).hexdigest() == digest
    assert manifest.media_type == "application/vnd.oci.image.manifest.v1+json"
    assert manifest.children == ()
    assert manifest.accepted == {digest}


def test_an_index_names_its_children_as_digests_that_a_task_may_report(
    registry_setting: RegistrySetting,
) -> None:
    digest = registry_setting.push(APP, "ref.1111", multi_arch=True)

    manifest = manifest_of(registry_setting, digest)

    assert "sha256:" + hashlib.sha256(manifest.body.encode()).hexdigest() == digest
    assert manifest.media_type == "application/vnd.oci.image.index.v1+json"
    assert len(manifest.children) == 2
    assert manifest.accepted == {digest, *manifest.children}


def test_digest_and_tag_of_the_same_image_are_told_together(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111", "env.stage")

    view = registry_setting.registry.manifest_and_tag(APP, digest, "env.stage")

    assert view.manifest is not None
    assert (view.manifest.digest, view.tagged) == (digest, digest)


def test_digest_and_tag_of_different_images_are_told_apart(registry_setting: RegistrySetting) -> None:
    old = registry_setting.push(APP, "ref.1111", "env.stage")
    new = registry_setting.push(APP, "ref.2222", "latest")

    view = registry_setting.registry.manifest_and_tag(APP, new, "env.stage")

    assert view.manifest is not None
    assert (view.manifest.digest, view.tagged) == (new, old)


def test_manifests_of_several_tags_come_by_tag_without_missing_tags(
    registry_setting: RegistrySetting,
) -> None:
    old = registry_setting.push(APP, "ref.1111", "env.prod")
    new = registry_setting.push(APP, "ref.2222", "env.stage", "env.test", multi_arch=True)

    found = registry_setting.registry.tagged(APP, ["env.stage", "env.test", "env.prod", "env.none"])

    assert {tag: manifest.digest for tag, manifest in found.items()} == {
        "env.stage": new,
        "env.test": new,
        "env.prod": old,
    }
    assert len(found["env.stage"].children) == 2


def test_manifests_of_tags_that_all_name_one_image(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111", "env.stage", "env.prod")

    found = registry_setting.registry.tagged(APP, ["env.stage", "env.prod"])

    assert {tag: manifest.digest for tag, manifest in found.items()} == {
        "env.stage": digest,
        "env.prod": digest,
    }


def test_tag_that_moved_back_is_told_apart_from_another_environment_s(
    registry_setting: RegistrySetting,
) -> None:
    old = registry_setting.push(APP, "ref.1111", "env.stage", "env.prod")
    new = registry_setting.push(APP, "ref.2222")
    for digest in (new, old, new):
        registry_setting.retag(APP, digest, "env.stage")
    registry_setting.retag(APP, new, "env.prod")
    registry_setting.retag(APP, old, "env.stage")

    found = registry_setting.registry.tagged(APP, ["env.stage", "env.prod"])

    assert {tag: manifest.digest for tag, manifest in found.items()} == {"env.stage": old, "env.prod": new}


def test_tags_of_a_missing_repository_are_not_found(registry_setting: RegistrySetting) -> None:
    assert registry_setting.registry.tagged(APP, ["env.stage"]) == {}
    with pytest.raises(NotFound, match="acme/missing"):
        registry_setting.registry.tagged("acme/missing", ["env.stage"])


def test_a_tag_that_left_an_image_is_seen_where_it_is_now(registry_setting: RegistrySetting) -> None:
    old = registry_setting.push(APP, "ref.1111", "env.stage")
    new = registry_setting.push(APP, "ref.2222")
    registry_setting.retag(APP, new, "env.stage")

    assert registry_setting.registry.manifest_and_tag(APP, old, "env.stage").tagged == new
    assert registry_setting.registry.manifest_and_tag(APP, new, "env.stage").tagged == new


def test_a_missing_tag_leaves_the_manifest_there(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111")

    view = registry_setting.registry.manifest_and_tag(APP, digest, "env.stage")

    assert view.manifest is not None
    assert view.tagged is None


def test_a_missing_digest_leaves_the_tag_there(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111", "env.stage")

    view = registry_setting.registry.manifest_and_tag(APP, ABSENT, "env.stage")

    assert (view.manifest, view.tagged) == (None, digest)


def test_an_expired_image_is_missing_as_its_tags_are(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111", "env.stage")
    registry_setting.expire(APP, digest)

    view = registry_setting.registry.manifest_and_tag(APP, digest, "env.stage")

    assert (view.manifest, view.tagged) == (None, None)


@pytest.mark.parametrize("multi_arch", [False, True], ids=["image", "index"])
def test_a_tag_moves_to_an_image_the_repository_holds(
    registry_setting: RegistrySetting, multi_arch: bool
) -> None:
    registry_setting.push(APP, "ref.1111", "env.stage")
    new = registry_setting.push(APP, "ref.2222", multi_arch=multi_arch)

    registry_setting.registry.point(APP, "env.stage", manifest_of(registry_setting, new))

    found = registry_setting.registry.find(APP, "env.stage")
    assert found is not None
    assert found.digest == new
    assert set(found.tags) == {"ref.2222", "env.stage"}


def test_the_image_a_tag_left_keeps_its_other_tags(registry_setting: RegistrySetting) -> None:
    old = registry_setting.push(APP, "ref.1111", "env.stage")
    new = registry_setting.push(APP, "ref.2222")

    registry_setting.registry.point(APP, "env.stage", manifest_of(registry_setting, new))

    kept = registry_setting.registry.find(APP, "ref.1111")
    assert kept is not None
    assert (kept.digest, kept.tags) == (old, ("ref.1111",))


def test_a_tag_that_did_not_exist_is_made(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111")

    registry_setting.registry.point(APP, "env.stage", manifest_of(registry_setting, digest))

    found = registry_setting.registry.find(APP, "env.stage")
    assert found is not None
    assert found.digest == digest


def test_pointing_a_tag_where_it_points_already_is_fine(registry_setting: RegistrySetting) -> None:
    digest = registry_setting.push(APP, "ref.1111")
    manifest = manifest_of(registry_setting, digest)

    registry_setting.registry.point(APP, "env.stage", manifest)
    registry_setting.registry.point(APP, "env.stage", manifest)

    found = registry_setting.registry.find(APP, "env.stage")
    assert found is not None
    assert found.digest == digest


def test_tags_go_back_and_forth(registry_setting: RegistrySetting) -> None:
    first, second = registry_setting.push(APP, "ref.1111"), registry_setting.push(APP, "ref.2222")
    for digest in (first, second, first):
        registry_setting.registry.point(APP, "env.stage", manifest_of(registry_setting, digest))
        assert registry_setting.registry.manifest_and_tag(APP, second, "env.stage").tagged == digest


def test_an_immutable_tag_is_refused_in_words(registry_setting: RegistrySetting) -> None:
    registry_setting.repository("acme/still", mutability="IMMUTABLE")
    old = registry_setting.push("acme/still", "env.stage")
    new = registry_setting.push("acme/still", "ref.2222")
    manifest = registry_setting.registry.manifest_and_tag("acme/still", new, "env.stage").manifest
    assert manifest is not None

    with pytest.raises(PlanRefused, match=r"env\.stage.*acme/still") as refused:
        registry_setting.registry.point("acme/still", "env.stage", manifest)

    assert "immutable" in str(refused.value)
    assert registry_setting.registry.manifest_and_tag("acme/still", old, "env.stage").tagged == old


def test_an_immutable_tag_that_is_right_already_is_fine(registry_setting: RegistrySetting) -> None:
    registry_setting.repository("acme/still", mutability="IMMUTABLE")
    digest = registry_setting.push("acme/still", "env.stage")
    manifest = registry_setting.registry.manifest_and_tag("acme/still", digest, "env.stage").manifest
    assert manifest is not None

    registry_setting.registry.point("acme/still", "env.stage", manifest)


def test_repositories_that_exist_are_told_by_name(registry_setting: RegistrySetting) -> None:
    registry_setting.repository("acme/still", mutability="IMMUTABLE")

    found = registry_setting.registry.repositories([APP, "acme/still"])

    assert set(found) == {APP, "acme/still"}
    assert found[APP].uri.endswith(f"/{APP}")
    assert found[APP].mutability == "MUTABLE"
    assert found["acme/still"].mutability == "IMMUTABLE"


def test_missing_repositories_hide_none_of_the_others(registry_setting: RegistrySetting) -> None:
    there = [APP, "acme/b", "acme/d", "acme/e"]
    for name in there[1:]:
        registry_setting.repository(name)

    found = registry_setting.registry.repositories(["acme/a", *there, "acme/c", "acme/f"])

    assert set(found) == set(there)
    assert registry_setting.registry.repositories(["acme/a"]) == {}
    assert registry_setting.registry.repositories([]) == {}


def test_more_than_a_hundred_repositories_are_asked_for_in_several_calls(
    registry_setting: RegistrySetting,
) -> None:
    names = [f"acme/many-{number}" for number in range(101)]
    for name in names:
        registry_setting.repository(name)

    assert set(registry_setting.registry.repositories(names)) == set(names)


def test_the_tags_that_a_repository_excludes_are_told(registry_setting: RegistrySetting) -> None:
    needs(registry_setting, EXCLUSIONS)
    registry_setting.repository("acme/both", mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("env.*",))

    repository = registry_setting.registry.repositories(["acme/both"])["acme/both"]

    assert repository.mutability == "IMMUTABLE_WITH_EXCLUSION"
    assert repository.exclusions == ("env.*",)
