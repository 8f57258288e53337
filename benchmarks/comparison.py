"""Measures what people use otherwise, with the same images and services, in the same virtual time.

- `weco-deploy==5.7.4`, without its check for newer versions;
- the AWS command line in a shell: the tag of each image is moved, then each service redeployed, then each one waited for;
- fabfuel's ecs-deploy, once for each service, with the version's tag.

These tools make one call after another. So virtual time goes on with their calls and sleeps, and not with what their processes
need to start and to compute: that is measured apart, as seconds of CPU.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import estate
from benchmarks.aws import Aws
from benchmarks.rollouts import INTERVAL, WAIT, release_deploy, services_of
from benchmarks.served import served
from tests.legacy.published import write_project_file
from weco_deploy.model.project import Project
from weco_deploy.sandbox.state import State

TOOLS = Path(sys.prefix)
"""The directory of the environments in which the tools are installed."""
VIRTUAL_TIME = Path(__file__).parent / "virtual_time"
RUN_PUBLISHED = """
import sys
import deploy
started = sys.modules["deploy.deploy"]
started.warn_if_not_latest_version = lambda: None
deploy.main()
"""
IDENTITY = ("-c", "user.name=Anybody", "-c", "user.email=anybody@example.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A tool's deployment. `right` is the number of services all of whose tasks run the new version, half an hour later."""

    tool: str
    size: str
    services: int
    right: int
    calls: int
    seconds: float
    cpu: float
    ended: str

    @property
    def seconds_a_service(self) -> float | None:
        """The virtual seconds for each service that runs the release; None if none does."""
        return self.seconds / self.right if self.right else None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a tool runs: AWS, with what is in it, and the directory and the variables of its processes."""

    aws: Aws
    project: Project
    state: State
    directory: Path
    variables: Mapping[str, str]

    def run(self, *command: str | Path, stdin: str = "") -> tuple[int, str]:
        """Run a process, and return its exit code and stdout."""
        completed = subprocess.run(
            [str(part) for part in command],
            cwd=self.directory,
            env=dict(self.variables),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return completed.returncode, completed.stdout


def compared(port: int, accounts: Iterator[str], images: int, services: int) -> Iterator[Compared]:
    """Deploy with each tool, each time in a new account."""
    tools: Mapping[str, Callable[[Setting], str]] = {
        "weco-deploy": _ours,
        "weco-deploy 5.7.4": _published,
        "aws in a shell": _shell,
        "ecs-deploy": _ecs_deploy,
    }
    for tool, deploy in tools.items():
        with closing(Aws(port, next(accounts))) as aws:
            yield _measured(tool, deploy, aws, images, services)


def _measured(tool: str, deploy: Callable[[Setting], str], aws: Aws, images: int, services: int) -> Compared:
    role = f"arn:aws:iam::{aws.place.account}:role/ci"
    project = replace(estate.project_of(images, services), role_arn=role)
    state = estate.create(aws, project)
    with TemporaryDirectory() as directory, served(aws) as address:
        setting = Setting(aws, project, state, Path(directory), _variables(aws, address, directory))
        estate.push(aws, state)
        aws.calls.clear()
        started, cpu = aws.now(), _cpu()
        ended = deploy(setting)
        seconds, cpu = (aws.now() - started).total_seconds(), _cpu() - cpu
        calls = len(aws.calls)
        aws.sleep(1800)
        right = sum(1 for _ in _running_new_versions(setting))
    return Compared(
        tool=tool,
        size=f"{images}×{services}",
        services=images * services,
        right=right,
        calls=calls,
        seconds=seconds,
        cpu=cpu,
        ended=ended,
    )


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def _running_new_versions(setting: Setting) -> Iterator[str]:
    """The services all of whose tasks run the newest version of their image."""
    newest = {
        target.image_id: setting.aws.registry.resolve([f"{_host(setting)}/{target.repository}:latest"])
        for target in setting.state.images
    }
    running = services_of(setting.aws)
    for service in setting.state.services:
        (image_id,) = service.images
        (image,) = newest[image_id].values()
        tasks = running[service.service_id].tasks.values()
        digests = {container.digest for task in tasks if task.running for container in task.containers}
        if digests == {getattr(image, "digest", None)}:
            yield service.service_id


def _variables(aws: Aws, address: str, directory: str) -> dict[str, str]:
    return aws.variables | {
        "PATH": os.environ["PATH"],
        "HOME": directory,
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_PAGER": "",
        "GIT_CONFIG_SYSTEM": f"{directory}/system-git-config",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        "NO_PROXY": "*",
        "PYTHONPATH": str(VIRTUAL_TIME),
        "PYTHONWARNINGS": "ignore",
        "VIRTUAL_TIME": address,
    }


def _host(setting: Setting) -> str:
    place = setting.aws.place
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"


def _ours(setting: Setting) -> str:
    (deployment,) = setting.aws.run(partial(release_deploy, setting.aws, setting.project, [], []))
    return deployment.status.value


def _published(setting: Setting) -> str:
    write_project_file(setting.project, setting.directory)
    setting.run("git", "init", "--quiet")
    setting.run("git", *IDENTITY, "commit", "--quiet", "--allow-empty", "--message", "First")
    setting.run("git", "remote", "add", "origin", str(setting.directory))
    waits = ("--confirmation-wait-for", f"{WAIT:.0f}", "--confirmation-interval", f"{INTERVAL:.0f}")
    python = TOOLS / "published/bin/python"
    named = ("--environment-id", "stage", "--from-label", "latest", "--description", "benchmark")
    arguments = ("--confirm", "release-deploy", *named)
    code, output = setting.run(python, "-c", RUN_PUBLISHED, *arguments, *waits)
    return _ended(code, output)


def _shell(setting: Setting) -> str:
    aws = TOOLS / "awscli/bin/aws"
    for target in setting.state.images:
        named = ("--repository-name", target.repository)
        code, output = setting.run(aws, "ecr", "batch-get-image", *named, "--image-ids", "imageTag=latest")
        if code:
            return _ended(code, output)
        manifest = json.loads(output)["images"][0]["imageManifest"]
        tagged = ("--image-tag", target.env_tags[0], "--image-manifest", manifest)
        code, output = setting.run(aws, "ecr", "put-image", *named, *tagged)
        if code:
            return _ended(code, output)
    for service in setting.state.services:
        where = ("--cluster", service.cluster, "--service", service.name)
        code, output = setting.run(aws, "ecs", "update-service", *where, "--force-new-deployment")
        if code:
            return _ended(code, output)
    for service in setting.state.services:
        where = ("--cluster", service.cluster, "--services", service.name)
        code, output = setting.run(aws, "ecs", "wait", "services-stable", *where)
        if code:
            return _ended(code, output)
    return "exit code 0"


def _ecs_deploy(setting: Setting) -> str:
    ecs = TOOLS / "ecs-deploy/bin/ecs"
    refs = {target.image_id: _version_tag(setting, target.repository) for target in setting.state.images}
    for service in setting.state.services:
        (image_id,) = service.images
        arguments = ("--tag", refs[image_id], "--no-deregister", "--timeout", f"{WAIT:.0f}")
        code, output = setting.run(ecs, "deploy", service.cluster, service.name, *arguments)
        if code:
            return _ended(code, output)
    return "exit code 0"


def _version_tag(setting: Setting, repository: str) -> str:
    """The tag of the newest version, which whoever deploys knows from the build."""
    return setting.aws.pushed[repository]


def _ended(code: int, output: str) -> str:
    lines = output.strip().splitlines()
    return f"exit code {code}" + (f": {lines[-1]}" if code and lines else "")
