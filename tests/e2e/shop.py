"""A project on real containers: publishes images, runs the tool, and checks what runs in the engine.

search   a single image; the service search-api runs two tasks of it
items    }  two images, two containers of the same task,
prices   }  in the service catalogue
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.cloud import HOME
from tests.e2e.engine import WORKS, ContainerName, Engine, LocalImage
from tests.e2e.waiting import eventually
from tests.local_aws import LocalAws
from weco_deploy.sandbox.threads import side_by_side

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef, ServiceTypeDef

IMAGES = ("search", "items", "prices")
SERVICES = {"search-api": ("search",), "catalogue": ("items", "prices")}
TASKS = {"search-api": 2, "catalogue": 1}
ENVIRONMENTS = ("stage", "prod")

FAST_POLLS = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "120")
_TIMEOUT_SECONDS = 300.0
_SOURCES = Path(__file__).parents[2] / "src"

Images = Mapping[str, LocalImage]
"""Image id → the image's current or expected version."""


@dataclass(frozen=True, slots=True)
class CompletedRun:
    """The exit code and the output of a run of the tool."""

    code: int
    out: str
    err: str

    @property
    def deployment(self) -> Mapping[str, Any]:
        """The deployment in the JSON document on stdout."""
        deployment: Mapping[str, Any] = json.loads(self.out)["deployment"]
        return deployment

    @property
    def published(self) -> Mapping[str, Any]:
        """The published image in the JSON document on stdout."""
        published: Mapping[str, Any] = json.loads(self.out)["published"]
        return published


