"""Starts, finds, fills and stops sandboxes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weco_deploy.errors import NotFound, SandboxError
from weco_deploy.model.project import Project
from weco_deploy.model.tags import commit_tag
from weco_deploy.sandbox import emulator, images, provision, state, supervisor
from weco_deploy.sandbox.accounts import Place, caller_account, home
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.http_calls import call
from weco_deploy.sandbox.images import GOOD
from weco_deploy.sandbox.provision import LATEST, USUAL, Estate, new_commit
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.state import Ports, PushTarget, State

_AWS_CONFIG = "aws-config"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedImage:
    """`ref` is the tag that names the commit, `digest` the digest of the manifest or index."""

    image_id: str
    ref: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox, started by this process or another."""

    directory: Path
    state: State
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """The URL of AWS in the sandbox, for the services that it does not simulate itself."""
        return self.state.endpoint

    def environment(self) -> dict[str, str]:
        """Variables that make AWS's tools and this tool use the sandbox, without the caller's AWS settings.

        They name the project file if it is the sandbox's own sample, which no command would find.
        """
        config = str(self.directory.absolute() / _AWS_CONFIG)
        return {
            **self.state.endpoints,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_ACCESS_KEY_ID": self.state.account,
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_SESSION_TOKEN": "",
            "AWS_DEFAULT_REGION": self.state.region,
            "AWS_REGION": self.state.region,
            "AWS_PROFILE": "default",
            "AWS_CONFIG_FILE": config,
            "AWS_SHARED_CREDENTIALS_FILE": config,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            **self._sample_project(),
        }

    def _sample_project(self) -> dict[str, str]:
        file = self.state.project_file
        if file is None or Path(file).parent.absolute() != self.directory.absolute():
            return {}
        return {
            "WECO_DEPLOY_PROJECT_FILE": str(Path(file).absolute()),
            "WECO_DEPLOY_DIR": str(self.directory.absolute()),
        }

    def push(
        self,
        image_id: str,
        behaviour: str = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
        project_id: str | None = None,
    ) -> PushedImage:
        """Push a new image as a build pipeline does: tagged with its commit, and with the tag `latest` moved to it.

        `behaviour` is a text of `ecs/behaviour.py`. `commit` is random by default. `multi_arch` pushes an OCI index for two platforms. `project_id` is
        needed if several projects have an image with this id.

        Raises NotFound (no such image), SandboxError.
        """
        target = self.target(image_id, project_id)
        return self.push_to(target, behaviour, commit=commit, multi_arch=multi_arch)

    def push_to(
        self,
        target: PushTarget,
        behaviour: str = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
    ) -> PushedImage:
        """Like `push`, but with a target from `target` or `targets`. Raises SandboxError."""
        commit = commit or new_commit()
        build = images.build_multi_arch if multi_arch else images.build
        image = build(target.repository, commit, behaviour)
        ref = commit if self.state.bare_commits else commit_tag(commit)
        place = Place(target.account, target.region)
        Registry(self.state.ports.emulator).push(place, target.repository, image, (ref, LATEST))
        return PushedImage(image_id=target.image_id, ref=ref, digest=image.digest)

    def call(self, place: Place, operation: str, request: Json) -> None:
        """Make one of the sandbox's own calls to the simulated ECS. SandboxError if it is refused."""
        status, answer = call(self.state.ports.simulation, place, f"Sandbox.{operation}", request)
        if status != 200:
            raise SandboxError(f"the sandbox refused: {json.loads(answer)['message']}")

    def stop(self) -> None:
        """End the sandbox and everything in it. SandboxError if it does not end."""
        stop(self.directory)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self) -> None:
        """Wait until the sandbox has ended, if this process started it. SandboxError if MiniStack ended by itself."""
        if self._process is not None and self._process.wait() != 0:
            raise SandboxError(
                "MiniStack ended by itself, and the sandbox with it",
                f"its log is {self.directory / emulator.LOG_FILE}",
            )

    def targets(self, project_id: str | None = None) -> tuple[PushTarget, ...]:
        """The repositories of all projects or of one project, without duplicates. Raises NotFound (no such project)."""
        known = self._images_of(project_id)
        if not known:
            ids = ", ".join(dict.fromkeys(image.project_id for image in self.state.images))
            raise NotFound(
                f"the sandbox has no images of a project {project_id!r}", f"its projects: {ids or 'none'}"
            )
        return tuple({(image.account, image.region, image.repository): image for image in known}.values())

    def target(self, image_id: str, project_id: str | None = None) -> PushTarget:
        """The repository of an image. Raises NotFound (no such image), SandboxError (in several projects)."""
        known = self._images_of(project_id)
        found = [image for image in known if image.image_id == image_id]
        if not found:
            ids = ", ".join(dict.fromkeys(image.image_id for image in known))
            raise NotFound(f"the sandbox has no image {image_id!r}", f"its images: {ids or 'none'}")
        if len({(image.account, image.region, image.repository) for image in found}) > 1:
            ids = ", ".join(image.project_id for image in found)
            raise SandboxError(
                f"several projects have an image {image_id!r}", f"add --project-id, one of {ids}"
            )
        return found[0]

    def _images_of(self, project_id: str | None) -> list[PushTarget]:
        """The images of a project, or of all projects if None."""
        return [image for image in self.state.images if project_id is None or image.project_id == project_id]


