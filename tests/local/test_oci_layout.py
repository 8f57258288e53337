from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.local.layouts import (
    CONFIG,
    IMAGE,
    INDEX,
    Descriptor,
    Layout,
    blob_file,
    digest_of,
    multi_arch,
    single,
)
from weco_deploy.errors import BadImageLayout
from weco_deploy.local.layout_files import files_at
from weco_deploy.local.oci_layout import OciLayout
from weco_deploy.model.publication import Part

Write = Callable[[Layout, Path], Path]


def as_directory(layout: Layout, path: Path) -> Path:
    return layout.directory(path / "image")


def as_archive(layout: Layout, path: Path) -> Path:
    return layout.archive(path / "image.tar")


def as_archive_of_the_directory(layout: Layout, path: Path) -> Path:
    """With member names like those of `tar -C layout -cf image.tar .`."""
    return layout.archive(path / "image.tar", prefix="./")


in_all_formats = pytest.mark.parametrize("write", [as_directory, as_archive, as_archive_of_the_directory])


def refused(path: Path) -> str:
    with pytest.raises(BadImageLayout) as error:
        OciLayout(path).image()
    assert str(path) in error.value.message
    return error.value.message


def read_all(path: Path) -> None:
    layout = OciLayout(path)
    for blob in layout.image().blobs:
        layout.read(blob.digest, Part(first=0, length=blob.size))


@in_all_formats
def test_image_is_read_byte_for_byte(write: Write, tmp_path: Path) -> None:
    made = single()

    layout = OciLayout(write(made.layout, tmp_path))
    image = layout.image()

    assert image.top.digest == made.top
    assert image.top.media_type == IMAGE
    assert image.top.body.encode() == made.layout.files[blob_file(made.top)]
    assert image.parts == ()
    assert len(image.blobs) == 3
    for blob in image.blobs:
        content = layout.read(blob.digest, Part(first=0, length=blob.size))
        assert digest_of(content) == blob.digest
        assert layout.read(blob.digest, Part(first=2, length=3)) == content[2:5]


@in_all_formats
def test_index_comes_after_the_manifests_that_it_lists(write: Write, tmp_path: Path) -> None:
    made = multi_arch()

    image = OciLayout(write(made.layout, tmp_path)).image()

    assert image.top.digest == made.top
    assert image.top.media_type == INDEX
    assert image.top.children == tuple(part.digest for part in image.parts)
    assert len(image.parts) == 2
    assert len(image.blobs) == 5  # two configs, two separate layers, and a shared layer


def test_nested_index_comes_after_its_manifests(tmp_path: Path) -> None:
    layout = Layout()
    image = layout.image(b"layer")
    inner = layout.index(image)
    outer = layout.index(inner)

    found = OciLayout(layout.listing(outer).directory(tmp_path)).image()

    assert [part.digest for part in found.parts] == [image["digest"], inner["digest"]]
    assert found.top.digest == outer["digest"]


def test_image_listed_once_for_each_of_its_tags_is_a_single_image(tmp_path: Path) -> None:
    layout = Layout()
    image = layout.image(b"layer")
    layout.listing({**image, "annotations": {"org.opencontainers.image.ref.name": "a"}}, image)

    assert OciLayout(layout.directory(tmp_path)).image().top.digest == image["digest"]


def test_layout_of_several_images_is_refused_with_their_digests(tmp_path: Path) -> None:
    layout = Layout()
    first, second = layout.image(b"first"), layout.image(b"second")

    message = refused(layout.listing(first, second).directory(tmp_path))

    assert str(first["digest"]) in message
    assert str(second["digest"]) in message


def test_layout_without_an_image_is_refused(tmp_path: Path) -> None:
    assert "lists no image" in refused(Layout().listing().directory(tmp_path))


def artifact(layout: Layout) -> Descriptor:
    """Something in a registry that is not an image, such as a chart or a signature."""
    return layout.document(IMAGE, config=layout.blob(b"{}", "application/vnd.oci.empty.v1+json"), layers=[])


