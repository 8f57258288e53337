"""A team's history with 5.x: makes it, stores it in a file, and restores it in a sandbox.

The releases, oldest first:

    first    prepared from what was latest, deployed to stage
    second   with a new search; to stage, and then to prod
    third    the second one with new items; to stage
    fourth   with a new search again; never deployed
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.commands.observed import Aws
from tests.legacy.published import Published
from tests.local_aws import LocalAws
from tests.sandbox.rollouts import eventually
from tests.sandboxes import place_of
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.sandbox.estate import USUAL
from weco_deploy.sandbox.running import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FILE = Path(__file__).with_name("written_by_5_7_4.json")
ACCOUNT = "111122223333"
"""The account in the file, which AWS uses in examples."""

_SHORT_INTERVAL = ("--confirmation-interval", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What 5.x left behind. Any: documents of 5.x and AWS, stored unchanged.

    Attributes:
        releases: the ids, oldest first.
        table: the arguments of CreateTable.
        items: the table's items, in DynamoDB's format.
        tags: image id → tag → digest.
        running: environment → service → image id → digest.
        options: the options and arguments of the command line.

    """

    releases: tuple[str, ...]
    table: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]
    tags: Mapping[str, Mapping[str, str]]
    running: Mapping[str, Mapping[str, Mapping[str, str]]]
    options: Mapping[str, Any]


def project(account: str) -> Project:
    """The team's project, with everything in one account."""
    return Project(
        id="library",
        name="Library",
        role_arn=f"arn:aws:iam::{account}:role/library-ci",
        account_id=None,
        release_table="wellcome-releases-library",
        environments=(Environment(id="stage", name="Staging"), Environment(id="prod", name="Production")),
        images=(
            Image(id="search", repository="uk.ac.wellcome/search", services=("search-api",)),
            Image(id="items", repository="uk.ac.wellcome/items", services=("items-api", "items-worker")),
        ),
    )


def make_history(published: Published, sandbox: Sandbox) -> tuple[str, ...]:
    """Make the history in a sandbox with the project; returns the releases, oldest first."""
    first = published.release("prepare", "--from-label", "latest", "--description", "The first one")
    _deploy(published, first, "stage", "Try the first one")
    sandbox.push("search")
    published.run(
        "release-deploy",
        "--from-label",
        "latest",
        "--environment-id",
        "stage",
        "--description",
        "New search",
        *_SHORT_INTERVAL,
    )
    second = json.loads(published.run("show-release"))["release_id"]
    _deploy(published, second, "prod", "No description provided")
    sandbox.push("items")
    third = published.release(
        "update", "--release-id", second, "--service-ids", "items", "--from-label", "latest"
    )
    _deploy(published, third, "stage", "New items")
    sandbox.push("search")
    fourth = published.release("prepare", "--from-label", "latest", "--description", "For next week")
    return first, second, third, fourth


def _deploy(published: Published, release: str, environment: str, description: str) -> None:
    published.run(
        "deploy",
        "--release-id",
        release,
        "--environment-id",
        environment,
        "--description",
        description,
        *_SHORT_INTERVAL,
    )


def collect(sandbox: Sandbox, published: Published, releases: tuple[str, ...]) -> History:
    """The history that the sandbox has now."""
    team = project(sandbox.state.account)
    dynamodb = _dynamodb(sandbox)
    return History(
        releases=releases,
        table=_definition(dynamodb.describe_table(TableName=team.release_table)["Table"]),
        items=sorted(
            dynamodb.scan(TableName=team.release_table)["Items"], key=lambda item: item["date_created"]["S"]
        ),
        tags={image.id: Aws(team, sandbox).tags(image.id) for image in team.images},
        running={environment.id: _running(team, sandbox, environment) for environment in team.environments},
        options=published.options(),
    )


def restore_records(history: History, sandbox: Sandbox) -> None:
    """Restore the table and the images in a sandbox with the project."""
    team, dynamodb = project(sandbox.state.account), _dynamodb(sandbox)
    dynamodb.create_table(**history.table)
    for item in history.items:
        dynamodb.put_item(TableName=team.release_table, Item=item)
    for image in team.images:
        _restore_image(history, sandbox, image)


