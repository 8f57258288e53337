"""The JSON that `--output json` prints. Keys may be added, but never removed or renamed: scripts rely on them.

Digests, ids and messages are not cleaned, because JSON escapes control characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from weco_deploy.errors import DeployError
from weco_deploy.model.checks import Check
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, Failure, ImageChange, ServiceOutcome
from weco_deploy.model.draining import DrainingTask
from weco_deploy.model.environment import CurrentRelease, Lock
from weco_deploy.model.inventory import Proposal
from weco_deploy.model.left_out import LeftOut
from weco_deploy.model.notification import DestinationTest
from weco_deploy.model.plan import Action, Plan, PlannedImage, PlannedService
from weco_deploy.model.planned_task import BEFORE, PlannedTask
from weco_deploy.model.project import Project
from weco_deploy.model.publication import Publication
from weco_deploy.model.release import ImageVersion, Release, ReleaseDeployment
from weco_deploy.model.results import (
    ChangedCommit,
    Changes,
    DeploymentDetails,
    LabelledImage,
    PreparedRelease,
    ReleaseDifference,
    WhereCommitIs,
)
from weco_deploy.model.rollout_check import CHECKS, PlannedCheck, Program
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.model.steps import StepOutcome
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.console import console_links
from weco_deploy.report.next_steps import NextStep, Request, next_steps, next_steps_since
from weco_deploy.report.wording import in_utc

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
Document: TypeAlias = dict[str, Json]

_BUILD_COMMAND = re.compile(r"##(?=(?:vso|teamcity)?\[)")


def json_text(document: Document) -> str:
    """The document as text: indented, and in ASCII, which every encoding can represent.

    `##` is escaped before a bracket, because build systems take commands such as `##[error]` from any line of a log.
    """
    return _BUILD_COMMAND.sub(r"#\\u0023", json.dumps(document, indent=2))


def release_document(
    release: Release, deployments: Sequence[Deployment | ReleaseDeployment] | None = None
) -> Document:
    """A release. `deployments` are the records of its deployments, by default the release's own list.

    `release_id` is null if the release is not saved (in a dry run). `digests` contains only the known digests.
    """
    listed = release.deployments if deployments is None else deployments
    return {
        "release_id": release.release_id or None,
        "project_id": release.project_id,
        "project_name": release.project_name,
        "date_created": time_text(release.date_created),
        "requested_by": release.requested_by,
        "build_url": release.build_url,
        "description": release.description,
        "from_label": release.from_label,
        "commit": release.commit,
        "commits_behind": dict(release.commits_behind),
        "complete": release.complete,
        "missing": list(release.missing),
        "images": {image_id: _ref(version) for image_id, version in release.images.items()},
        "refs": {image_id: _refs(version) for image_id, version in release.versions.items()},
        "digests": {
            image_id: version.digest for image_id, version in release.versions.items() if version.digest
        },
        "deployments": [
            nested_deployment(deployment)
            if isinstance(deployment, Deployment)
            else _listed_deployment(release, deployment)
            for deployment in listed
        ],
        "last_date_deployed": max(
            (time_text(deployment.date_created) for deployment in listed), default=None
        ),
    }


def releases_document(releases: Sequence[Release]) -> Document:
    return {"releases": [release_document(release) for release in releases]}


def prepared_document(prepared: PreparedRelease) -> Document:
    return {
        "release": release_document(prepared.release),
        "previous_release_id": prepared.previous.release_id if prepared.previous else None,
    }


def difference_document(difference: ReleaseDifference) -> Document:
    """The difference that `show-release --diff` shows, by image id. The side that lacks an image has nulls."""
    return {
        "difference": {
            "release_id": difference.release.release_id,
            "base_release_id": difference.base.release_id,
            "images": {
                image_id: {
                    "from_ref": _ref(base),
                    "to_ref": _ref(version),
                    "from_digest": _digest(base),
                    "to_digest": _digest(version),
                    "subject": difference.subjects.get(version.commit) if version else None,
                }
                for image_id, (base, version) in difference.images.items()
            },
        }
    }


def changes_document(changes: Changes) -> Document:
    """The commits between two releases or environments, newest first. `from` and `to` are their ids."""
    return {
        "from": changes.base,
        "to": changes.head,
        "commits": [_changed_commit(change, changes.repository) for change in changes.commits],
        "lost": [_changed_commit(change, changes.repository) for change in changes.lost],
        "unknown": list(changes.unknown),
        "unknown_because": dict(changes.unknown),
        "unchanged": list(changes.unchanged),
    }


def where_document(found: WhereCommitIs) -> Document:
    """Where a commit is. `since` is null if the deployment that brought it is too long ago to be found."""
    return {
        "commit": _commit(found.commit),
        "releases": {release_id: list(images) for release_id, images in found.releases.items()},
        "environments": {
            environment.environment: {
                "live": bool(environment.live),
                "images": {
                    image.image_id: {
                        "since": time_text(image.since) if image.since else None,
                        "deployment_id": image.deployment_id,
                    }
                    for image in environment.live
                },
                "failed": list(environment.failed),
                "without": list(environment.without),
                "unknown": list(environment.unknown),
            }
            for environment in found.environments
        },
    }


def images_document(images: Mapping[str, LabelledImage | None]) -> Document:
    """The image that a label points at, by image id; null where there is no such label."""
    return {"images": {image_id: _tagged(image) if image else None for image_id, image in images.items()}}


def deployment_document(
    deployment: Deployment, options: Sequence[str] = (), request: Request = None
) -> Document:
    """A deployment that was just made or watched, with the next commands. The arguments are those of `next_steps`.

    Lists of deployments have no `next`, because the next commands of an old deployment may be wrong by now.
    """
    steps = [_next_step(step) for step in next_steps(deployment, options, request)]
    return {"deployment": {**nested_deployment(deployment), "next": steps}}


def deployment_details_document(details: DeploymentDetails, options: Sequence[str] = ()) -> Document:
    """A deployment with its context. `next` is empty if something was deployed there since: it may be wrong by now."""
    deployment = details.deployment
    steps = [_next_step(step) for step in next_steps_since(details, options)]
    return {
        "deployment": {**nested_deployment(deployment), "next": steps},
        "subjects": dict(details.subjects),
        "undid": nested_deployment(details.undid) if details.undid else None,
        "following": nested_deployment(details.following) if details.following else None,
        "last": nested_deployment(details.last) if details.last else None,
    }


def deployments_document(deployments: Sequence[Deployment]) -> Document:
    return {"deployments": [nested_deployment(deployment) for deployment in deployments]}


def plan_document(plan: Plan, *, dry_run: bool = False) -> Document:
    """A plan. `release_id` is null if the release is not saved yet. `dry_run`: it is shown instead of being carried out."""
    return {
        "plan": {
            "environment": plan.environment,
            "release_id": None if plan.release_is_new else plan.release.release_id,
            "images": [_planned_image(image, changes=plan.changes) for image in plan.images],
            "services": [_planned_service(service) for service in plan.services],
            "steps": [*map(_planned_task, plan.tasks), *map(_planned_check, plan.checks)],
            "left_out": [_left_out(left) for left in plan.left_out],
            "warnings": list(plan.warnings),
            "changes": plan.changes,
            "already_newer": None,
            "dry_run": dry_run,
            "current": _current(plan.current),
            "closed_gates": [
                {"message": gate.message, "reasons": list(gate.reasons), "hint": gate.hint}
                for gate in plan.closed_gates
            ],
        }
    }


def already_newer_document(plan: Plan, newer: Deployment) -> Document:
    """The plan of a run that changed nothing, because a newer deployment brought newer images since it began."""
    return {
        "plan": {
            "environment": plan.environment,
            "release_id": None if plan.release_is_new else plan.release.release_id,
            "images": [_planned_image(image, changes=False) for image in plan.images],
            "services": [],
            "steps": [],
            "left_out": [],
            "warnings": [],
            "changes": False,
            "already_newer": nested_deployment(newer),
            "dry_run": False,
            "current": _current(plan.current),
            "closed_gates": [],
        }
    }


def _current(current: CurrentRelease | None) -> Json:
    if current is None:
        return None
    return {
        "release_id": current.release_id,
        "status": current.status.value,
        "since": time_text(current.since) if current.since else None,
        "other_releases": current.other_releases,
    }


def lock_document(environment: str, lock: Lock, after: Lock | None, *, dry_run: bool) -> Document:
    """A lock that was taken by hand. `after` is the lock of the deployment that it waits for; None if it holds now."""
    return {
        "lock": {
            "environment": environment,
            "holder": lock.holder,
            "reason": lock.reason,
            "since": time_text(lock.since),
            "build_url": lock.build_url,
            "holds": "now" if after is None else "after",
            "after": {"deployment_id": after.deployment_id, "holder": after.holder} if after else None,
            "dry_run": dry_run,
        }
    }


def unlocked_document(environment: str, lock: Lock, *, dry_run: bool) -> Document:
    """A lock that was released. `deployment_id` is null if it was taken by hand."""
    return {
        "unlocked": {
            "environment": environment,
            "holder": lock.holder,
            "reason": lock.reason,
            "since": time_text(lock.since),
            "deployment_id": lock.deployment_id,
            "build_url": lock.build_url,
            "dry_run": dry_run,
        }
    }


def publication_document(publication: Publication, *, dry_run: bool) -> Document:
    """An image that was published. In a dry run `digest` is null if only the push shows it."""
    return {
        "published": {
            "image_id": publication.image_id,
            "repository": publication.repository,
            "ref": publication.ref,
            "digest": publication.digest,
            "label": publication.label,
            "pushed": publication.pushed,
            "label_moved": publication.label_moved,
            "dry_run": dry_run,
        }
    }


def error_document(error: DeployError, options: Sequence[str] = ()) -> Document:
    """An error. The commands in its hint repeat the global `options`."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hinted(options)}}