def attestation(layout: Layout) -> Descriptor:
    """An attestation of how an image was built, as buildx adds it."""
    statement = layout.blob(b"{}", "application/vnd.in-toto+json")
    return layout.document(IMAGE, config=layout.blob(b"{}", CONFIG), layers=[statement])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda layout: layout.index(), id="an index of nothing"),
        pytest.param(artifact, id="an artifact"),
        pytest.param(lambda layout: layout.index(attestation(layout)), id="an attestation alone"),
    ],
)
def test_layout_without_a_runnable_image_is_refused(
    content: Callable[[Layout], Descriptor], tmp_path: Path
) -> None:
    layout = Layout()
    assert "can be run" in refused(layout.listing(content(layout)).directory(tmp_path))


def test_attestation_of_an_image_is_read_with_the_image(tmp_path: Path) -> None:
    layout = Layout()
    image, attested = layout.image(b"layer"), attestation(layout)
    found = OciLayout(layout.listing(layout.index(image, attested)).directory(tmp_path)).image()
    assert [part.digest for part in found.parts] == [image["digest"], attested["digest"]]


def test_missing_path_is_refused(tmp_path: Path) -> None:
    assert "there is no OCI layout" in refused(tmp_path / "missing")


def test_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(b"hello" * 1000)
    assert "tar archive" in refused(file)


def test_compressed_archive_is_refused_with_a_hint(tmp_path: Path) -> None:
    file = single().layout.archive(tmp_path / "image.tgz", mode="w:gz")
    with pytest.raises(BadImageLayout) as error:
        OciLayout(file)
    assert "decompress" in error.value.hint


@pytest.mark.parametrize("name", ["oci-layout", "index.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'"text"', b"[" * 100_000])
@in_all_formats
def test_file_without_a_json_object_is_refused_by_name(
    name: str, content: bytes, write: Write, tmp_path: Path
) -> None:
    layout = single().layout
    layout.files[name] = content
    assert name in refused(write(layout, tmp_path))


@in_all_formats
def test_missing_file_is_refused_by_name(write: Write, tmp_path: Path) -> None:
    for missing in ("oci-layout", "index.json"):
        layout = single().layout
        del layout.files[missing]
        directory = tmp_path / missing
        directory.mkdir()
        assert f"there is no {missing}" in refused(write(layout, directory))


def test_unknown_layout_version_is_refused(tmp_path: Path) -> None:
    layout = single().layout
    layout.files["oci-layout"] = b'{"imageLayoutVersion": "2.0.0"}'
    assert "2.0.0" in refused(layout.directory(tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "sha256:../../../../etc/passwd"},
        {"digest": "../secret"},
        {"digest": "sha512:" + "0" * 128},
        {"digest": 7},
        {"size": "12"},
        {"size": -1},
        {"mediaType": None},
    ],
)
def test_invalid_descriptor_is_refused(change: Descriptor, tmp_path: Path) -> None:
    layout = Layout()
    layout.listing({**layout.image(b"layer"), **change})
    assert "index.json, manifests[0]" in refused(layout.directory(tmp_path))


def test_media_type_that_ecr_does_not_accept_is_refused_by_name(tmp_path: Path) -> None:
    layout = Layout()
    layout.listing(layout.document("application/vnd.example+json"))
    assert "application/vnd.example+json" in refused(layout.directory(tmp_path))


@in_all_formats
def test_changed_manifest_is_refused(write: Write, tmp_path: Path) -> None:
    made = single()
    made.layout.files[blob_file(made.top)] += b" "
    assert "another digest" in refused(write(made.layout, tmp_path))


@in_all_formats
def test_layer_of_a_wrong_size_is_refused(write: Write, tmp_path: Path) -> None:
    layout = Layout()
    layer = layout.blob(b"layer")
    manifest = layout.document(IMAGE, config=layout.blob(b"{}"), layers=[layer])
    layout.files[blob_file(str(layer["digest"]))] = b"lay"
    assert "has 3 bytes, and should have 5" in refused(write(layout.listing(manifest), tmp_path))


@in_all_formats
def test_missing_layer_is_refused_by_name(write: Write, tmp_path: Path) -> None:
    layout = Layout()
    layer = layout.blob(b"layer")
    manifest = layout.document(IMAGE, config=layout.blob(b"{}"), layers=[layer])
    del layout.files[blob_file(str(layer["digest"]))]
    assert f"there is no {blob_file(str(layer['digest']))}" in refused(
        write(layout.listing(manifest), tmp_path)
    )


@pytest.mark.parametrize("layers", [None, {}, "text", [7], [{"digest": "sha256:00"}]])
def test_manifest_with_invalid_layers_is_refused(layers: object, tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.document(IMAGE, config=layout.blob(b"{}"), layers=layers)
    assert "layers" in refused(layout.listing(manifest).directory(tmp_path))


def test_deeply_nested_indexes_are_refused(tmp_path: Path) -> None:
    layout = Layout()
    inner = layout.image(b"layer")
    for _ in range(20):
        inner = layout.index(inner)
    assert "inside one another" in refused(layout.listing(inner).directory(tmp_path))


def test_manifest_too_large_for_ecr_is_refused_unread(tmp_path: Path) -> None:
    layout = Layout()
    layout.listing(layout.document(IMAGE, padding="x" * 5_000_000))
    assert "may have 4194304" in refused(layout.directory(tmp_path))


def test_truncated_archive_is_refused(tmp_path: Path) -> None:
    file = single(layers=(b"x" * 100_000,)).layout.archive(tmp_path / "image.tar")
    whole = file.read_bytes()
    for length in (0, 100, 700, 3000, len(whole) // 2):
        file.write_bytes(whole[:length])
        with pytest.raises(BadImageLayout):
            read_all(file)


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"a secret")
    digest = digest_of(b"a secret")
    layout = Layout()
    manifest = layout.document(IMAGE, config={"mediaType": "x", "digest": digest, "size": 8}, layers=[])
    file = layout.listing(manifest).archive(tmp_path / "image.tar")
    with tarfile.open(file, "a") as archive:
        for kind, target in ((tarfile.SYMTYPE, str(outside)), (tarfile.LNKTYPE, str(outside))):
            entry = tarfile.TarInfo(blob_file(digest))
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    assert "there is no blobs" in refused(file)


def test_archive_is_not_unpacked(tmp_path: Path) -> None:
    made = single()
    file = made.layout.archive(tmp_path / "image.tar")
    with tarfile.open(file, "a") as archive:
        entry = tarfile.TarInfo("../escaped")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"out"))

    image = OciLayout(file).image()

    assert image.top.digest == made.top
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]
    assert not (tmp_path.parent / "escaped").exists()