def restore(history: History, sandbox: Sandbox) -> None:
    """Restore the whole state that 5.x left, also tags and what services run, in a sandbox with the project."""
    team = project(sandbox.state.account)
    restore_records(history, sandbox)
    outdated = list(_outdated_services(history, team))
    for environment, service in outdated:
        for image_id, digest in history.running[environment.id][service].items():
            _tag(sandbox, team.image(image_id), team.image(image_id).tag_in(environment), digest)
    _redeploy(team, sandbox, outdated)
    for image in team.images:
        for tag, digest in history.tags[image.id].items():
            _tag(sandbox, image, tag, digest)
    all_services = [(environment, service) for environment in team.environments for service in team.services]
    _redeploy(team, sandbox, [service for service in all_services if service not in outdated])


def _outdated_services(history: History, team: Project) -> Iterator[tuple[Environment, str]]:
    """Services that don't run what their tags point at: 5.x redeployed only the last service of an image."""
    for environment in team.environments:
        for service, images in history.running[environment.id].items():
            if any(
                digest != history.tags[image][team.image(image).tag_in(environment)]
                for image, digest in images.items()
            ):
                yield environment, service


def _restore_image(history: History, sandbox: Sandbox, image: Image) -> None:
    """Push the image's versions. Their digests follow from the repository's name and the commit."""
    for tag, digest in history.tags[image.id].items():
        if tag.startswith("ref."):
            assert sandbox.push(image.id, commit=tag.removeprefix("ref.")).digest == digest


def _tag(sandbox: Sandbox, image: Image, tag: str, digest: str) -> None:
    ecr = LocalAws.of(sandbox).ecr(place_of(sandbox))
    found = ecr.batch_get_image(repositoryName=image.repository, imageIds=[{"imageDigest": digest}])[
        "images"
    ][0]
    ecr.put_image(
        repositoryName=image.repository,
        imageManifest=found["imageManifest"],
        imageManifestMediaType=found["imageManifestMediaType"],
        imageTag=tag,
    )


def _redeploy(team: Project, sandbox: Sandbox, services: Sequence[tuple[Environment, str]]) -> None:
    """Redeploy the services and wait until each runs what its tags point at."""
    ecs = LocalAws.of(sandbox).ecs(place_of(sandbox))
    for environment, service in services:
        ecs.update_service(cluster=USUAL.cluster(team, environment), service=service, forceNewDeployment=True)

    def done(environment: Environment, service: str) -> bool:
        answer = ecs.describe_services(cluster=USUAL.cluster(team, environment), services=[service])
        deployments = answer["services"][0]["deployments"]
        return [deployment["rolloutState"] for deployment in deployments] == ["COMPLETED"]

    for environment, service in services:
        eventually(partial(done, environment, service))


def _running(team: Project, sandbox: Sandbox, environment: Environment) -> dict[str, dict[str, str]]:
    running = Aws(team, sandbox).running(environment.id)
    return {
        service: {image: digest for image, (digest,) in images.items()} for service, images in running.items()
    }


def read(account: str) -> History:
    """The history from the file, with `account` instead of the account in the file."""
    content = json.loads(FILE.read_text().replace(ACCOUNT, account))
    return History(**{**content, "releases": tuple(content["releases"])})


def write(history: History) -> None:
    content = {
        "releases": history.releases,
        "table": history.table,
        "items": history.items,
        "tags": history.tags,
        "running": history.running,
        "options": history.options,
    }
    FILE.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def _definition(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of CreateTable for a table that DescribeTable returned."""
    throughput = ("ReadCapacityUnits", "WriteCapacityUnits")
    return {
        "TableName": table["TableName"],
        "KeySchema": table["KeySchema"],
        "AttributeDefinitions": table["AttributeDefinitions"],
        "ProvisionedThroughput": {key: table["ProvisionedThroughput"][key] for key in throughput},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index["IndexName"],
                "KeySchema": index["KeySchema"],
                "Projection": index["Projection"],
                "ProvisionedThroughput": {key: index["ProvisionedThroughput"][key] for key in throughput},
            }
            for index in table["GlobalSecondaryIndexes"]
        ],
    }


def _dynamodb(sandbox: Sandbox) -> DynamoDBClient:
    return LocalAws.of(sandbox).dynamodb(place_of(sandbox))