def time_text(at: datetime) -> str:
    # Always with microseconds, so that texts sort by time.
    return in_utc(at).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _ref(version: ImageVersion | None) -> str | None:
    return version.ref if version else None


def _digest(version: ImageVersion | None) -> str | None:
    return version.digest if version else None


def _refs(version: ImageVersion) -> list[str]:
    return list(version.refs or (version.ref,))


def _tagged(image: LabelledImage) -> Document:
    return {
        "ref": _ref(image.version),
        "digest": image.digest,
        "pushed_at": time_text(image.pushed_at) if image.pushed_at else None,
        "remark": image.remark or None,
    }


def _commit(commit: Commit) -> Document:
    return {
        "commit": commit.commit,
        "subject": commit.subject,
        "author": commit.author,
        "date": time_text(commit.date),
    }


def _changed_commit(change: ChangedCommit, repository: WebRepository | None) -> Document:
    number = change.pull_request
    return {
        **_commit(change.commit),
        "images": list(change.images),
        "pull_request": None
        if number is None
        else {"number": number, "url": repository.pull_request(number) if repository else None},
        "merge": change.merges,
        "revert": change.reverts,
    }


def _listed_deployment(release: Release, deployment: ReleaseDeployment) -> Document:
    return {
        "deployment_id": deployment.deployment_id,
        "release_id": release.release_id,
        "project_id": release.project_id,
        "environment": deployment.environment,
        "date_created": time_text(deployment.date_created),
        "requested_by": deployment.requested_by,
        "description": deployment.description,
    }


