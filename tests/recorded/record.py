"""Records ECS's answers during rollouts, in `tests/recorded/answers/`.

    python -m tests.recorded.record [SCENARIO …]

Run it by hand, from the repository's root, with the extra `sandbox` installed. Each scenario gets its own local AWS, and
its file is overwritten. There are two polls a second, each of everything that the tool could read of the service. A poll
with the same answer as the previous poll is counted instead of written again.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal, cast

from tests.recorded.scenarios import SCENARIOS, Scenario
from tests.sandbox.projects import WEB
from tests.sandbox.rollouts import CLUSTER, ENV_TAG, REPOSITORY, SERVICE, Rollouts, eventually
from tests.sandboxes import place_of
from weco_deploy.sandbox.behaviour import parse
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.running import PushedImage, Sandbox, start

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import (
        DeploymentCircuitBreakerTypeDef,
        DeploymentConfigurationTypeDef,
        ServiceTypeDef,
        TaskTypeDef,
    )

ANSWERS = Path(__file__).parent / "answers"
DESIRED = 2
INTERVAL = 0.5
AT_MOST = 60
"""The number of polls of a rollout that does not end."""
AFTERWARDS = 3
"""The number of polls after the end of a rollout."""

Poll = dict[str, dict[str, object]]


class Recorder:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._rollouts = Rollouts(sandbox)
        self._ecs: ECSClient = LocalAws(sandbox.endpoint).ecs(place_of(sandbox))

    def record(self, scenario: Scenario) -> dict[str, object]:
        self._set_up(scenario)
        pushed = self._sandbox.push("web", parse(scenario.behaviour), multi_arch=scenario.multi_arch)
        if scenario.already:
            self._rollouts.begin(pushed)
        self._wait_until_it_rests()
        before = self._rollouts.service()["deployments"][0]["id"]
        ours = self._rollouts.begin(pushed)
        return {
            "image": f"{REPOSITORY}:{ENV_TAG}",
            "digests": self._accepted(pushed),
            "deployment_id": ours,
            "previous_id": before,
            "polls": self._polls(scenario, ours),
        }

    def _set_up(self, scenario: Scenario) -> None:
        breaker: DeploymentCircuitBreakerTypeDef = {
            "enable": scenario.breaker,
            "rollback": scenario.rolls_back,
        }
        configuration: DeploymentConfigurationTypeDef = {"deploymentCircuitBreaker": breaker}
        self._ecs.update_service(
            cluster=CLUSTER,
            service=SERVICE,
            desiredCount=DESIRED,
            deploymentConfiguration=configuration,
        )

    def _wait_until_it_rests(self) -> None:
        eventually(lambda: _at_rest(self._rollouts.service()) and len(self._rollouts.tasks()) == DESIRED)
        Event().wait(
            1.1
        )  # the emulator's times are whole seconds: these tasks must be from an earlier second

    def _accepted(self, pushed: PushedImage) -> list[str]:
        """The image's digest and, for an index, those of its children."""
        parts = json.loads(self._rollouts.manifest_of(pushed.digest)).get("manifests", ())
        return [pushed.digest, *(part["digest"] for part in parts)]

    def _polls(self, scenario: Scenario, ours: str) -> list[object]:
        polls: list[dict[str, object]] = []
        last: Poll | None = None
        left = AFTERWARDS if scenario.ending == "at rest" else 0
        happened = scenario.meanwhile == "nothing"
        for _ in range(AT_MOST):
            poll = self._poll()
            if poll == last:
                polls[-1]["times"] = cast("int", polls[-1]["times"]) + 1
            else:
                polls.append({"times": 1, **poll})
            last = poll
            if not happened:
                happened = self._meanwhile(scenario, ours)
            elif self._ended(scenario, ours):
                if left == 0:
                    return list(polls)
                left -= 1
            Event().wait(INTERVAL)
        raise SystemExit(f"it did not come to its end in {AT_MOST} polls")

    def _poll(self) -> Poll:
        described = self._ecs.describe_services(cluster=CLUSTER, services=[SERVICE], include=["TAGS"])
        return {
            "describe_services": _plain(described),
            "running": self._tasks("RUNNING"),
            "stopped": self._tasks("STOPPED"),
        }

    def _tasks(self, status: Literal["RUNNING", "STOPPED"]) -> dict[str, object]:
        listed = self._ecs.list_tasks(cluster=CLUSTER, serviceName=SERVICE, desiredStatus=status)
        arns = listed["taskArns"]
        described = _plain(self._ecs.describe_tasks(cluster=CLUSTER, tasks=arns)) if arns else {}
        return {"list_tasks": _plain(listed), "describe_tasks": described}

    def _meanwhile(self, scenario: Scenario, ours: str) -> bool:
        """Whether the scenario's event has happened now."""
        if not any(self._is_of(task, ours) for task in self._rollouts.tasks()):
            return False
        if scenario.meanwhile == "somebody else redeploys":
            self._ecs.update_service(cluster=CLUSTER, service=SERVICE, forceNewDeployment=True)
        else:
            self._ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=0)
        return True

    def _ended(self, scenario: Scenario, ours: str) -> bool:
        if scenario.ending == "at rest":
            return _at_rest(self._rollouts.service())
        return sum(self._is_of(task, ours) for task in self._rollouts.failed_tasks()) >= 5

    def _is_of(self, task: TaskTypeDef, deployment_id: str) -> bool:
        begun = self._rollouts.deployment(deployment_id)["createdAt"]
        return task["createdAt"] >= begun.replace(microsecond=0)


def _at_rest(service: ServiceTypeDef) -> bool:
    primary = next(deployment for deployment in service["deployments"] if deployment["status"] == "PRIMARY")
    others = [deployment for deployment in service["deployments"] if deployment is not primary]
    return (
        primary["rolloutState"] != "IN_PROGRESS"
        and not any(deployment["runningCount"] or deployment["pendingCount"] for deployment in others)
        and service["pendingCount"] == 0
        and (service["runningCount"] == service["desiredCount"] or primary["rolloutState"] == "FAILED")
    )


def _plain(answer: object) -> dict[str, object]:
    """The answer as JSON, without the metadata of the call."""
    plain: dict[str, object] = json.loads(json.dumps(answer, default=_iso))
    plain.pop("ResponseMetadata", None)
    return plain


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is not known to JSON")


def _one_poll_a_line(recorded: Mapping[str, object]) -> str:
    polls = cast("list[object]", recorded["polls"])
    head = json.dumps({**recorded, "polls": []}, indent=1).removesuffix("]\n}")
    lines = ",\n".join(json.dumps(poll, separators=(",", ":")) for poll in polls)
    return f"{head}\n{lines}\n]}}\n"


def main(names: Sequence[str], scenarios: Mapping[str, Scenario] = SCENARIOS) -> None:
    for name in names or scenarios:
        with tempfile.TemporaryDirectory() as directory:
            sandbox = start([WEB], Path(directory))
            try:
                recorded = Recorder(sandbox).record(scenarios[name])
            finally:
                sandbox.stop()
        file = ANSWERS / f"{name}.json"
        file.write_text(_one_poll_a_line(recorded))
        sys.stdout.write(
            f"{name}: {len(cast('list[object]', recorded['polls']))} polls, {file.stat().st_size} bytes\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