def start(
    projects: Sequence[Project],
    directory: Path,
    *,
    port: int | None = None,
    tied: bool = True,
    estate: Estate = USUAL,
    project_file: Path | None = None,
) -> Sandbox:
    """Start a sandbox, create all resources of the projects in it, and wait until their services run.

    Creates `directory` if needed. MiniStack will be on `port` of 127.0.0.1, or on any free port if None. A `tied`
    sandbox ends when this process ends, however that happens. `project_file` is the file that the projects come
    from, for later commands. Images that a Docker Engine pushes go to the first project's account, because such
    requests name no account.

    Raises SandboxError: a sandbox runs there already, the extra is not installed, the port is taken, ….
    """
    account = caller_account(projects)
    # Made before the start, so that an invalid project is an error before there is anything to clean up.
    planned = new_state(projects, Ports(emulator=0, simulation=0), account, estate, project_file)
    _prepare(directory)
    if supervisor.running(directory):
        raise SandboxError(f"a sandbox is running or starting in {directory}", "weco-deploy sandbox stop")
    state.remove(directory)
    started = supervisor.launch(directory, port, home(projects[0], account), tied=tied)
    running_state = dataclasses.replace(planned, ports=started.ports)
    sandbox = Sandbox(directory=directory, state=running_state, _process=started.process)
    try:
        fill(sandbox, projects, estate)
        state.write(directory, running_state)
    except BaseException:
        sandbox.stop()
        raise
    return sandbox


def new_state(
    projects: Sequence[Project],
    ports: Ports,
    account: str,
    estate: Estate = USUAL,
    project_file: Path | None = None,
) -> State:
    """The state of a sandbox with these projects; `account` is the caller's."""
    return State(
        ports=ports,
        account=account,
        region=projects[0].region_name,
        project_file=None if project_file is None else str(project_file),
        bare_commits=estate.bare_commits,
        images=tuple(target for project in projects for target in _targets(project, account)),
        services=tuple(
            service
            for project in projects
            for service in provision.services_of_project(project, account, estate)
        ),
    )


def fill(sandbox: Sandbox, projects: Sequence[Project], estate: Estate = USUAL) -> None:
    """Create all resources of the projects. Their services run at once, or have failed where they have no image."""
    (sandbox.directory / _AWS_CONFIG).write_text(f"[default]\nregion = {sandbox.state.region}\n")
    account, registry = sandbox.state.account, Registry(sandbox.state.ports.emulator)
    requests: list[Json] = []
    for project in projects:
        provision.push_first_images(project, registry, account, estate)
        services = (service for service in sandbox.state.services if service.project_id == project.id)
        requests += provision.requests(project, services, account, estate)
    sandbox.call(Place(account, sandbox.state.region), "Provision", {"requests": requests})


def load(directory: Path) -> Sandbox | None:
    """The sandbox that runs in the directory, None if none does. SandboxError if it is not ready."""
    if not supervisor.running(directory):
        return None
    known = state.read(directory)
    if known is None:
        raise SandboxError(
            f"the sandbox in {directory} is not ready yet, or its start was cut off",
            "wait a moment, or end it: weco-deploy sandbox stop",
        )
    return Sandbox(directory=directory, state=known)


def stop(directory: Path) -> bool:
    """End the sandbox in the directory, even if it is still starting. False if there was none."""
    ended = supervisor.end(directory)
    state.remove(directory)
    return ended


def _prepare(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".gitignore").write_text("*\n")


def _targets(project: Project, account: str) -> list[PushTarget]:
    place: Place = home(project, account)
    return [
        PushTarget(
            project_id=project.id,
            image_id=image.id,
            account=place.account,
            region=place.region,
            repository=image.repository,
        )
        for image in project.images
    ]
