"""Checks of the Dockerfile that need no base image."""

from __future__ import annotations

import re

from tests.packaging.action_file import ROOT

INSTRUCTIONS = [
    line
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    if line and not line.startswith("#")
]


def copied() -> set[str]:
    """What the Dockerfile copies out of the checkout."""
    return {
        source.removeprefix("./")
        for line in INSTRUCTIONS
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }


def test_dockerfile_has_two_stages_and_an_unprivileged_user() -> None:
    words = [line.split()[0] for line in INSTRUCTIONS]
    last_stage = max(index for index, word in enumerate(words) if word == "FROM")

    assert words.count("FROM") == 2
    assert "USER deploy" in INSTRUCTIONS[last_stage:]
    assert INSTRUCTIONS[-1] == 'ENTRYPOINT ["weco-deploy"]'
    assert any("install" in line and " git" in line for line in INSTRUCTIONS[last_stage:])


def test_copied_files_exist_and_are_in_the_build_context() -> None:
    context = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied() == context
    assert all((ROOT / name).exists() for name in copied())
