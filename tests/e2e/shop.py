"""A project on real containers: what its pipeline publishes, what its people run, and what then runs in the engine.

search   one image in a service of two tasks, search-api
items    }  two images, two containers of one task,
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
from tests.e2e.engine import WORKS, Engine, LocalImage, Place
from tests.e2e.waiting import eventually
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.threads import side_by_side

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerDefinitionTypeDef, ServiceTypeDef

IMAGES = ("search", "items", "prices")
SERVICES = {"search-api": ("search",), "catalogue": ("items", "prices")}
TASKS = {"search-api": 2, "catalogue": 1}
ENVIRONMENTS = ("stage", "prod")

SOON = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "120")
_ENDS_WITHIN = 300.0
_SOURCES = Path(__file__).parents[2] / "src"

Images = Mapping[str, LocalImage]
"""Image id → what is, or should be, its current version."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How the tool ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def deployment(self) -> Mapping[str, Any]:
        """The one document on stdout. Any: tests read what they look for."""
        found: Mapping[str, Any] = json.loads(self.out)["deployment"]
        return found

    @property
    def published(self) -> Mapping[str, Any]:
        """As `deployment`."""
        found: Mapping[str, Any] = json.loads(self.out)["published"]
        return found


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

    # What its pipeline does

    def build(self, image_id: str, script: str = WORKS, *, ballast: int = 0) -> LocalImage:
        """A local image, as `docker build --tag <image id>:<commit>` makes it."""
        return self.engine.build(image_id, script, ballast=ballast)

    def publish(self, image_id: str, script: str = WORKS, *, ballast: int = 0) -> LocalImage:
        """Build a new version and push it, tagged `ref.<commit>` and `latest`; it is in the engine no more."""
        image = self.build(image_id, script, ballast=ballast)
        self.engine.push(image, self.registry_name(image_id), f"ref.{image.commit}", "latest")
        self.engine.forget(image)
        return image

    def publish_all(self) -> dict[str, LocalImage]:
        return {image_id: self.publish(image_id) for image_id in IMAGES}

    # What people and pipelines run

    def run(self, *arguments: str) -> Ran:
        """The command line, in a process of its own; what it says goes to the log of the tests."""
        command = [sys.executable, "-m", "weco_deploy", *arguments]
        done = subprocess.run(
            command,
            cwd=self._directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ENDS_WITHIN,
        )
        sys.stdout.write(
            f"\n$ weco-deploy {' '.join(arguments)}\n{done.stderr}{done.stdout}[exit code {done.returncode}]\n"
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def json(self, *arguments: str) -> Ran:
        return self.run("--output", "json", "--confirm", *arguments)

    def release_deploy(self, *arguments: str) -> Ran:
        return self.json("release-deploy", "--environment-id", "stage", *SOON, *arguments)

    # What there is then

    def digest(self, image_id: str, tag: str) -> str | None:
        """Where the tag points."""
        answered = self._ecr.batch_get_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageTag": tag}]
        )
        return answered["images"][0]["imageId"]["imageDigest"] if answered["images"] else None

    def runs(self, environment_id: str) -> dict[Place, Counter[str]]:
        """What the engine runs: image ids by container."""
        return self.engine.running(self._cluster_arn(environment_id))

    def containers(self, environment_id: str, service_id: str) -> set[str]:
        """The ids of the service's containers."""
        return self.engine.containers(
            self._cluster_arn(environment_id), self._family(environment_id, service_id)
        )

    def started(self, environment_id: str, image: LocalImage) -> datetime:
        """When the first container of the image started."""
        return self.engine.started(self._cluster_arn(environment_id), image)

    def meant(self, environment_id: str, images: Images) -> dict[Place, Counter[str]]:
        """What the engine has to run if these are deployed, and nothing else."""
        return {
            Place(self._family(environment_id, service_id), image_id): Counter(
                {images[image_id].id: TASKS[service_id]}
            )
            for service_id, image_ids in SERVICES.items()
            for image_id in image_ids
        }

    def check_runs(self, environment_id: str, images: Images) -> None:
        """These run now, all of them; and soon nothing else does (the engine takes a moment to stop what was)."""
        wanted = self.meant(environment_id, images)
        now = self.runs(environment_id)
        assert all(now.get(place, Counter()) >= count for place, count in wanted.items()), now
        eventually(lambda: self.runs(environment_id) == wanted, f"{environment_id} runs these images only")

    def service(self, environment_id: str, service_id: str) -> ServiceTypeDef:
        answered = self._ecs.describe_services(cluster=self._cluster(environment_id), services=[service_id])
        return answered["services"][0]

    def lose_layers(self, image_id: str, tag: str) -> None:
        """The registry loses the layers of an image: its manifest is there, and nobody can pull it.

        The engine forgets what it has under the environments' tags, lest that is run instead.
        """
        answered = self._ecr.batch_get_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageTag": tag}]
        )
        for layer in json.loads(answered["images"][0]["imageManifest"])["layers"]:
            connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
            connection.request("DELETE", f"/v2/{self._namespace}/{image_id}/blobs/{layer['digest']}")
            assert connection.getresponse().status in {200, 202}
            connection.close()
        for environment_id in ENVIRONMENTS:
            self.engine.forget_name(f"{self.registry_name(image_id)}:env.{environment_id}")

    def lose_image(self, image_id: str, tag: str) -> None:
        """As a lifecycle policy does: the image goes, with all its tags."""
        digest = self.digest(image_id, tag)
        assert digest is not None
        self._ecr.batch_delete_image(
            repositoryName=f"{self._namespace}/{image_id}", imageIds=[{"imageDigest": digest}]
        )

    # Its beginning and its end

    def open(self) -> dict[str, LocalImage]:
        """Repositories with a first image each, that every environment runs."""
        for image_id in IMAGES:
            self._ecr.create_repository(repositoryName=f"{self._namespace}/{image_id}")
        first = self.publish_all()
        for image_id in IMAGES:
            self._tag(image_id, "latest", [f"env.{environment_id}" for environment_id in ENVIRONMENTS])
        for environment_id in ENVIRONMENTS:
            self._ecs.create_cluster(clusterName=self._cluster(environment_id))
            for service_id in SERVICES:
                self._make_service(environment_id, service_id)
        for environment_id in ENVIRONMENTS:
            for service_id in SERVICES:
                eventually(partial(self._is_steady, environment_id, service_id), f"{service_id} is steady")
        return first

    def close(self) -> None:
        """Its services go, and their containers with them."""
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
        """The repository as docker names it: MiniStack speaks the registry's protocol on the port of its API."""
        return f"localhost:{self._port}/{self._namespace}/{image_id}"

    def _tag(self, image_id: str, source: str, targets: list[str]) -> None:
        repository = f"{self._namespace}/{image_id}"
        answered = self._ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": source}])
        for target in targets:
            self._ecr.put_image(
                repositoryName=repository,
                imageManifest=answered["images"][0]["imageManifest"],
                imageManifestMediaType=answered["images"][0]["imageManifestMediaType"],
                imageTag=target,
            )

    def _make_service(self, environment_id: str, service_id: str) -> None:
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
        states = [each["rolloutState"] for each in service["deployments"]]
        return states == ["COMPLETED"] and service["runningCount"] == service["desiredCount"]

    def _cluster(self, environment_id: str) -> str:
        return f"{self.id}-{environment_id}"

    def _cluster_arn(self, environment_id: str) -> str:
        return f"arn:aws:ecs:{HOME.region}:{HOME.account}:cluster/{self._cluster(environment_id)}"

    def _family(self, environment_id: str, service_id: str) -> str:
        return f"{self._cluster(environment_id)}-{service_id}"

    def _write_project_file(self) -> None:
        described = {
            "name": "Shop",
            "namespace": self._namespace,
            "environments": [{"id": each, "name": each.title()} for each in ENVIRONMENTS],
            "image_repositories": [
                {"id": image_id, "services": [s for s, images in SERVICES.items() if image_id in images]}
                for image_id in IMAGES
            ],
        }
        (self._directory / ".wellcome_project").write_text(json.dumps({self.id: described}))  # JSON is YAML

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's AWS: whatever happens, it happens on this machine."""
        ours = ("AWS_", "WECO_DEPLOY_", "PYTEST_", "DOCKER_")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": HOME.account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DOCKER_HOST": self.engine.host,
            "NO_PROXY": "127.0.0.1,localhost",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_SOURCES), os.environ.get("PYTHONPATH")))),
        }


@contextmanager
def opened(number: int, engine: Engine, port: int, directory: Path) -> Iterator[tuple[Shop, Images]]:
    """A shop that is steady, and what it runs."""
    shop = Shop(number, engine, port, directory)
    try:
        yield shop, shop.open()
    finally:
        shop.close()
