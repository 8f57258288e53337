"""Hands results to the build system that runs this process, in the ways that its documentation names."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_AGENT = "buildkite-agent"
_AGENT_SECONDS = 30.0
GITLAB_FILE = "weco-deploy.env"


def at_github(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def at_buildkite(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of Buildkite with its agent on the path."""
    return environ.get("BUILDKITE") == "true" and shutil.which(_AGENT, path=environ.get("PATH")) is not None


def at_gitlab(environ: Mapping[str, str]) -> bool:
    """Whether this is a job of GitLab."""
    return environ.get("GITLAB_CI") == "true"


def add_github_summary(markdown: str, environ: Mapping[str, str]) -> None:
    """Add to the summary of the step. Raises OSError."""
    _append(environ.get("GITHUB_STEP_SUMMARY"), markdown)


def set_github_outputs(outputs: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Set outputs of the step. Raises OSError."""
    _append(environ.get("GITHUB_OUTPUT"), "".join(f"{name}={value}\n" for name, value in outputs.items()))


def annotate_buildkite(markdown: str, style: str, environ: Mapping[str, str]) -> None:
    """Annotate the build, with an annotation for each job. Raises OSError, also if the agent fails or takes too long."""
    command = [
        _AGENT,
        "annotate",
        "--style",
        style,
        "--context",
        f"weco-deploy-{environ.get('BUILDKITE_JOB_ID', '')}",
    ]
    try:
        done = subprocess.run(
            command,
            input=markdown.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_AGENT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"{_AGENT} did not answer within {_AGENT_SECONDS:.0f} s") from error
    if done.returncode:
        raise OSError(f"{_AGENT} failed: {done.stderr.decode(errors='replace').strip()}")


def write_gitlab_variables(text: str, environ: Mapping[str, str]) -> None:
    """Write the file for the job's dotenv report, in the project's directory. Raises OSError."""
    (Path(environ.get("CI_PROJECT_DIR", ".")) / GITLAB_FILE).write_text(text, encoding="utf-8")


def _append(path: str | None, text: str) -> None:
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