def nested_deployment(deployment: Deployment) -> Document:
    return {
        "deployment_id": deployment.deployment_id,
        "release_id": deployment.release_id,
        "project_id": deployment.project_id,
        "environment": deployment.environment,
        "kind": deployment.kind.value,
        "status": deployment.status.value,
        "date_created": time_text(deployment.date_created),
        "date_finished": time_text(deployment.date_finished) if deployment.date_finished else None,
        "requested_by": deployment.requested_by,
        "build_url": deployment.build_url,
        "description": deployment.description,
        "gate_override": deployment.gate_override,
        "reason": deployment.reason,
        "images": {image_id: _image_change(change) for image_id, change in deployment.images.items()},
        "services": [_outcome(outcome) for outcome in deployment.services],
        "left_out": [_left_out(left) for left in deployment.left_out],
        "steps": [_step(step) for step in deployment.steps],
        "rollback": nested_deployment(deployment.rollback) if deployment.rollback else None,
    }


def _left_out(left: LeftOut) -> Document:
    return {
        "kind": left.kind.value,
        "id": left.id,
        "images": list(left.images),
        "why": left.why.value,
        "reason": left.reason,
    }


def _next_step(step: NextStep) -> Document:
    return {"when": step.when, "command": step.command}


def _step(step: StepOutcome) -> Document:
    return {
        "id": step.id,
        "kind": step.kind,
        "status": step.status.value,
        "started": time_text(step.started) if step.started else None,
        "finished": time_text(step.finished) if step.finished else None,
        "exit_code": step.exit_code,
        "detail": step.detail,
        "log_location": step.log_location,
        "log_lines": list(step.log_lines),
        "output": list(step.output),
        "advisory": step.advisory,
    }


