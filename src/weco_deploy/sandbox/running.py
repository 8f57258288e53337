"""Starts, finds, fills and stops sandboxes."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weco_deploy.errors import SandboxError, UsageError
from weco_deploy.model.project import Project
from weco_deploy.sandbox import emulator, images, provision, state, supervisor
from weco_deploy.sandbox.accounts import Place, caller_account, home
from weco_deploy.sandbox.directory import command
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.estate import USUAL, Estate
from weco_deploy.sandbox.http_calls import Connection
from weco_deploy.sandbox.images import GOOD
from weco_deploy.sandbox.provision import LATEST, new_commit
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.state import MadeService, MadeTask, Ports, PushTarget, State

STABLE_FOR = "0.5"
"""Seconds for which tasks must have been running. Less than in AWS, because the sandbox's ECS is faster."""
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
            "WECO_DEPLOY_STABLE_FOR": STABLE_FOR,
            **self.sample_project,
        }

    @property
    def sample_project(self) -> dict[str, str]:
        """The variables that name the sandbox's own sample project and its directory; none for another project."""
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

        `behaviour` is a text of `ecs/behaviour.py`. `commit` is random by default. `multi_arch` pushes an OCI index for
        two platforms. `project_id` is needed if several projects have an image with this id.

        Raises NotFound (no such image), UsageError (in several projects), SandboxError.
        """
        target = self.state.target(image_id, project_id)
        return self.push_to(target, behaviour, commit=commit, multi_arch=multi_arch)

    def push_to(
        self,
        target: PushTarget,
        behaviour: str = GOOD,
        *,
        commit: str | None = None,
        multi_arch: bool = False,
    ) -> PushedImage:
        """Like `push`, to a target of the sandbox's state. Raises SandboxError."""
        commit = commit or new_commit()
        build = images.build_multi_arch if multi_arch else images.build
        image = build(target.repository, commit, behaviour)
        ref = self.state.estate.version_tag(commit, target.refs)
        Registry(self.state.ports.emulator).push(target.place, target.repository, image, (ref, LATEST))
        return PushedImage(image_id=target.image_id, ref=ref, digest=image.digest)

    def call(self, place: Place, target: str, request: Json) -> Json:
        """Make a call to the simulated ECS; `target` is its X-Amz-Target. SandboxError if it is refused."""
        with Connection(self.state.ports.simulation) as connection:
            status, content = connection.call(place, target, request)
        answer: Json = json.loads(content)
        if status != 200:
            raise SandboxError(f"the sandbox refused: {answer['message']}")
        return answer

    def stop(self) -> None:
        """End the sandbox and everything in it. SandboxError if it does not end."""
        stop(self.directory)
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def project_file_changed(self) -> bool:
        """Whether the file that the projects came from has other content now. False if that is not known."""
        file, digest = self.state.project_file, self.state.project_file_digest
        now = state.digest_of(None if file is None else Path(file))
        return digest is not None and now is not None and now != digest

    def wait(self) -> None:
        """Wait until the sandbox has ended, if this process started it. SandboxError if MiniStack ended by itself."""
        if self._process is not None and self._process.wait() != 0:
            raise SandboxError(
                "MiniStack ended by itself, and the sandbox with it",
                f"its log is {self.directory / emulator.LOG_FILE}",
            )


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
    prepare(directory)
    if supervisor.running(directory):
        raise SandboxError(f"a sandbox is running or starting in {directory}", (command(directory, "stop"),))
    state.remove(directory)
    started = supervisor.launch(directory, port, home(projects[0], account), tied=tied)
    running_state = dataclasses.replace(planned, ports=started.ports)
    sandbox = Sandbox(directory=directory, state=running_state, _process=started.process)
    try:
        fill(sandbox)
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
    """The state of a sandbox with these projects; `account` is the caller's.

    Raises SandboxError (a role's ARN is not valid), UsageError (two services would have the same name).
    """
    services = [
        service for project in projects for service in provision.services_of_project(project, account, estate)
    ]
    _check_names(services)
    return State(
        ports=ports,
        account=account,
        region=projects[0].region_name,
        project_file=None if project_file is None else str(project_file),
        project_file_digest=state.digest_of(project_file),
        estate=estate,
        images=tuple(
            target
            for project in projects
            for target in provision.targets_of_project(project, account, estate)
        ),
        services=tuple(services),
        tasks=tuple(
            task for project in projects for task in provision.tasks_of_project(project, account, estate)
        ),
    )


def _check_names(services: Iterable[MadeService]) -> None:
    by_address: dict[object, MadeService] = {}
    for service in services:
        other = by_address.setdefault(service.address, service)
        if other is not service:
            both = " and ".join(
                f"{named.service_id} ({named.project_id}, {named.environment_id})"
                for named in (other, service)
            )
            raise UsageError(
                f"the services {both} would both be {service.cluster}/{service.name}",
                "--cluster-name or --service-name must tell them apart, with {project}, {environment}, {service}",
            )


def fill(sandbox: Sandbox) -> None:
    """Create all resources that its state names. Services run at once, or have failed where they have no image."""
    (sandbox.directory / _AWS_CONFIG).write_text(f"[default]\nregion = {sandbox.state.region}\n")
    create(sandbox, sandbox.state.images, sandbox.state.services, sandbox.state.tasks)


def create(
    sandbox: Sandbox,
    targets: Iterable[PushTarget],
    services: Iterable[MadeService],
    tasks: Iterable[MadeTask],
) -> None:
    """Create these repositories, each with an image, these services and task definitions. SandboxError if one is refused."""
    current = sandbox.state
    provision.push_first_images(targets, Registry(current.ports.emulator), current.estate)
    requests = [*provision.requests(services, current.estate), *provision.task_requests(tasks)]
    sandbox.call(Place(current.account, current.region), "Sandbox.Provision", {"requests": requests})


def load(directory: Path) -> Sandbox | None:
    """The sandbox that runs in the directory, None if none does. SandboxError if it is not ready."""
    if not supervisor.running(directory):
        return None
    known = state.read(directory)
    if known is None:
        raise SandboxError(
            f"the sandbox in {directory} is not ready yet, or its start was cut off",
            ("wait a moment, or end it: ", command(directory, "stop")),
        )
    return Sandbox(directory=directory, state=known)


def exists(directory: Path) -> bool:
    """Whether a sandbox runs in the directory, or is starting."""
    return supervisor.running(directory)


def stop(directory: Path) -> bool:
    """End the sandbox in the directory, even if it is still starting. False if there was none."""
    ended = supervisor.end(directory)
    state.remove(directory)
    return ended


def prepare(directory: Path) -> None:
    """Make the directory, which git ignores, unless it is there. SandboxError if it can't be used."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / ".gitignore").write_text("*\n")
    except OSError as error:
        # mkdir's own message for a file in the way is "File exists".
        reason = "it is a file" if isinstance(error, FileExistsError) else error.strerror
        raise SandboxError(
            f"the sandbox can't keep its state in {directory}: {reason}",
            "choose another directory with --dir",
        ) from error
