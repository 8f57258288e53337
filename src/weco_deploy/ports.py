"""The doors to the outside, as the pipeline and the operations know them.

Each method is one AWS call, or one listing with its pages; the pipeline decides how many go side by
side. `aws/` implements them for AWS, the tests' in-memory world for thousands of made-up histories.
Every method may raise `AwsError`; what else one raises stands with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.image import ImageView, Manifest, Repository, TaggedImage
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.publication import (
    Head,
    LayerState,
    LayoutImage,
    LocalImage,
    Part,
    RegistryLogin,
    Upload,
)
from weco_deploy.model.release import Release
from weco_deploy.model.service import (
    DefinedContainer,
    FoundService,
    ResolvedImage,
    Service,
    ServiceKey,
    Task,
    TaskPage,
)

SERVICES_A_CALL = 10
"""DescribeServices takes ten services of one cluster."""
TASKS_A_CALL = 100
"""DescribeTasks takes, and ListTasks answers, a hundred tasks of one cluster."""

T = TypeVar("T")


class ImageRegistry(Protocol):
    """The ECR repositories of the project's account."""

    def find(self, repository: str, reference: str) -> TaggedImage | None:
        """The image of that tag, or of that digest (`sha256:…`); None if there is none. NotFound: no such repository."""

    def repositories(self, names: Sequence[str]) -> Mapping[str, Repository]:
        """Those of the named repositories that exist, by name."""

    def manifest_and_tag(self, repository: str, digest: str, tag: str) -> ImageView:
        """The manifest of `digest` and the digest that `tag` points at, in one BatchGetImage."""

    def point(self, repository: str, tag: str, manifest: Manifest) -> None:
        """Make `tag` point at the image of `manifest`, which the repository holds. Idempotent.

        Raises PlanRefused if the repository's tags can't be moved.
        """


class ServiceRuntime(Protocol):
    """ECS in one account and region."""

    def tagged(self, environment_id: str) -> tuple[FoundService, ...]:
        """Services tagged `deployment:env` = `environment_id`, as the tagging API knows them (it may lag)."""

    def clusters(self) -> tuple[str, ...]:
        """The ARNs of all clusters."""

    def services_in(self, cluster: str) -> tuple[ServiceKey, ...]:
        """All services of a cluster (name or ARN); none if there is no such cluster."""

    def describe(self, cluster: str, names: Sequence[str]) -> tuple[Service, ...]:
        """Up to ten services of a cluster, with their tags; those that are not there are left out."""

    def tasks_listed(self, cluster: str, service: str | None, *, stopped: bool = False) -> TaskPage:
        """The tasks that should run: all of a service's, or the first hundred of a whole cluster (`service` None).

        With `stopped` those that ended in the last hour, the first five hundred.
        """

    def tasks(self, cluster: str, arns: Sequence[str]) -> tuple[Task, ...]:
        """Up to a hundred tasks of a cluster; those that are gone are left out."""

    def defined(self, task_definition: str) -> tuple[DefinedContainer, ...]:
        """The containers of a task definition."""

    def resolved(self, service: Service) -> tuple[ResolvedImage, ...]:
        """What the service's primary deployment pinned its images to; empty where that can't be known."""

    def redeploy(self, key: ServiceKey, allowed: Callable[[], None] = lambda: None) -> str:
        """Start a new deployment of the service and answer its id.

        `allowed` is asked before each attempt and raises if there must be no further one. NOT idempotent, so
        never retried once AWS may have acted: then it raises Unreachable, and ours is the PRIMARY that a later
        `describe` shows.
        """


