from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.local.layouts import ImageLayout, blob_file, multi_arch, single
from tests.operations.runs import release
from tests.world.behaviour import good
from tests.world.projects import project
from tests.world.publishing import pushed_manifest
from tests.world.world import World
from weco_deploy.errors import (
    BadImageLayout,
    DockerError,
    Interrupted,
    NotFound,
    PlanRefused,
    Unreachable,
    UsageError,
    WrongAccount,
)
from weco_deploy.local.oci_layout import OciLayout
from weco_deploy.model.events import Event, Notice
from weco_deploy.model.publication import Head, Publication, PublishRequest
from weco_deploy.operations.publish import chosen_ref, engine_image, layout_image, planned, publish
from weco_deploy.ports import Ports
from weco_deploy.rules.publishing import check_label

SHOP = project(images={"search": ["search-api"], "items": ["items-api"]}, project_id="shop")
SEARCH = "uk.ac.wellcome/search"
COMMIT = "c0ffee" * 6 + "c0ff"
REF = f"ref.{COMMIT}"
REQUEST = PublishRequest(image_id="search", ref=REF, label="latest")
FORCED = PublishRequest(image_id="search", ref=REF, label="latest", force_ref=True)

Publish = Callable[..., Publication]


@pytest.fixture
def world() -> World:
    made = World(SHOP)
    made.repository(SEARCH)
    return made


def from_engine(
    world: World, request: PublishRequest = REQUEST, told: list[Event] | None = None
) -> Publication:
    ports = world.ports()
    events: list[Event] = [] if told is None else told
    return publish(request, engine_image(request.image_id, request.ref, ports), ports, events.append)


def from_layout(
    world: World, path: Path, request: PublishRequest = REQUEST, told: list[Event] | None = None
) -> Publication:
    events: list[Event] = [] if told is None else told
    return publish(request, layout_image(OciLayout(path)), world.ports(), events.append)


def notices(told: list[Event]) -> str:
    return "\n".join(event.message for event in told if isinstance(event, Notice))


def changes(world: World) -> list[str]:
    """The calls that change something in ECR."""
    harmless = {"uploads.login", "uploads.absent"}
    return [
        call.name
        for call in world.calls
        if call.name.startswith(("uploads.", "engine.push", "registry.point")) and call.name not in harmless
    ]


# --- what the ref is


def ref(world: World, given: str | None = None, *, allow_dirty: bool = False) -> str:
    return chosen_ref("search", given, world.ports(), allow_dirty=allow_dirty)


def test_a_ref_that_is_given_counts(world: World) -> None:
    world.desktop.released["search"] = "other"
    world.desktop.head = Head(commit="another", changed=("dirty",))
    assert ref(world, COMMIT) == REF
    assert ref(world, REF) == REF


def test_else_the_ref_is_what_the_releases_file_says(world: World) -> None:
    world.desktop.released["search"] = COMMIT
    world.desktop.head = Head(commit="another", changed=("dirty",))
    assert ref(world) == REF


def test_else_the_ref_is_the_commit_that_is_checked_out(world: World) -> None:
    world.desktop.released["items"] = "of another image"
    world.desktop.head = Head(commit=COMMIT)
    assert ref(world) == REF


def test_a_work_tree_that_differs_from_its_commit_is_refused_unless_that_is_allowed(world: World) -> None:
    world.desktop.head = Head(commit=COMMIT, changed=tuple(f"file{number}" for number in range(7)))
    with pytest.raises(UsageError, match="file0, file1, file2, file3, file4 and 2 more") as refused:
        ref(world)
    assert "--allow-dirty" in refused.value.hint
    assert ref(world, allow_dirty=True) == REF


def test_the_image_itself_makes_no_work_tree_dirty(world: World) -> None:
    world.desktop.head = Head(commit=COMMIT, changed=("image.tar",))
    assert chosen_ref("search", None, world.ports(), allow_dirty=False, besides=Path("image.tar")) == REF


def test_no_ref_at_all_is_an_error(world: World) -> None:
    with pytest.raises(NotFound):
        ref(world)


@pytest.mark.parametrize("bad", ["", "ref.", ".x", "-x", "two words", "a\nb", "a/b", "x" * 125, "é"])
def test_what_can_t_be_a_tag_is_refused(world: World, bad: str) -> None:
    with pytest.raises(UsageError, match="can't be an image's ref"):
        ref(world, bad)
    world.desktop.released["search"] = bad
    with pytest.raises(UsageError, match="can't be an image's ref"):
        ref(world)


