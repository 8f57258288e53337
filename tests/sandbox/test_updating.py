"""A project file that changes while a sandbox runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.local_aws import LocalAws
from tests.sandbox.projects import project
from tests.sandbox.rollouts import eventually
from tests.sandboxes import place_of
from weco_deploy.errors import NotFound, SandboxError, UsageError
from weco_deploy.model.project import Project
from weco_deploy.sandbox import commands, running
from weco_deploy.sandbox.estate import Estate
from weco_deploy.sandbox.running import Sandbox

pytestmark = pytest.mark.sandbox

BEFORE = project(("web", ("web-api",)), ("old", ("old-api",)), ("both", ("web-api",)))
AFTER = project(
    ("web", ("web-api",)),
    ("new", ("new-api",)),
    ("both", ("web-api", "both-api")),
    environments=("stage", "prod"),
)


class Started:
    """A sandbox that was started with BEFORE, and the lines of the latest start."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / commands.DIRECTORY
        self.file = directory / commands.PROJECT_FILE
        self.file.write_text("before")
        self.lines: list[str] = []
        self.start(BEFORE, detach=True)

    def start(self, wanted: Project, **options: object) -> None:
        self.lines.clear()
        commands.start([wanted], self.directory, self.lines.append, project_file=self.file, **options)  # type: ignore[arg-type] # of any option

    @property
    def sandbox(self) -> Sandbox:
        found = running.load(self.directory)
        assert found is not None
        return found

    def running_count(self, cluster: str, service: str) -> int:
        ecs = LocalAws.of(self.sandbox).ecs(place_of(self.sandbox))
        found = ecs.describe_services(cluster=cluster, services=[service])["services"]
        return found[0]["runningCount"] if found else -1

    def tags(self, image_id: str) -> set[str]:
        ecr = LocalAws.of(self.sandbox).ecr(place_of(self.sandbox))
        details = ecr.describe_images(repositoryName=f"uk.ac.wellcome/{image_id}")["imageDetails"]
        return {tag for image in details for tag in image.get("imageTags", ())}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    yield Started(tmp_path)
    running.stop(tmp_path / commands.DIRECTORY)


def test_start_adds_what_is_new_in_the_project_file(started: Started) -> None:
    started.start(AFTER)

    text = "\n".join(started.lines)
    for added in (
        "image new: the repository uk.ac.wellcome/new",
        "image web: the tag env.prod, at its latest image",
        "service new-api in stage: shop-stage/new-api",
        "service web-api in prod: shop-prod/web-api",
        "service both-api in prod: shop-prod/both-api",
        "service old-api in stage: the file does not name it any more",
    ):
        assert added in text
    names = [
        (cluster, service)
        for cluster in ("shop-stage", "shop-prod")
        for service in ("web-api", "new-api", "both-api")
    ]
    eventually(lambda: {started.running_count(*name) for name in names} == {1})
    assert started.tags("web") > {"latest", "env.stage", "env.prod"}
    assert started.sandbox.push("new").ref.startswith("ref.")
    assert started.sandbox.push("old").ref.startswith("ref.")

    started.start(AFTER)
    assert "It now has" not in "\n".join(started.lines)


def test_service_with_other_images_stays_as_it_was(started: Started) -> None:
    started.start(project(("web", ("web-api",)), ("old", ("old-api",)), ("both", ())))

    assert "  service web-api in stage: the file gives it other images now" in started.lines
    option = f"--dir {started.directory}"
    assert started.lines[-1].endswith(
        f"weco-deploy sandbox stop {option}, then weco-deploy sandbox start {option}"
    )


def test_dry_run_adds_nothing(started: Started) -> None:
    before = started.sandbox.state

    started.start(AFTER, dry_run=True)

    assert started.lines[1] == "It would get what is new in the project file:"
    assert started.sandbox.state == before
    assert started.running_count("shop-stage", "new-api") == -1


def test_new_services_have_the_names_that_the_sandbox_was_started_with(tmp_path: Path) -> None:
    directory, file = tmp_path / commands.DIRECTORY, tmp_path / commands.PROJECT_FILE
    estate = Estate(tagged=False, service_name="our-{service}", bare_commits=True)
    try:
        commands.start([BEFORE], directory, _ignore, project_file=file, detach=True, estate=estate)
        commands.start([AFTER], directory, _ignore, project_file=file)
        with pytest.raises(UsageError, match="keeps the names and tags that it was started with"):
            commands.start(
                [AFTER], directory, _ignore, project_file=file, estate=replace(estate, tagged=True)
            )

        sandbox = running.load(directory)
        assert sandbox is not None
        assert sandbox.state.service("new-api", "prod").name == "our-new-api"
        assert len(sandbox.push("new").ref) == 40
    finally:
        running.stop(directory)


def test_changed_project_file_is_noticed(started: Started) -> None:
    assert not started.sandbox.project_file_changed()
    started.file.write_text("after")
    assert started.sandbox.project_file_changed()
    started.start(AFTER)
    assert not started.sandbox.project_file_changed()
    started.file.unlink()
    assert not started.sandbox.project_file_changed()


def test_project_of_another_account_needs_another_sandbox(started: Started) -> None:
    with pytest.raises(SandboxError, match="the project file now names 999988887777"):
        started.start(replace(AFTER, account_id="999988887777"))
    with pytest.raises(NotFound):
        started.sandbox.state.target("new")


def _ignore(_: str) -> None:
    """Drop a line."""
