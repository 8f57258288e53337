from __future__ import annotations

from pathlib import Path

import pytest

from tests.local_aws import LocalAws
from tests.sandboxes import Provisioned, place_of
from weco_deploy import config
from weco_deploy.sandbox.accounts import services_of
from weco_deploy.sandbox.estate import USUAL

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
            clusters = ecs.describe_clusters(clusters=[USUAL.cluster(project, environment)])["clusters"]
            assert [cluster["activeServicesCount"] for cluster in clusters] == [len(project.services)]
            assert [cluster["runningTasksCount"] for cluster in clusters] == [len(project.services)]