def with_refs(*refs: str) -> World:
    made = World(replace(SHOP, images=tuple(replace(image, refs=refs) for image in SHOP.images)))
    made.repository(SEARCH)
    return made


def test_ref_is_written_by_the_first_pattern_that_it_fits() -> None:
    world = with_refs("{commit}", "v{version}")
    assert ref(world, COMMIT) == ref(world, f"v{COMMIT}") == COMMIT
    assert ref(world, "1.2") == ref(world, "v1.2") == "v1.2"


def test_ref_that_fits_no_pattern_is_refused() -> None:
    with pytest.raises(UsageError, match="can't be an image's ref") as refused:
        ref(with_refs("build-{commit}"), "v1.2")
    assert refused.value.hint == "a commit's id"


def test_image_is_pushed_under_the_tag_of_its_pattern_from_the_local_image_of_the_commit() -> None:
    world = with_refs("build-{commit}")
    image = world.desktop.build(f"search:{COMMIT}")
    wanted = PublishRequest(image_id="search", ref=ref(world, COMMIT), label="latest")

    published = from_engine(world, wanted)

    assert published.ref == f"build-{COMMIT}"
    assert world.tag("search", f"build-{COMMIT}") == pushed_manifest(image).digest


@pytest.mark.parametrize("label", [COMMIT, "v1.2"])
def test_label_that_looks_like_a_version_is_refused(label: str) -> None:
    world = with_refs("{commit}", "v{version}", "{version}")
    image = world.project.image("search")

    with pytest.raises(UsageError, match="names a commit, so it is no label"):
        check_label(label, world.project, image)
    check_label("candidate", world.project, image)


# --- from the Docker Engine


def test_a_local_image_is_pushed_under_its_ref_and_the_label_moves_to_it(world: World) -> None:
    world.push("search")
    image = world.desktop.build(f"search:{COMMIT}")
    told: list[Event] = []

    published = from_engine(world, told=told)

    digest = pushed_manifest(image).digest
    assert published == Publication(
        image_id="search",
        repository=SEARCH,
        ref=REF,
        digest=digest,
        label="latest",
        pushed=True,
        label_moved=True,
    )
    assert world.tag("search", REF) == world.tag("search", "latest") == digest
    assert "layer 5f70bf18a086: Pushing, 1.0 MB of 2.0 MB" in notices(told)
    assert "layer 5f70bf18a086: Pushed" in notices(told)


def test_publishing_again_pushes_and_moves_nothing(world: World) -> None:
    world.desktop.build(f"search:{COMMIT}")
    first = from_engine(world)
    before = changes(world)

    again = from_engine(world)

    assert (again.digest, again.pushed, again.label_moved) == (first.digest, False, False)
    assert changes(world) == before


def test_an_image_that_is_there_under_its_ref_only_gets_the_label(world: World) -> None:
    world.desktop.build(f"search:{COMMIT}")
    first = from_engine(world)
    world.push("search")

    again = from_engine(world)

    assert (again.digest, again.pushed, again.label_moved) == (first.digest, False, True)
    assert world.tag("search", "latest") == first.digest
    assert len(world.desktop.pushes) == 1


def test_an_image_that_was_pulled_is_known_by_the_digest_it_came_with(world: World) -> None:
    there = world.put(SEARCH, REF, behaviour=good(), multi_arch=True)
    world.desktop.build(f"search:{COMMIT}", there)

    published = from_engine(world)

    assert (published.digest, published.pushed) == (there, False)
    assert world.desktop.pushes == []


def test_another_image_of_the_same_ref_is_refused_and_nothing_changes(world: World) -> None:
    there = world.put(SEARCH, REF, behaviour=good())
    world.desktop.build(f"search:{COMMIT}")

    with pytest.raises(PlanRefused, match="is another image already") as refused:
        from_engine(world)

    assert there in refused.value.message
    assert "--force-ref" in refused.value.hint
    assert changes(world) == []


def test_another_image_of_the_same_ref_is_replaced_if_that_is_wanted(world: World) -> None:
    world.put(SEARCH, REF, behaviour=good())
    image = world.desktop.build(f"search:{COMMIT}")

    published = from_engine(world, FORCED)

    assert published.pushed
    assert world.tag("search", REF) == world.tag("search", "latest") == pushed_manifest(image).digest


def test_no_such_image_says_how_it_must_be_called(world: World) -> None:
    world.desktop.build("search:other")
    with pytest.raises(NotFound, match=f"no image search:{COMMIT}") as missing:
        from_engine(world)
    assert "docker build --tag" in missing.value.hint