def _image_change(change: ImageChange) -> Document:
    return {
        "from_digest": change.from_digest,
        "to_digest": change.to_digest,
        "tag_moved": change.tag_moved,
        "from_ref": change.from_ref,
        "to_ref": change.to_ref,
        "direction": change.direction.value if change.direction else None,
        "commits_between": change.commits,
    }


def _outcome(outcome: ServiceOutcome) -> Document:
    links = console_links(outcome.key)
    return {
        "service_id": outcome.service_id,
        "cluster": outcome.key.cluster,
        "service_name": outcome.key.name,
        "images": list(outcome.images),
        "ecs_deployment_id": outcome.ecs_deployment_id,
        "ecs_rollback": outcome.ecs_rollback,
        "status": outcome.status.value,
        "reason": outcome.reason,
        "failures": [_failure(failure) for failure in outcome.failures],
        "draining": [_draining(task) for task in outcome.draining],
        "tasks": _tasks(outcome.tasks) if outcome.tasks else None,
        "console_url": links.service if links else None,
        "links": {"service": links.service, "logs": links.logs} if links else None,
    }


def _tasks(tasks: RunningTasks) -> Document:
    return {
        "desired": tasks.desired,
        "new": tasks.new,
        "old": tasks.old,
        "old_digests": dict(tasks.old_digests),
    }


def _draining(task: DrainingTask) -> Document:
    return {
        "task": task.task,
        "until": time_text(task.until) if task.until else None,
        "why": task.why.value,
    }


def _failure(failure: Failure) -> Document:
    return {
        "kind": failure.kind,
        "message": failure.message,
        "task": failure.task,
        "container": failure.container,
        "stop_code": failure.stop_code,
        "exit_code": failure.exit_code,
        "log_location": failure.log_location,
        "log_lines": list(failure.log_lines),
    }


def _planned_image(image: PlannedImage, *, changes: bool) -> Document:
    found = image.direction
    return {
        "image_id": image.image_id,
        "repository": image.repository,
        "tag": image.tag,
        "from_digest": image.from_digest,
        "to_digest": image.manifest.digest,
        "from_commit": image.from_commit,
        "to_commit": image.to_commit,
        "moves": image.moves and changes,
        "direction": found.direction.value,
        "commits_between": found.commits,
        "commits_lost": [_commit(commit) for commit in found.lost],
        "unknown_because": found.why or None,
    }


