"""Converts the runs of a step in an environment to their item in the table, and back.

    release_id "step#<environment>#<step id>"
    runs [{key, token, deployment_id, status, begun, cluster, definition, task}], the newest last

The item is in no index, because it has no `project_id`.
"""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.aws.records.attributes import Fields, Item, enum_field, stored_time, without_nones
from weco_deploy.model.steps import StepRun, StepStatus


def step_key(environment_id: str, step_id: str) -> str:
    return f"step#{environment_id}#{step_id}"


def step_runs_item(environment_id: str, step_id: str, runs: Sequence[StepRun]) -> Item:
    return {"release_id": step_key(environment_id, step_id), "runs": [_run_item(run) for run in runs]}


def _run_item(run: StepRun) -> Item:
    return without_nones(
        {
            "key": run.key,
            "token": run.token,
            "deployment_id": run.deployment_id,
            "status": run.status.value,
            "begun": stored_time(run.begun),
            "cluster": run.cluster,
            "definition": run.definition,
            "task": run.task,
        }
    )


def read_step_runs(item: Item) -> tuple[StepRun, ...]:
    return tuple(_read_run(row) for row in Fields(item, str(item.get("release_id"))).rows("runs"))


def _read_run(row: Fields) -> StepRun:
    return StepRun(
        key=row.text("key"),
        token=row.text("token"),
        deployment_id=row.text("deployment_id"),
        status=enum_field(row, "status", StepStatus),
        begun=row.time("begun"),
        cluster=row.text("cluster"),
        definition=row.text("definition"),
        task=row.optional_text("task"),
    )
