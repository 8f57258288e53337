"""Runs the command line as an audited process, and searches its output and files for secrets."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cli.desk import Ran
from tests.commands.process import environment, ran
from tests.commands.team import Team

SECRET_KEY = "kept-very-secret-key-1"
SESSION_TOKEN = "kept-very-secret-token-2"
AUDITED = Path(__file__).parent / "audited.py"


@dataclass(frozen=True)
class Signed:
    """The credentials that a request was signed with."""

    service: str
    secret_key: str
    token: str


@dataclass(frozen=True)
class Kept:
    """A process's output, the log of its audit hook, and the directories in which it may write (`places`).

    `signed` are the credentials that it used, without duplicates. They are not in `places`.
    """

    ran: Ran
    audit: str
    places: Sequence[Path]
    signed: frozenset[Signed]

    def everything(self) -> Iterator[tuple[str, str]]:
        yield "stdout", self.ran.out
        yield "stderr", self.ran.err
        yield "the audit", self.audit
        for place in self.places:
            for file in place.rglob("*"):
                if file.is_file():
                    yield str(file), file.read_bytes().decode(errors="replace")


def audited(team: Team, tmp_path: Path, *arguments: str, plant: bool = False) -> Kept:
    """Run the command line with a caller's secret credentials. With `plant` it leaks the credentials that it uses."""
    home_directory = tmp_path / "home"
    audit, signed = tmp_path / "audit.jsonl", tmp_path / "signed.jsonl"
    home_directory.mkdir(exist_ok=True)
    environ = environment(
        team,
        AUDIT=str(audit),
        SIGNED=str(signed),
        PLANT="1" if plant else "",
        HOME=str(home_directory),
        TMPDIR=str(home_directory),
        AWS_SECRET_ACCESS_KEY=SECRET_KEY,
        AWS_SESSION_TOKEN=SESSION_TOKEN,
        PYTHONPATH=os.pathsep.join(str(AUDITED.parents[2] / directory) for directory in ("src", ".")),
        PYTHONDONTWRITEBYTECODE="1",
    )
    audited = (sys.executable, str(AUDITED))
    return Kept(
        ran(environ, "--verbose", "--output", "json", "--confirm", *arguments, program=audited),
        audit.read_text(),
        (home_directory, Path.cwd()),
        frozenset(Signed(**json.loads(line)) for line in signed.read_text().splitlines()),
    )


def leaks(kept: Kept, team: Team, secrets: Iterable[str]) -> list[str]:
    places = [*kept.everything(), ("the records", json.dumps(team.aws.items(), default=str))]
    return [f"{secret} in {where}" for secret in secrets for where, text in places if secret in text]