class ReleaseStore(Protocol):
    """The project's table. A missing table reads as an empty history; only a write creates it."""

    def release(self, release_id: str) -> Release | None: ...

    def latest(self) -> Release | None:
        """The release made last, read consistently."""

    def releases(self, limit: int) -> tuple[Release, ...]:
        """The newest ones first."""

    def save(self, release: Release) -> None:
        """Record a release that is new, and that it is the latest."""

    def environment(self, environment_id: str) -> EnvironmentRecord:
        """What is recorded of an environment, read consistently; empty if nothing is.

        Where only 5.x deployed so far, `current` and `good` come from its history.
        """

    def deployment(self, deployment_id: str) -> Deployment | None: ...

    def deployments(
        self, environment_ids: Sequence[str] | None, limit: int, release_id: str | None = None
    ) -> tuple[Deployment, ...]:
        """The newest ones first, of these environments (None: of all that there ever were), of 5.x's too."""

    def claim(self, claim: Claim) -> Held:
        """Take the lock and record the deployment in one transaction (`rules.lock.claimed`).

        The same transaction makes the release `current`, records it if it is new, lists the deployment
        in it, and closes the deployment that the claim settles.

        Raises EnvironmentLocked if somebody holds the environment, StaleFence if it, or the deployment to settle,
        has changed since it was observed. A claim that is recorded already (its answer got lost) succeeds.
        """

    def resume(self, claim: Claim) -> Held:
        """Take the lock for a deployment that is recorded already, to close its record (`rules.lock.resumed`).

        On the same conditions, with the same errors, as `claim`, and StaleFence if the deployment's status in the
        record is another one; nothing else of the record changes.
        """

    def renew(self, held: Held, lease_seconds: int) -> Held:
        """Extend the lease (`rules.lock.renewed_lock`). LeaseLost if the lock is no longer ours."""

    def note(self, held: Held, deployment: Deployment) -> None:
        """Record how far the deployment got. LeaseLost if the environment is no longer ours."""

    def settle(self, held: Held, deployment: Deployment, undone: Deployment | None = None) -> None:
        """Close the deployment's record with its result, and release the lock (`rules.lock.settled`).

        `undone` is a failed deployment that this one put right: its record gets the status it has now.

        If somebody else has claimed the environment, only the deployment's own record is closed, and that only if
        it has no result yet; then LeaseLost is raised.
        """

    def lock(self, environment_id: str, lock: Lock) -> Lock | None:
        """Hold an environment by hand (`rules.lock.locked`). If a deployment holds it, the lock begins when that
        ends, and the answer is the deployment's lock; else None.

        Raises EnvironmentLocked if another lock by hand is in force or to follow.
        """

    def unlock(self, environment_id: str, lock: Lock) -> None:
        """Release this lock, also if it is not in force yet (`rules.lock.unlocked`). Fine if it is gone already."""


class LogReader(Protocol):
    """CloudWatch Logs."""

    def tail(self, container: DefinedContainer, task_id: str, lines: int) -> tuple[str, ...]:
        """The last lines that the container of a task logged; none if its log can't be found."""


