"""All that there is in a world, and the ports through which a run of the tool reaches it."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime
from uuid import UUID

from tests.world.clock import Schedule
from tests.world.ecr import StoredRepository
from tests.world.ecs import Ecs
from tests.world.gate import Gate
from tests.world.gated import (
    gated_code_deploy,
    gated_http,
    gated_logs,
    gated_programs,
    gated_runtime,
    gated_tasks,
)
from tests.world.github import StoredGitHub
from tests.world.history import Repository, WorldHistory
from tests.world.images import WorldImages
from tests.world.machine import Machine, Web, WorldHttpClient, WorldPrograms
from tests.world.messages import Mail, WorldMessenger
from tests.world.publishing import Desktop, publishing
from tests.world.registry import WorldRegistry
from tests.world.replicas import StoredReplica, WorldReplicas
from tests.world.run import Run, WorldClock
from tests.world.setup import StoredSetup, WorldSetup
from tests.world.side_by_side import LiveWorkers, SideBySide
from tests.world.site import WorldSite
from tests.world.store import WorldStore
from tests.world.table import Table
from weco_deploy.aws.code_deploy import AwsCodeDeploy
from weco_deploy.aws.ecs import EcsRuntime
from weco_deploy.aws.logs import CloudWatchLogs
from weco_deploy.aws.task_runner import EcsTaskRunner
from weco_deploy.errors import WrongAccount
from weco_deploy.local.concurrent_calls import INTERVAL, WORKERS, ConcurrentCalls, Workers
from weco_deploy.model.project import DEFAULT_NAMESPACE, DEFAULT_REGION, Environment, Project
from weco_deploy.model.registry import EcrAddress
from weco_deploy.ports import Caller, CodeDeploy, LogReader, Ports, ServiceRuntime, TaskRunner
from weco_deploy.sandbox.ecs.state import Place

ACCOUNT = "111122223333"
"""Where everything is that no role or account id puts elsewhere."""


class WorldState:
    """Repositories, services, tables, time. `project` gives ids their names and places.

    A run has `workers` threads, and while it waits for them acts each `interval` real seconds.
    """

    def __init__(self, project: Project) -> None:
        lock = threading.RLock()
        self.project = project
        self.place = Place(account_of(project.role_arn) or project.account_id or ACCOUNT, project.region_name)
        self.credentials_account = self.place.account
        self.repositories: dict[str, StoredRepository] = {}
        self.replicas: dict[EcrAddress, StoredReplica] = {}
        self.ecs = Ecs(WorldImages(self.host, self.repositories, self.replicas), self.now)
        self.tables: dict[str, Table] = {}
        self.setup = StoredSetup()
        self.site: dict[str, str] = {}
        self.git = Repository()
        self.desktop = Desktop()
        self.mail = Mail()
        self.github = StoredGitHub()
        self.machine = Machine()
        self.web = Web()
        self.schedule = Schedule(lock, self.ecs.simulation)
        self.gate = Gate(lock, self.now)
        self.side_by_side = SideBySide(self.schedule, lock)
        self.workers = WORKERS
        self.interval = INTERVAL
        self.runs: list[Run] = []
        self._ids = 0

    def now(self) -> datetime:
        return self.schedule.now

    @property
    def host(self) -> str:
        """The registry's host name."""
        return f"{self.place.account}.dkr.ecr.{self.place.region}.amazonaws.com"

    def ports(self, project: Project | None = None, requested_by: str | None = None) -> Ports:
        """A new run of the tool, which starts now; the calling thread is its main thread."""
        ours = project or self.project
        with self.gate.lock:
            run = Run(number=len(self.runs) + 1)
            self.runs.append(run)
        caller = Caller(
            requested_by=requested_by or f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run-{run.number}"
        )

        def identified() -> Caller:
            with self.gate.passing(run, "caller"):
                return caller

        def check_account() -> None:
            with self.gate.passing(run, "check_account"):
                if ours.account_id not in (None, self.credentials_account):
                    raise WrongAccount(
                        f"project {ours.id} is in account {ours.account_id}, "
                        f"the credentials in {self.credentials_account}"
                    )

        live = self.side_by_side.mine
        workers = LiveWorkers(self.workers, self.side_by_side, live) if live else Workers(self.workers)
        clock = WorldClock(self.schedule, self.gate, run, self.side_by_side, live)

        def runtime(environment: Environment) -> ServiceRuntime:
            account = self.ecs.account(place_of(ours, environment, self.place))
            return gated_runtime(EcsRuntime(account, clock), self.gate, run)

        def tasks(environment: Environment) -> TaskRunner:
            account = self.ecs.account(place_of(ours, environment, self.place))
            return gated_tasks(EcsTaskRunner(account), self.gate, run)

        def code_deploy(environment: Environment) -> CodeDeploy:
            account = self.ecs.account(place_of(ours, environment, self.place))
            return gated_code_deploy(AwsCodeDeploy(account), self.gate, run)

        def logs(environment: Environment) -> LogReader:
            account = self.ecs.account(place_of(ours, environment, self.place))
            return gated_logs(CloudWatchLogs(account), self.gate, run)

        def setup(environment: Environment | None) -> WorldSetup:
            role_arn = (environment.role_arn if environment else None) or ours.role_arn
            account = account_of(role_arn) or self.credentials_account
            return WorldSetup(self.setup, account, role_arn, caller.requested_by, self.gate, run)

        return Ports(
            project=ours,
            clock=clock,
            interrupts=run,
            calls=ConcurrentCalls(clock, workers, interval=self.interval),
            registry=WorldRegistry(self.repositories, self.host, self.gate, run),
            store=WorldStore(self.tables, ours, self.now, self.gate, run),
            history=WorldHistory(self.git, self.gate, run),
            publishing=publishing(self.desktop, self.repositories, self.host, self.now, self.gate, run),
            replicas=lambda _: WorldReplicas(self.replicas, self.gate, run),
            runtime=runtime,
            tasks=tasks,
            code_deploy=code_deploy,
            logs=logs,
            setup=setup,
            site=lambda bucket: WorldSite(self.site, bucket, self.gate, run),
            caller=identified,
            secret=self.mail.secret,
            messenger=WorldMessenger(self.mail),
            programs=gated_programs(WorldPrograms(self.machine, self.now), self.gate, run),
            http=gated_http(WorldHttpClient(self.web), self.gate, run),
            github=self.github.repository,
            check_account=check_account,
            places=lambda environment: (
                f"in a world of its own, {environment.region_name or ours.region_name}"
            ),
            began=self.now(),
            new_id=self.new_id,
        )

    def new_id(self) -> str:
        """A UUID; the same one at the same place of the same test."""
        with self.gate.lock:
            self._ids += 1
            return str(UUID(bytes=hashlib.sha256(f"id {self._ids}".encode()).digest()[:16], version=4))

    def repository_name(self, image_id: str) -> str:
        """The repository of an image of the project; for any other id, the usual name."""
        named = {image.id: image.repository for image in self.project.images}
        return named.get(image_id, f"{DEFAULT_NAMESPACE}/{image_id}")


def account_of(role_arn: str | None) -> str | None:
    """The account that a role belongs to."""
    return role_arn.split(":")[4] if role_arn else None


def place_of(project: Project, environment: Environment, default: Place) -> Place:
    """Where an environment's services are."""
    own = account_of(environment.role_arn) or account_of(project.role_arn) or default.account
    return Place(own, environment.region_name or project.region_name or DEFAULT_REGION)
