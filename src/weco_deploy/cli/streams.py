"""Writes to stdout and stderr, and to the file of `--output-file`. If a stream's reader exits early (`| head`), the deployment goes on."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from weco_deploy.errors import Command, DeployError


def write_result(text: str) -> None:
    """Write a result to stdout. A full disk is an error, but a reader that has exited is not."""
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


def write_file(path: str, text: str) -> None:
    """Write a result to a file. An error of writing it is an error of the command."""
    try:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - as in options.py
            _write(file, text)
    except OSError as error:
        raise DeployError(
            f"the result could not be written to {path}: {error.strerror or error}",
            ("what was done is done; look at it with: ", Command("show-deployments")),
        ) from error


def write_notice(text: str) -> None:
    """Write a text for people to stderr. Ignores errors of writing it."""
    try:
        _write(sys.stderr, text)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Discard the content of the stream's buffer, and everything that is written to the stream from now on."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, stream.fileno())
    finally:
        os.close(devnull)


def _write(stream: TextIO, text: str) -> None:
    stream.write(text if text.endswith("\n") else f"{text}\n")
    stream.flush()
