"""The sandbox's directory, and commands in messages, which name it unless it is the default."""

from __future__ import annotations

import shlex
from pathlib import Path

from weco_deploy.errors import Command

DIRECTORY = ".weco-sandbox"
"""The sandbox's directory, next to the project file."""


def command(directory: Path, *words: str) -> Command:
    """A command of `weco-deploy sandbox` for the sandbox in this directory."""
    return Command("sandbox", *words, *_dir_words(directory))


def dir_option(directory: Path) -> str:
    """The option that names the sandbox for commands run here; empty if it is the default."""
    words = _dir_words(directory)
    return f" {shlex.join(words)}" if words else ""


def _dir_words(directory: Path) -> tuple[str, ...]:
    default = Path.cwd() / DIRECTORY
    return () if directory.absolute() == default else ("--dir", str(directory))