def test_no_engine_is_an_error(world: World) -> None:
    world.desktop.has_engine = False
    with pytest.raises(DockerError):
        from_engine(world)


def test_a_ref_that_somebody_else_pushed_at_that_moment_is_an_error(world: World) -> None:
    world.desktop.build(f"search:{COMMIT}")
    other = world.put(SEARCH, behaviour=good())
    world.after("engine.push", lambda _: world.point("search", REF, other))

    with pytest.raises(PlanRefused, match="somebody else"):
        from_engine(world)

    assert world.tag("search", "latest") is None


# --- from an OCI layout


def wrote(made: ImageLayout, path: Path) -> Path:
    return made.layout.directory(path / "layout")


def test_an_image_of_one_architecture_is_uploaded_without_any_password(world: World, tmp_path: Path) -> None:
    made = single()
    told: list[Event] = []

    published = from_layout(world, wrote(made, tmp_path), told=told)

    assert (published.digest, published.pushed, published.label_moved) == (made.top, True, True)
    assert world.tag("search", REF) == world.tag("search", "latest") == made.top
    stored = world.stored("search")
    assert stored.images[made.top].manifest.body.encode() == made.layout.files[blob_file(made.top)]
    assert len(stored.blobs) == 3
    assert "uploads.login" not in {call.name for call in world.calls}
    assert "(3 of 3)" in notices(told)


def test_an_index_is_uploaded_after_its_manifests_and_tagged(world: World, tmp_path: Path) -> None:
    made = multi_arch()

    published = from_layout(world, wrote(made, tmp_path))

    assert published.digest == made.top
    puts = [call.about[1] for call in world.calls if call.name == "uploads.put"]
    stored = world.stored("search").images
    assert puts[-1] == made.top
    assert set(puts[:-1]) == set(stored[made.top].manifest.children)
    assert world.tag("search", REF) == made.top


def test_large_layers_go_in_parts_side_by_side(world: World, tmp_path: Path) -> None:
    layers = tuple(bytes([number]) * (6 * 1024 * 1024) for number in range(6))
    made = single(layers=layers)

    from_layout(world, wrote(made, tmp_path))

    kept = world.stored("search").blobs
    assert all(f"sha256:{hashlib.sha256(layer).hexdigest()}" in kept for layer in layers)
    assert world.count("uploads.send") == 13  # two parts a layer, and the config


def test_blobs_that_are_there_are_not_sent_again(world: World, tmp_path: Path) -> None:
    from_layout(world, wrote(single(layers=(b"base", b"one")), tmp_path / "one"))
    before = world.count("uploads.begin")
    second = single(layers=(b"base", b"two"))
    request = PublishRequest(image_id="search", ref="ref.second", label="latest")
    told: list[Event] = []

    from_layout(world, wrote(second, tmp_path / "two"), request, told)

    assert world.count("uploads.begin") == before + 1
    assert "1 layers and configs to upload" in notices(told)
    assert "2 are in" in notices(told)


def test_more_than_a_hundred_blobs_are_asked_for_in_several_calls(world: World, tmp_path: Path) -> None:
    made = single(layers=tuple(str(number).encode() for number in range(120)))
    from_layout(world, wrote(made, tmp_path))
    asked = [len(call.about) - 1 for call in world.calls if call.name == "uploads.absent"]
    assert sorted(asked) == [21, 100]


def test_a_layout_that_is_there_is_not_uploaded(world: World, tmp_path: Path) -> None:
    path = wrote(multi_arch(), tmp_path)
    from_layout(world, path)
    before = changes(world)

    again = from_layout(world, path)

    assert (again.pushed, again.label_moved) == (False, False)
    assert changes(world) == before


def test_ref_whose_image_is_archived_is_refused_with_the_command_that_restores_it(world: World) -> None:
    there = world.put(SEARCH, REF, behaviour=good())
    world.archive("search", there)
    world.desktop.build(f"search:{COMMIT}", there)

    with pytest.raises(PlanRefused, match="is archived in") as refused:
        from_engine(world)

    assert "aws ecr update-image-storage-class" in refused.value.message
    assert world.desktop.pushes == []


def test_another_layout_of_the_same_ref_is_refused_and_nothing_changes(world: World, tmp_path: Path) -> None:
    first, second = single("one"), single("two")
    from_layout(world, wrote(first, tmp_path / "one"))
    before = changes(world)

    with pytest.raises(PlanRefused, match="is another image already") as refused:
        from_layout(world, wrote(second, tmp_path / "two"))

    assert first.top in refused.value.message
    assert second.top in refused.value.message
    assert changes(world) == before


