"""What a build system shows of a run, apart from the job's log: annotations, a summary in Markdown, and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceOutcome
from weco_deploy.model.steps import WAVE, StepOutcome
from weco_deploy.report.outcomes import STATUS_WORDS, exited, outcome_in_a_line, verdict
from weco_deploy.report.screen import Symbols
from weco_deploy.report.step_lines import step_name, step_result
from weco_deploy.report.untrusted import one_line

_MOST_ANNOTATIONS = 10  # GitHub shows no more of a step


@dataclass(frozen=True, slots=True)
class Annotation:
    """An error that a build shows with its result: the service or whatever it is about, and what happened."""

    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """A run, for a build system.

    Args:
        good: whether the run did what it was to do.
        summary: Markdown that begins with the verdict.
        status: the deployment's status or the error's code; empty if neither.
        release_id: the release that was made or deployed; empty if none.
        deployment_id: the deployment that was recorded; empty if none.
        annotations: what went wrong.

    """

    good: bool
    summary: str
    status: str = ""
    release_id: str = ""
    deployment_id: str = ""
    annotations: tuple[Annotation, ...] = ()

    def outputs(self) -> Mapping[str, str]:
        """The outputs of the step, each a single line."""
        return {
            "status": one_line(self.status),
            "release-id": one_line(self.release_id),
            "deployment-id": one_line(self.deployment_id),
        }

    def variables(self) -> str:
        """The outputs as GitLab's dotenv report. The names are no options of this tool, so no later job takes them for these."""
        names = {"status": "DEPLOYMENT_STATUS", "release-id": "RELEASE_ID", "deployment-id": "DEPLOYMENT_ID"}
        return "".join(f"{names[name]}={value}\n" for name, value in self.outputs().items())

    def github_commands(self) -> Iterator[str]:
        """The workflow commands that make the annotations."""
        shown = self.annotations
        if len(shown) > _MOST_ANNOTATIONS:
            rest = len(shown) - _MOST_ANNOTATIONS + 1
            shown = (*shown[: _MOST_ANNOTATIONS - 1], Annotation("weco-deploy", f"{rest} more failed"))
        for annotation in shown:
            yield f"::error title={_property(annotation.title)}::{_value(annotation.message)}"


def annotations_of(deployment: Deployment) -> tuple[Annotation, ...]:
    """An annotation for each step and service that is not good; of the whole deployment if it failed because of none of them.

    A wave says nothing that its services don't, and services that were not started nothing about themselves.
    """
    if deployment.status in (DeploymentStatus.SUCCEEDED, DeploymentStatus.UNVERIFIED):
        return ()
    interrupted = deployment.status is DeploymentStatus.INTERRUPTED
    # The services that an interruption leaves in the middle say nothing about themselves.
    bad = [outcome for outcome in deployment.services_to_blame if outcome.settled or not interrupted]
    bad_steps = [step for step in deployment.steps if step.bad and step.kind != WAVE]
    found = [
        *(Annotation(one_line(step.id), _why_step(step)) for step in bad_steps),
        *(Annotation(one_line(outcome.service_id), outcome_in_a_line(outcome)) for outcome in bad),
    ]
    if interrupted or not found:
        text = verdict(deployment, Symbols()).partition(" ")[2]
        found.insert(0, Annotation(text, one_line(deployment.reason) or text))
    back = deployment.rollback
    if back and back.status is not DeploymentStatus.SUCCEEDED:
        found += annotations_of(back)
    return tuple(found)


def annotation_of(error: DeployError, options: Sequence[str]) -> Annotation:
    """An error from before a deployment was recorded. The commands in its hint repeat the global `options`."""
    parts = (one_line(error.message), one_line(error.hinted(options)))
    return Annotation("weco-deploy", "; ".join(part for part in parts if part))


def result_words(outcome: ServiceOutcome) -> str:
    """`failed, exit code 3`, without an exit code that the reason says already."""
    code = exited(outcome)
    words = STATUS_WORDS[outcome.status]
    return f"{words}, {code}" if code and code not in outcome.reason else words


def _why_step(step: StepOutcome) -> str:
    text = f"{step_name(step)} {step_result(step)}"
    return "; ".join((text, *(f"log: {one_line(line)}" for line in step.log_lines[-1:])))


def _value(text: str) -> str:
    """A workflow command's text, escaped as GitHub's toolkit does."""
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")