def test_docker_media_types_are_accepted(tmp_path: Path) -> None:
    layout = Layout()
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    layout.listing(
        layout.document(
            docker, config=layout.blob(b"{}", "application/vnd.docker.container.image.v1+json"), layers=[]
        )
    )
    image = OciLayout(layout.directory(tmp_path)).image()
    assert image.top.media_type == docker
    assert json.loads(image.top.body)["mediaType"] == docker


def test_archive_with_an_unreadable_member_header_is_refused(tmp_path: Path) -> None:
    path = as_archive(single().layout, tmp_path)
    path.write_bytes(b"\xff" * 512 + path.read_bytes()[512:])
    assert "neither a directory nor an uncompressed tar archive" in refused(path)


def test_archive_that_disappears_while_it_is_read_is_refused_by_name(tmp_path: Path) -> None:
    path = as_archive(single().layout, tmp_path)
    layout = OciLayout(path)
    (blob, *_) = layout.image().blobs
    path.unlink()

    with pytest.raises(BadImageLayout, match="can't be read: No such file or directory"):
        layout.read(blob.digest, Part(first=0, length=blob.size))


def test_file_that_is_cut_off_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = as_directory(single().layout, tmp_path)
    layout = OciLayout(path)
    (blob, *_) = layout.image().blobs
    file = path / blob_file(blob.digest)
    file.write_bytes(b"")

    with pytest.raises(BadImageLayout, match="ends early"):
        layout.read(blob.digest, Part(first=0, length=blob.size))


def test_file_in_a_path_that_is_too_long_cannot_be_read(tmp_path: Path) -> None:
    path = as_directory(single().layout, tmp_path)

    with pytest.raises(BadImageLayout, match="can't be read: File name too long"):
        files_at(path).size("a" * 300)


def test_json_file_larger_than_allowed_is_refused_unread(tmp_path: Path) -> None:
    path = as_directory(single().layout, tmp_path)

    with pytest.raises(BadImageLayout, match=r"has \d+ bytes, and may have 10"):
        files_at(path).read_all("index.json", 10)
