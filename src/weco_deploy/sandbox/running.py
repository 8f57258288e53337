"""Starts, finds, fills and stops sandboxes."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weco_deploy.errors import NotFound, SandboxError
from weco_deploy.model.project import Project
from weco_deploy.model.tags import commit_tag
from weco_deploy.sandbox import emulator, images, state, supervisor
from weco_deploy.sandbox.accounts import Place, caller_account, home
from weco_deploy.sandbox.behaviour import GOOD, Behaviour
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import LATEST, CreatedServices, new_commit, provision
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.state import PushTarget, State
from weco_deploy.sandbox.steadiness import wait_until_steady

_AWS_CONFIG = "aws-config"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedImage:
    """`ref` is the tag `ref.<commit>`, `digest` the digest of the manifest or index."""

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
        """The URL of AWS in the sandbox."""
        return self.state.endpoint

    def environment(self) -> dict[str, str]:
        """Variables that make AWS's tools and this tool use the sandbox, without the caller's AWS settings.

        They name the project file if it is the sandbox's own sample, which no command would find.
        """
        config = str(self.directory.absolute() / _AWS_CONFIG)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
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
        behaviour: Behaviour = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
        project_id: str | None = None,
    ) -> PushedImage:
        """Push a new image as a build pipeline does: tagged `ref.<commit>`, and with the tag `latest` moved to it.

        `commit` is random by default. `multi_arch` pushes an OCI index for two platforms. `project_id` is
        needed if several projects have an image with this id.

        Raises NotFound (no such image), SandboxError.
        """
        target = self.target(image_id, project_id)
        return self.push_to(target, behaviour, commit=commit, multi_arch=multi_arch)

    def push_to(
        self,
        target: PushTarget,
        behaviour: Behaviour = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
    ) -> PushedImage:
        """Like `push`, but with a target from `target` or `targets`. Raises SandboxError."""
        commit = commit or new_commit()
        build = images.build_multi_arch if multi_arch else images.build
        image, ref = build(target.repository, commit, behaviour), commit_tag(commit)
        place = Place(target.account, target.region)
        Registry(self.state.port).push(place, target.repository, image, (ref, LATEST))
        return PushedImage(image_id=target.image_id, ref=ref, digest=image.digest)

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
    env_tags: bool = True,
    project_file: Path | None = None,
) -> Sandbox:
    """Start a sandbox, create all resources of the projects in it, and wait until it is steady.

    Creates `directory` if needed. AWS will be on `port` of 127.0.0.1, or on any free port if None. A `tied`
    sandbox ends when this process ends, however that happens. For `env_tags` see `provision.provision`.
    `project_file` is the file that the projects come from, for later commands. Images that a Docker Engine
    pushes go to the first project's account, because such requests name no account.

    Raises SandboxError: a sandbox runs there already, the extra is not installed, the port is taken, ….
    """
    account = caller_account(projects)
    # Made before the start, so that an invalid project is an error before there is anything to clean up.
    planned = new_state(projects, 0, account, project_file)
    _prepare(directory)
    if supervisor.running(directory):
        raise SandboxError(f"a sandbox is running or starting in {directory}", "weco-deploy sandbox stop")
    state.remove(directory)
    started = supervisor.launch(directory, port, home(projects[0], account), tied=tied)
    running_state = dataclasses.replace(planned, port=started.port)
    sandbox = Sandbox(directory=directory, state=running_state, _process=started.process)
    try:
        fill(sandbox, projects, env_tags=env_tags)
        state.write(directory, running_state)
    except BaseException:
        sandbox.stop()
        raise
    return sandbox


def new_state(projects: Sequence[Project], port: int, account: str, project_file: Path | None) -> State:
    """The state of a sandbox on `port` with these projects; `account` is the caller's."""
    return State(
        port=port,
        account=account,
        region=projects[0].region_name,
        project_file=None if project_file is None else str(project_file),
        images=tuple(target for project in projects for target in _targets(project, account)),
    )


def fill(sandbox: Sandbox, projects: Sequence[Project], *, env_tags: bool) -> tuple[CreatedServices, ...]:
    """Create all resources of the projects and wait until the services are steady; returns the services."""
    (sandbox.directory / _AWS_CONFIG).write_text(f"[default]\nregion = {sandbox.state.region}\n")
    aws, registry = LocalAws(sandbox.endpoint), Registry(sandbox.state.port)
    made = tuple(
        services
        for project in projects
        for services in provision(project, aws, registry, sandbox.state.account, env_tags=env_tags)
    )
    wait_until_steady(aws, made, may_fail=not env_tags)
    return made


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