def _planned_service(service: PlannedService) -> Document:
    return {
        "service_id": service.service_id,
        "cluster": service.key.cluster,
        "service_name": service.key.name,
        "images": list(service.images),
        "redeploy": service.action is Action.REDEPLOY,
        "action": service.action.value,
        "why": service.why,
        "ecs_deployment_id": service.ecs_deployment_id,
        "ecs_rollback": service.ecs_rollback.service_deployment_arn if service.ecs_rollback else None,
        "wave": service.wave,
    }


def _planned_task(task: PlannedTask) -> Document:
    return {
        "id": task.id,
        "kind": BEFORE,
        "action": task.action.value,
        "why": task.why,
        "task_definition": task.definition.arn,
        "container": task.container.name,
        "command": None if task.command is None else list(task.command),
        "cluster": task.launch.cluster,
        "images": list(task.images),
    }


def _planned_check(planned: PlannedCheck) -> Document:
    probe = planned.check.probe
    return {
        "id": planned.id,
        "kind": CHECKS,
        "action": "run",
        "why": "",
        "command": list(probe.arguments) if isinstance(probe, Program) else None,
        "url": planned.url or None,
        "advisory": planned.check.advisory,
    }


def verification_document(deployment: Deployment) -> Document:
    """The results of the checks that `verify` ran."""
    checks = [step for step in deployment.steps if step.kind == CHECKS]
    return {
        "verification": {
            "environment": deployment.environment,
            "release_id": deployment.release_id,
            "deployment_id": deployment.deployment_id,
            "passed": not deployment.failed_checks,
            "checks": [_step(step) for step in checks],
        }
    }


def proposal_document(project: Project, proposal: Proposal, text: str, written: str | None) -> Document:
    """The project that `init` found, the text of its file, and where that was written (null if it was not)."""
    environments = {
        environment.id: project.named_services(environment) for environment in project.environments
    }
    return {
        "init": {
            "project_id": project.id,
            "written": written,
            "project_file": text,
            "environments": list(environments),
            "images": [
                {"image_id": image.id, "repository": image.repository, "services": list(image.services)}
                for image in project.images
            ],
            "services": [
                {
                    "service_id": service_id,
                    "found_by": "name" if service_id in project.addresses else "tags",
                    "optional": service_id in project.optional_services,
                    "names": {
                        environment: str(named[service_id])
                        for environment, named in environments.items()
                        if service_id in named
                    },
                }
                for service_id in project.services
            ],
            "left_out": [{"name": item.name, "reason": item.why} for item in proposal.unplaced],
        }
    }


def github_document(deployment: Deployment, *, written: bool, problem: str) -> Document:
    """Whether a deployment was written to GitHub. `problem` is the first reason why not all of it was, or null."""
    return {
        "github": {
            "environment": deployment.environment,
            "deployment_id": deployment.deployment_id,
            "written": written,
            "problem": problem or None,
        }
    }


def destinations_document(tests: Sequence[DestinationTest]) -> Document:
    """The destinations of messages. `sent` is null if no test message was to be sent."""
    return {
        "destinations": [
            {
                "url_from": test.destination.url_from,
                "environments": list(test.destination.environments),
                "events": [event.value for event in test.destination.events],
                "sent": test.sent,
                "problem": test.problem or None,
            }
            for test in tests
        ]
    }


def checks_document(checks: Sequence[Check], options: Sequence[str] = ()) -> Document:
    """The checks of `doctor`. `remedy` is a command if there is one, else a sentence; null if there is nothing to do."""
    return {
        "checks": [
            {
                "id": check.id,
                "result": check.result.value,
                "found": check.found,
                "remedy": check.remedy(options) or None,
            }
            for check in checks
        ]
    }
