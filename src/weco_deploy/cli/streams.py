"""Writes to stdout and stderr. A reader who has gone away (`| head`) must not end a deployment half way."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from weco_deploy.errors import Command, DeployError


def write_result(text: str) -> None:
    """Write a result to stdout. A reader who has gone away is no error; a full disk is."""
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        raise DeployError(
            f"the result could not be written to stdout: {error.strerror or error}",
            ("what was done is done; look at it with: ", Command("show-deployments")),
        ) from error


def write_notice(text: str) -> None:
    """Write a text for a person to stderr; drop it if stderr can't be written to."""
    try:
        _write(sys.stderr, text)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Discard everything that is written to `stream` from now on, and what is in its buffer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text if text.endswith("\n") else f"{text}\n")
    stream.flush()
