from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local_aws import LocalAws
from tests.sandbox.rollouts import eventually
from tests.sandboxes import Provisioned, place_of
from weco_deploy import config
from weco_deploy.sandbox.accounts import services_of
from weco_deploy.sandbox.estate import USUAL

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

FILES = sorted((Path(__file__).parents[3] / "shared" / "projects").glob("*.yml"))


@pytest.mark.skipif(not FILES, reason="the real project files are not next to this repository")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_services_of_a_real_project_file_run(file: Path, provisioned: Provisioned) -> None:
    projects = config.load(file).projects.values()
    sandbox = provisioned(*projects)
    caller = place_of(sandbox).account
    for project in projects:
        for environment in project.environments:
            ecs = LocalAws.of(sandbox).ecs(services_of(project, environment, caller))
            name = USUAL.cluster(project, environment)
            (cluster,) = ecs.describe_clusters(clusters=[name])["clusters"]
            assert cluster["activeServicesCount"] == len(project.services)
            eventually(partial(runs_so_many_tasks, ecs, name, len(project.services)))


def runs_so_many_tasks(ecs: ECSClient, cluster: str, tasks: int) -> bool:
    (found,) = ecs.describe_clusters(clusters=[cluster])["clusters"]
    return found["runningTasksCount"] == tasks
