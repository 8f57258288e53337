"""A team with a project in a sandbox, which runs commands, pushes images, and reads AWS's state.

AWS's state is read from the emulator, never through the tool.
"""

from __future__ import annotations

import pytest

from tests.cli.desk import Ran
from tests.commands.observed import Aws
from weco_deploy.cli.main import run
from weco_deploy.model.project import Project
from weco_deploy.sandbox import images
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.running import PushedImage, Sandbox

SOON = ("--confirmation-interval", "0.3")
"""Flags for a sandbox, whose images start at once."""


class Team:
    def __init__(
        self,
        project: Project,
        sandbox: Sandbox,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.project = project
        self.sandbox = sandbox
        self.aws = Aws(project, sandbox)
        self._capsys = capsys
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Ran:
        """Run the whole command line in this process."""
        code = run(arguments)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def json(self, *arguments: str) -> Ran:
        return self.run("--output", "json", "--confirm", *arguments)

    def release_deploy(self, *arguments: str, to: str = "stage") -> Ran:
        """Run `release-deploy` as pipelines do, with JSON output."""
        return self.json(
            "release-deploy", "--from-label", "latest", "--environment-id", to, *SOON, *arguments
        )

    def push(self, image_id: str, behaviour: str = "good") -> PushedImage:
        return self.sandbox.push(image_id, behaviour)

    def push_without_commit(self, image_id: str) -> None:
        """Push a new image with only the tag `latest`."""
        target = self.sandbox.state.target(image_id)
        image = images.build(target.repository, "unknown")
        place = Place(target.account, target.region)
        Registry(self.sandbox.state.ports.emulator).push(place, target.repository, image, ("latest",))

    def push_all(self) -> dict[str, str]:
        """Push a new version of every image, and return the digests by image id."""
        return {image.id: self.push(image.id).digest for image in self.project.images}
