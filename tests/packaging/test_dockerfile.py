"""The Dockerfile, as far as it can be judged without pulling its base image."""

from __future__ import annotations

import re

from tests.packaging.action_file import ROOT

INSTRUCTIONS = [
    line
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    if line and not line.startswith("#")
]


def test_it_is_built_in_stages_and_runs_as_nobody_special() -> None:
    words = [line.split()[0] for line in INSTRUCTIONS]
    last = max(at for at, word in enumerate(words) if word == "FROM")

    assert words.count("FROM") == 2
    assert "USER deploy" in INSTRUCTIONS[last:]
    assert INSTRUCTIONS[-1] == 'ENTRYPOINT ["weco-deploy"]'
    assert any("install" in line and " git" in line for line in INSTRUCTIONS[last:])


def test_what_it_copies_exists_and_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source.removeprefix("./")
        for line in INSTRUCTIONS
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }

    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)