class Clock(Protocol):
    """Time."""

    def utc(self) -> datetime:
        """Now, aware, in UTC."""

    def wait(self, seconds: float) -> None:
        """Let time pass. Interrupted is raised if a signal asks the tool to stop."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The answer of a call."""

    value: T


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a call failed."""

    error: DeployError


@dataclass(frozen=True, slots=True)
class Skipped:
    """The call never began, because `change` was asked to stop before."""


Outcome = Done[T] | Failed | Skipped


class Calls(Protocol):
    """Runs independent calls side by side, in threads of its own.

    Only the thread that connected uses it; the calls run in worker threads and must not use it themselves.
    """

    def begin(self, call: Callable[[], T]) -> Future[T]:
        """Begin a call that only reads. `answer` and `answers` wait for it."""

    def answers(self, begun: Iterable[Future[T]]) -> list[T]:
        """The answers in order. Once all calls have ended, raises the error of the first one that failed, in order.

        If the wait itself ends early, by a signal or by what `meanwhile` or `until` raise, that is raised at once.
        Then every call that has not begun is cancelled, and those under way are left alone.
        """

    def answer(self, begun: Future[T]) -> T:
        """As `answers`, for one call."""

    def read(self, calls: Iterable[Callable[[], T]]) -> list[T]:
        """Begin the calls and wait for them, as `answers` does."""

    def change(
        self,
        calls: Sequence[Callable[[], T]],
        done: Callable[[int, Outcome[T]], None],
        stop: Callable[[], bool],
    ) -> list[Outcome[T]]:
        """Make calls that change something, and answer their outcomes in order. Every call that begins is awaited.

        Calls `done` with the index and the outcome of each call, in the calling thread, as soon as it has ended.
        No further call begins once `stop` returns True, or once `done`, the action of `meanwhile` or a call raises
        an error other than DeployError. That error is raised after all calls under way have ended and `done` has
        their outcomes.
        """

    def meanwhile(self, action: Callable[[], None]) -> Calls:
        """The same threads, with another action: runs `action` once a second while it waits for calls.

        `change` also runs it each time that calls have ended and others have begun in their place. What it raises
        ends the wait.
        """

    def until(self, moment: datetime) -> Calls:
        """The same threads and the same action; waiting past `moment` raises Unreachable."""


class History(Protocol):
    """The local git repository, if there is one."""

    def subjects(self, commits: Sequence[str]) -> Mapping[str, str]:
        """Commit → the first line of its message, for those that can be found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who runs the tool (the caller's own identity, not the role it assumes) and in which build."""

    requested_by: str
    build_url: str | None = None


class Interrupts(Protocol):
    """Ctrl-C and SIGTERM. Outside `deferred` they raise Interrupted.

    In the process's main thread that happens at once. In any other thread that connected it happens while the
    thread waits for time to pass or for calls, or else when it enters `deferred`.
    """

    def deferred(self) -> AbstractContextManager[None]:
        """Within it a signal only makes `requested` true and ends `Clock.wait` with Interrupted.

        This is about the calling thread; others may be interrupted meanwhile.
        """

    def requested(self) -> bool: ...


class ImageUploads(Protocol):
    """Bringing images into ECR. Its own API takes them without any registry password."""

    def login(self) -> RegistryLogin:
        """What somebody else, the Docker Engine, needs to push."""

    def absent(self, repository: str, digests: Sequence[str]) -> frozenset[str]:
        """Those of up to a hundred blobs that the repository does not hold."""

    def begin(self, repository: str) -> Upload:
        """Begin the upload of a blob. One that is never completed leaves nothing behind."""

    def send(self, repository: str, upload: Upload, part: Part, content: bytes) -> None:
        """Send the part that follows the one sent before. Sending one that has arrived is fine."""

    def complete(self, repository: str, upload: Upload, digest: str) -> None:
        """Make a blob of the parts. Fine if the repository holds it already."""

    def put(self, repository: str, manifest: Manifest) -> None:
        """Make an image of blobs, or of manifests, that the repository holds; without a tag. Idempotent."""


class ImageEngine(Protocol):
    """The Docker Engine. Every method may raise DockerError."""

    def find(self, name: str) -> LocalImage | None: ...

    def push(
        self,
        image: LocalImage,
        repository: str,
        tag: str,
        login: RegistryLogin,
        tell: Callable[[LayerState], None],
    ) -> str:
        """Push the image to `repository` (`<host>/<name>`) and answer the digest it has there.

        Afterwards the engine's own names for images are as they were. Raises AccessDenied if the
        registry does not allow it.
        """


class ImageLayout(Protocol):
    """An OCI image layout in a directory or tar archive. Every method may raise BadImageLayout."""

    @property
    def name(self) -> str:
        """Where it is."""

    def image(self) -> LayoutImage: ...

    def read(self, digest: str, part: Part) -> bytes:
        """Those bytes of a blob, unchecked."""


class WorkTree(Protocol):
    """The directory that the tool runs in, and the git repository around it if there is one."""

    def released(self, image_id: str) -> str | None:
        """What `.releases/<image id>` at the repository's root says; None if there is no such file."""

    def head(self, besides: Path | None = None) -> Head:
        """What is checked out. NotFound if there is no repository, or no commit in it.

        That the path `besides` is new or changed does not count: it may be the image built from the commit.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """What only `publish` reaches. `engine` raises DockerError if there is none."""

    uploads: ImageUploads
    engine: Callable[[], ImageEngine]
    work_tree: WorkTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything an operation may reach, made for one project by the composition root.

    `runtime` and `logs` are functions because an environment's services may live in another account
    or region; `caller` and `check_account` because they may ask AWS. `check_account` raises
    WrongAccount if the project names an account and the credentials belong to another. `places` says which
    accounts, regions and endpoints a deployment to an environment is about, for people.
    `new_id` makes a UUID, for releases, deployments and lock owners.
    """

    project: Project
    clock: Clock
    interrupts: Interrupts
    calls: Calls
    registry: ImageRegistry
    store: ReleaseStore
    history: History
    publishing: Publishing
    runtime: Callable[[Environment], ServiceRuntime]
    logs: Callable[[Environment], LogReader]
    caller: Callable[[], Caller]
    check_account: Callable[[], None]
    places: Callable[[Environment], str]
    new_id: Callable[[], str]