def test_a_damaged_blob_is_refused_before_anything_is_sent(world: World, tmp_path: Path) -> None:
    made = single(layers=(b"good", b"bad!"))
    name = next(each for each, content in made.layout.files.items() if content == b"bad!")
    made.layout.files[name] = b"BAD!"
    path = wrote(made, tmp_path)

    with pytest.raises(BadImageLayout, match="another digest"):
        planned(REQUEST, layout_image(OciLayout(path)), world.ports())
    with pytest.raises(BadImageLayout, match="another digest"):
        from_layout(world, path)

    assert changes(world) == []


def test_an_upload_that_fails_leaves_no_tag_and_going_on_sends_the_rest(world: World, tmp_path: Path) -> None:
    path = wrote(single(), tmp_path)
    world.fail("uploads.complete", Unreachable("ecr:CompleteLayerUpload", "no answer"), nth=2)

    with pytest.raises(Unreachable):
        from_layout(world, path)
    assert world.tag("search", REF) is None

    assert from_layout(world, path).pushed
    assert world.tag("search", REF) is not None


def test_a_signal_ends_the_upload_between_two_parts(world: World, tmp_path: Path) -> None:
    made = single(layers=(b"x" * (50 * 1024 * 1024),))
    world.before("uploads.send", lambda call: call.run.signal(), nth=2)

    with pytest.raises(Interrupted):
        from_layout(world, wrote(made, tmp_path))

    assert world.count("uploads.send") <= 4
    assert world.stored("search").images == {}


# --- either way


@pytest.fixture(params=["engine", "layout"])
def publishes(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Publish:
    """Publishes the one image of this machine."""
    world.desktop.build(f"search:{COMMIT}")
    path = wrote(single(), tmp_path)

    def run(asked: PublishRequest = REQUEST, *, plan: bool = False) -> Publication:
        ports: Ports = world.ports()
        source = (
            engine_image("search", REF, ports) if request.param == "engine" else layout_image(OciLayout(path))
        )
        return planned(asked, source, ports) if plan else publish(asked, source, ports, lambda _: None)

    return run


def test_a_plan_changes_nothing_and_says_what_publishing_does(world: World, publishes: Publish) -> None:
    expected = publishes(plan=True)
    assert changes(world) == []
    assert (expected.pushed, expected.label_moved) == (True, True)

    done = publishes()

    assert expected.digest in (None, done.digest)
    after = publishes(plan=True)
    assert (after.digest, after.pushed, after.label_moved) == (done.digest, False, False)


def test_a_missing_repository_is_an_error_that_names_it(world: World, publishes: Publish) -> None:
    del world.repositories[SEARCH]
    with pytest.raises(NotFound, match=SEARCH) as missing:
        publishes()
    assert "create" in missing.value.hint


def test_an_immutable_label_is_refused_before_anything_is_pushed(world: World, publishes: Publish) -> None:
    world.push("search")
    world.repository(SEARCH, mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("env.*",))
    with pytest.raises(PlanRefused, match="latest"):
        publishes()
    assert changes(world) == []


def test_an_immutable_ref_can_t_be_forced(world: World, publishes: Publish) -> None:
    world.put(SEARCH, REF, behaviour=good())
    world.repository(SEARCH, mutability="IMMUTABLE_WITH_EXCLUSION", exclusions=("latest",))
    with pytest.raises(PlanRefused, match=REF):
        publishes(FORCED)
    assert changes(world) == []


@pytest.mark.parametrize("label", ["env.stage", "env.prod", "ref.other", "", "a b", "-a", "x" * 129])
def test_a_label_that_is_not_for_publishing_is_refused(world: World, publishes: Publish, label: str) -> None:
    with pytest.raises(UsageError):
        publishes(PublishRequest(image_id="search", ref=REF, label=label))
    assert changes(world) == []


def test_another_account_than_the_project_s_is_refused(world: World, publishes: Publish) -> None:
    world.before("check_account", _wrong)
    with pytest.raises(WrongAccount):
        publishes()
    assert changes(world) == []


def test_a_release_is_made_of_what_was_published(world: World, publishes: Publish) -> None:
    done = publishes()
    world.image("items")

    made = release(world.ports())

    version = made.images["search"]
    assert version is not None
    assert (version.ref, version.digest) == (REF, done.digest)


def _wrong(_: object) -> None:
    raise WrongAccount("another account")
