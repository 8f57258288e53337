"""The source distribution holds what its documentation links to, and what its tests need."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.packaging.action_file import ROOT

LINK = re.compile(r"\]\((?P<path>[^)#:\s]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sdist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (archive,) = directory.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(directory, filter="data")
    return directory / archive.name.removesuffix(".tar.gz")


def test_sdist_contains_examples_tests_and_what_installs_it(unpacked: Path) -> None:
    for name in (
        "examples/.wellcome_project", "tests/config/test_example.py", "tests/conftest.py", "constraints.txt",
        "constraints-lowest.txt", "Makefile", "action.yml", "Dockerfile", "LICENSE",
    ):  # fmt: skip
        assert (unpacked / name).is_file(), name


def test_every_relative_link_in_the_sdist_s_documentation_leads_to_a_file(unpacked: Path) -> None:
    # The links of changelog fragments are meant for CHANGELOG.md.
    pages = [page for page in unpacked.rglob("*.md") if not page.name.startswith("+")]
    broken = [
        f"{page.relative_to(unpacked)}: {match['path']}"
        for page in pages
        for match in LINK.finditer(page.read_text())
        if not (page.parent / match["path"]).exists()
    ]

    assert len(pages) > 5
    assert not broken
