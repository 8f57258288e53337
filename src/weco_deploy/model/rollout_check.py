"""A check that runs when the services of an environment have settled, such as a smoke test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from weco_deploy.model.before_task import On

CHECKS = "checks"
"""The kind of these checks in a deployment's steps: the key of the project file."""
DEFAULT_TIMEOUT = 300.0
"""Seconds."""
COMMIT, DIGEST = "commit", "digest"
"""The placeholders of expected texts that stand for an image's commit and digest."""
PLACEHOLDERS = (COMMIT, DIGEST, "release")
"""The placeholders of expected texts, in addition to the environment's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program on this machine that must exit with 0. `credentials` says whether it gets the AWS credentials of the tool."""

    arguments: tuple[str, ...]
    credentials: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A GET request, and the answer that is expected.

    Args:
        url: the template of the URL.
        status: the expected status.
        fields: the expected texts of fields of the JSON answer, as templates. A field's name has dots between its levels.
        image: the id of the image whose commit and digest these templates mean; None if it is the only one, or they use neither.

    """

    url: str
    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()
    image: str | None = None


Probe: TypeAlias = Program | HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutCheck:
    """A check as the project file describes it.

    Args:
        id: its id, which is unique among the steps of the environment.
        probe: what it does.
        timeout: how many seconds it may take, with all its repetitions.
        retries: how often it is repeated if it fails.
        advisory: whether its failure is only reported, and does not fail the deployment.
        record_output: whether the record gets its last lines of output.
        on: in which deployments it runs.

    """

    id: str
    probe: Probe
    timeout: float = DEFAULT_TIMEOUT
    retries: int = 0
    advisory: bool = False
    record_output: bool = False
    on: frozenset[On] = frozenset({On.DEPLOY})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """A check with what it needs to know of the deployment.

    Args:
        check: the check.
        url: the URL, if it makes a request.
        fields: the expected texts of the answer's fields.
        about_release: whether only the release's own tasks can pass it, because it expects a commit, a digest or a release.
        variables: the environment variables of a command, without the deployment's id, which is not known yet.

    """

    check: RolloutCheck
    url: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    about_release: bool = False
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return self.check.id
