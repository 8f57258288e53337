"""A sandbox, from its start to its end."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weco_deploy.errors import NotFound, SandboxError
from weco_deploy.model.project import Project
from weco_deploy.sandbox import emulator, images, state, supervisor
from weco_deploy.sandbox.accounts import Place, caller_account, home
from weco_deploy.sandbox.behaviour import GOOD, Behaviour
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import LATEST, MadeServices, new_commit, provision
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.state import PushedTo, State
from weco_deploy.sandbox.steadiness import wait_until_steady

_AWS_CONFIG = "aws-config"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedImage:
    """`ref` is the tag `ref.<commit>`, `digest` that of the manifest or index."""

    image_id: str
    ref: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox, this process's own or somebody else's."""

    directory: Path
    state: State
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """The URL at which AWS is."""
        return self.state.endpoint

    def environment(self) -> dict[str, str]:
        """The variables that make AWS's tools, and this one, use the sandbox and nothing of the caller's.

        With a project file of the sandbox's own, which no command would find, this tool is told where it is.
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
            **self._own_project(),
        }

    def _own_project(self) -> dict[str, str]:
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
        """Push a new image as a build pipeline does: tagged `ref.<commit>`, and `latest` moved to it.

        `commit` is what it is built from, a new one by default; `multi_arch` pushes an OCI index over two
        platforms; `project_id` says whose image, if several projects have one of that id.

        Raises NotFound (no such image), SandboxError.
        """
        target = self.target(image_id, project_id)
        return self.push_to(target, behaviour, commit=commit, multi_arch=multi_arch)

    def push_to(
        self,
        target: PushedTo,
        behaviour: Behaviour = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
    ) -> PushedImage:
        """As `push`, to a repository that was looked up before. Raises SandboxError."""
        commit = commit or new_commit()
        build = images.build_multi_arch if multi_arch else images.build
        image, ref = build(target.repository, commit, behaviour), f"ref.{commit}"
        place = Place(target.account, target.region)
        Registry(self.state.port).push(place, target.repository, image, (ref, LATEST))
        return PushedImage(image_id=target.image_id, ref=ref, digest=image.digest)

    def stop(self) -> None:
        """End it, and everything in it. SandboxError if it does not end."""
        stop(self.directory)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended, if this process started it. SandboxError if nobody told it to."""
        if self._process is not None and self._process.wait() != 0:
            raise SandboxError(
                "MiniStack ended by itself, and the sandbox with it",
                f"its log is {self.directory / emulator.LOG_FILE}",
            )

    def targets(self, project_id: str | None = None) -> tuple[PushedTo, ...]:
        """Where the images of all projects go, or of one, each repository once. Raises NotFound (no such project)."""
        known = [i for i in self.state.images if project_id is None or i.project_id == project_id]
        if not known:
            ids = ", ".join(dict.fromkeys(image.project_id for image in self.state.images))
            raise NotFound(
                f"the sandbox has no images of a project {project_id!r}", f"its projects: {ids or 'none'}"
            )
        return tuple({(image.account, image.region, image.repository): image for image in known}.values())

    def target(self, image_id: str, project_id: str | None = None) -> PushedTo:
        """Where the images of that id go. Raises NotFound (no such image), SandboxError (of which project?)."""
        known = [i for i in self.state.images if project_id is None or i.project_id == project_id]
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


def start(
    projects: Sequence[Project],
    directory: Path,
    *,
    port: int | None = None,
    tied: bool = True,
    env_tags: bool = True,
    project_file: Path | None = None,
) -> Sandbox:
    """Start a sandbox in a directory that has none, with all that the projects speak of, all of it steady.

    The directory, for its state, is made if it does not exist. AWS will be on `port` of 127.0.0.1, on any free
    one if None. A `tied` sandbox ends when this process ends, however that happens. `env_tags` as in
    `provision.provision`. `project_file` is what the projects were read from, for later commands. What a Docker
    Engine pushes, which says nothing of accounts, goes to the first project's.

    Raises SandboxError: one runs there already, the extra is not installed, the port is taken, ….
    """
    account = caller_account(projects)
    unstarted = described(projects, 0, account, project_file)  # a project that makes no sense is an error now
    _prepare(directory)
    if supervisor.running(directory):
        raise SandboxError(f"a sandbox is running or starting in {directory}", "weco-deploy sandbox stop")
    state.forget(directory)
    started = supervisor.launch(directory, port, home(projects[0], account), tied=tied)
    now = dataclasses.replace(unstarted, port=started.port)
    sandbox = Sandbox(directory=directory, state=now, _process=started.process)
    try:
        fill(sandbox, projects, env_tags=env_tags)
        state.write(directory, now)
    except BaseException:
        sandbox.stop()
        raise
    return sandbox


def described(projects: Sequence[Project], port: int, account: str, project_file: Path | None) -> State:
    """What is to be remembered of a sandbox on `port` that holds these projects; `account` is the caller's."""
    return State(
        port=port,
        account=account,
        region=projects[0].region_name,
        project_file=None if project_file is None else str(project_file),
        images=tuple(target for project in projects for target in _targets(project, account)),
    )


def fill(sandbox: Sandbox, projects: Sequence[Project], *, env_tags: bool) -> tuple[MadeServices, ...]:
    """Make all that the projects speak of, and wait until it is steady; answers the services."""
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
    """The sandbox that runs in the directory; None if none does. SandboxError if it is not ready."""
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
    """End the sandbox of the directory, also one that is half started; False if there was none."""
    ended = supervisor.end(directory)
    state.forget(directory)
    return ended


def _prepare(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".gitignore").write_text("*\n")


def _targets(project: Project, account: str) -> list[PushedTo]:
    place: Place = home(project, account)
    return [
        PushedTo(
            project_id=project.id,
            image_id=image.id,
            account=place.account,
            region=place.region,
            repository=image.repository,
        )
        for image in project.images
    ]
