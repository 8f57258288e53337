"""What CONTRIBUTING.md says how to add is added to a copy of the checkout, and the checks are run there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.action_file import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
SECTIONS = {
    section.partition("\n")[0]: section for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}
PATCH = re.compile(r"^```diff\n(?P<patch>.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGED = re.compile(r"^\+\+\+ b/(?P<path>.+)$", re.MULTILINE)
NAMED = re.compile(r"`(?P<path>(?:src|tests|docs|examples|changelog\.d)/[^`*]*)`")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".hypothesis", ".coverage*", ".pytest_cache", "dist"
)
PROGRAMS = Path(sys.executable).parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy, with mypy's cache: it checks again only what is changed."""
    return shutil.copytree(ROOT, tmp_path / "checkout", ignore=LEFT_OUT)


def run(checkout: Path, *command: str) -> None:
    ran = subprocess.run(
        command,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}"


@pytest.mark.packaging
@pytest.mark.parametrize(
    ("section", "tests"),
    [
        (
            "Add a command",
            (
                "tests/cli/test_show_environments.py",
                "tests/cli/test_options.py",
                "tests/legacy/test_options.py",
                "tests/cli/test_process.py::test_help_imports_nothing_heavy",
            ),
        ),
        ("Add a key of the project file", ("tests/config",)),
    ],
)
def test_an_addition_made_as_the_page_says_passes_all_checks(
    checkout: Path, section: str, tests: tuple[str, ...]
) -> None:
    (patch,) = (match["patch"] for match in PATCH.finditer(SECTIONS[section]))
    (checkout / "addition.patch").write_text(patch)
    assert CHANGED.findall(patch)

    run(checkout, "git", "apply", "addition.patch")

    run(checkout, str(PROGRAMS / "ruff"), "check")
    run(checkout, str(PROGRAMS / "ruff"), "format", "--check")
    run(checkout, str(PROGRAMS / "mypy"))
    run(checkout, str(PROGRAMS / "lint-imports"))
    run(checkout, sys.executable, "-m", "pytest", "-q", *tests)


def test_every_file_that_the_page_names_exists() -> None:
    added = set(CHANGED.findall(PAGE))
    named = {match["path"] for match in NAMED.finditer(PAGE)} | {
        f"src/weco_deploy/{path}" for path in re.findall(r"`((?:cli|config|model|rules)/[\w/.]+)`", PAGE)
    }
    missing = {path for path in named - added if not (ROOT / path).exists()}

    assert missing <= {"changelog.d/+owners.feature.md"}
