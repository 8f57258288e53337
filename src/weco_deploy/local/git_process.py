"""Runs git without a person: it asks no questions, and never longer than it may."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SECONDS = 10.0
"""How long a call of git may take by default."""


# Git, credential helpers and ssh must not prompt, and a partial clone must not fetch missing commits one by one.
_UNATTENDED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}


def run_git(
    directory: Path,
    *arguments: str,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> str | None:
    """Git's output; None if git failed, is not installed or took too long.

    Args:
        directory: where git runs.
        arguments: git's arguments.
        text: what git reads from its standard input.
        environment: additional environment variables.
        seconds: how long git may take. Then it is killed, with its child processes.

    """
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=directory,
            env={**os.environ, **_UNATTENDED, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that git has no terminal for prompts, and its process group can be killed
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return None
    with process:
        try:
            answer, _ = process.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill_group(process)
    return answer if process.returncode == 0 else None


def _kill_group(process: subprocess.Popen[str]) -> None:
    """Kill git and its child processes, such as ssh, if it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