class Shop:
    def __init__(self, number: int, engine: Engine, port: int, directory: Path) -> None:
        self.id = f"shop-{number}"
        self.engine = engine
        self._port = port
        self._directory = directory
        self._namespace = f"weco-deploy-e2e/{number}"
        aws = LocalAws(f"http://127.0.0.1:{port}")
        self._ecr, self._ecs = aws.ecr(HOME), aws.ecs(HOME)
        self._write_project_file()

    # A build pipeline

    def build(self, image_id: str, script: str = WORKS, *, ballast: int = 0) -> LocalImage:
        """Build a new version, tagged `<image id>:<commit>`."""
        return self.engine.build(image_id, script, ballast=ballast)

    def publish(self, image_id: str, script: str = WORKS, *, ballast: int = 0) -> LocalImage:
        """Build a new version, push it with the tags `ref.<commit>` and `latest`, and remove it from the engine."""
        image = self.build(image_id, script, ballast=ballast)
        self.engine.push(image, self.registry_name(image_id), f"ref.{image.commit}", "latest")
        self.engine.remove(image)
        return image

    def publish_all(self) -> dict[str, LocalImage]:
        return {image_id: self.publish(image_id) for image_id in IMAGES}

    # Runs of the tool

    def run(self, *arguments: str) -> CompletedRun:
        """Run the command line as a process; its output goes to the log of the tests too."""
        command = [sys.executable, "-m", "weco_deploy", *arguments]
        completed = subprocess.run(
            command,
            cwd=self._directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
        sys.stdout.write(
            f"\n$ weco-deploy {' '.join(arguments)}\n{completed.stderr}{completed.stdout}"
            f"[exit code {completed.returncode}]\n"
        )
        return CompletedRun(completed.returncode, completed.stdout, completed.stderr)

    def json(self, *arguments: str) -> CompletedRun:
        return self.run("--output", "json", "--confirm", *arguments)

    def release_deploy(self, *arguments: str) -> CompletedRun:
        return self.json("release-deploy", "--environment-id", "stage", *FAST_POLLS, *arguments)

    # The state of AWS and the engine

    def digest(self, image_id: str, tag: str) -> str | None:
        """The digest that the tag points at."""
        answer = self._ecr.batch_get_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageTag": tag}]
        )
        return answer["images"][0]["imageId"]["imageDigest"] if answer["images"] else None

    def running(self, environment_id: str) -> dict[ContainerName, Counter[str]]:
        """The running containers in the engine: how many of each image id."""
        return self.engine.running(self._cluster_arn(environment_id))

    def containers(self, environment_id: str, service_id: str) -> set[str]:
        """The ids of the service's containers."""
        return self.engine.containers(
            self._cluster_arn(environment_id), self._family(environment_id, service_id)
        )

    def started(self, environment_id: str, image: LocalImage) -> datetime:
        """When the first container of the image started."""
        return self.engine.started(self._cluster_arn(environment_id), image)

    def expected(self, environment_id: str, images: Images) -> dict[ContainerName, Counter[str]]:
        """The containers that the engine must run if these images are deployed."""
        return {
            ContainerName(self._family(environment_id, service_id), image_id): Counter(
                {images[image_id].id: TASKS[service_id]}
            )
            for service_id, image_ids in SERVICES.items()
            for image_id in image_ids
        }

    def assert_runs(self, environment_id: str, images: Images) -> None:
        """All of these images run now, and soon no others: the engine takes a moment to stop the old ones."""
        expected = self.expected(environment_id, images)
        running = self.running(environment_id)
        assert all(running.get(name, Counter()) >= count for name, count in expected.items()), running
        eventually(
            lambda: self.running(environment_id) == expected, f"{environment_id} runs these images only"
        )

    def service(self, environment_id: str, service_id: str) -> ServiceTypeDef:
        answer = self._ecs.describe_services(cluster=self._cluster(environment_id), services=[service_id])
        return answer["services"][0]

    def delete_layers(self, image_id: str, tag: str) -> None:
        """Delete the layers of an image from the registry, but not its manifest, so that it can't be pulled.

        Also remove the environments' tags from the engine, so that it does not run the old image instead.
        """
        answer = self._ecr.batch_get_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageTag": tag}]
        )
        for layer in json.loads(answer["images"][0]["imageManifest"])["layers"]:
            connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
            connection.request("DELETE", f"/v2/{self._namespace}/{image_id}/blobs/{layer['digest']}")
            assert connection.getresponse().status in {200, 202}
            connection.close()
        for environment_id in ENVIRONMENTS:
            self.engine.remove_name(f"{self.registry_name(image_id)}:env.{environment_id}")

    def delete_image(self, image_id: str, tag: str) -> None:
        """Delete an image with all its tags from the registry, like a lifecycle policy."""
        digest = self.digest(image_id, tag)
        assert digest is not None
        self._ecr.batch_delete_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageDigest": digest}]
        )

    # Start and end

    def start(self) -> dict[str, LocalImage]:
        """Create repositories with a first image each, and services in every environment that run them."""
        for image_id in IMAGES:
            self._ecr.create_repository(repositoryName=f"{self._namespace}/{image_id}")
        first = self.publish_all()
        for image_id in IMAGES:
            self._tag(image_id, "latest", [f"env.{environment_id}" for environment_id in ENVIRONMENTS])
        for environment_id in ENVIRONMENTS:
            self._ecs.create_cluster(clusterName=self._cluster(environment_id))
            for service_id in SERVICES:
                self._create_service(environment_id, service_id)
        for environment_id in ENVIRONMENTS:
            for service_id in SERVICES:
                eventually(partial(self._is_steady, environment_id, service_id), f"{service_id} is steady")
        return first

    def close(self) -> None:
        """Delete the services and their containers."""
        side_by_side(
            partial(
                self._ecs.delete_service,
                cluster=self._cluster(environment_id),
                service=service_id,
                force=True,
            )
            for environment_id in ENVIRONMENTS
            for service_id in SERVICES
        )
        for environment_id in ENVIRONMENTS:
            self.engine.remove_containers(self._cluster_arn(environment_id))

    def registry_name(self, image_id: str) -> str:
        """The repository's name for docker. MiniStack's registry is on the port of its API."""
        return f"localhost:{self._port}/{self._namespace}/{image_id}"

    def _tag(self, image_id: str, source: str, targets: list[str]) -> None:
        repository = f"{self._namespace}/{image_id}"
        answer = self._ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": source}])
        for target in targets:
            self._ecr.put_image(
                repositoryName=repository,
                imageManifest=answer["images"][0]["imageManifest"],
                imageManifestMediaType=answer["images"][0]["imageManifestMediaType"],
                imageTag=target,
            )

    def _create_service(self, environment_id: str, service_id: str) -> None:
        family = self._family(environment_id, service_id)
        self._ecs.register_task_definition(
            family=family,
            networkMode="host",
            containerDefinitions=[
                self._container(environment_id, service_id, image_id) for image_id in SERVICES[service_id]
            ],
        )
        self._ecs.create_service(
            cluster=self._cluster(environment_id),
            serviceName=service_id,
            taskDefinition=family,
            desiredCount=TASKS[service_id],
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            tags=[
                {"key": "deployment:service", "value": service_id},
                {"key": "deployment:env", "value": environment_id},
            ],
        )

    def _container(self, environment_id: str, service_id: str, image_id: str) -> ContainerDefinitionTypeDef:
        return {
            "name": image_id,
            "image": f"{self.registry_name(image_id)}:env.{environment_id}",
            "cpu": 64,
            "memory": 64,
            "essential": True,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{self._cluster(environment_id)}",
                    "awslogs-region": HOME.region,
                    "awslogs-stream-prefix": service_id,
                    "awslogs-create-group": "true",
                },
            },
        }

    def _is_steady(self, environment_id: str, service_id: str) -> bool:
        service = self.service(environment_id, service_id)
        states = [deployment["rolloutState"] for deployment in service["deployments"]]
        return states == ["COMPLETED"] and service["runningCount"] == service["desiredCount"]

    def _cluster(self, environment_id: str) -> str:
        return f"{self.id}-{environment_id}"

    def _cluster_arn(self, environment_id: str) -> str:
        return f"arn:aws:ecs:{HOME.region}:{HOME.account}:cluster/{self._cluster(environment_id)}"

    def _family(self, environment_id: str, service_id: str) -> str:
        return f"{self._cluster(environment_id)}-{service_id}"

    def _write_project_file(self) -> None:
        content = {
            "name": "Shop",
            "namespace": self._namespace,
            "environments": [
                {"id": environment_id, "name": environment_id.title()} for environment_id in ENVIRONMENTS
            ],
            "image_repositories": [
                {
                    "id": image_id,
                    "services": [service for service, images in SERVICES.items() if image_id in images],
                }
                for image_id in IMAGES
            ],
        }
        (self._directory / ".wellcome_project").write_text(json.dumps({self.id: content}))  # JSON is YAML

    def _environment(self) -> dict[str, str]:
        """The environment of the tool, without the caller's AWS settings, so that it stays on this machine."""
        removed = ("AWS_", "WECO_DEPLOY_", "PYTEST_", "DOCKER_")
        return {name: value for name, value in os.environ.items() if not name.startswith(removed)} | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": HOME.account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_EC2_METADATA_DISABLED": "true",
            "WECO_DEPLOY_STABLE_FOR": "1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DOCKER_HOST": self.engine.host,
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH")))),
        }


@contextmanager
def running_shop(number: int, engine: Engine, port: int, directory: Path) -> Iterator[tuple[Shop, Images]]:
    """A shop with steady services, and the images that they run."""
    shop = Shop(number, engine, port, directory)
    try:
        yield shop, shop.start()
    finally:
        shop.close()
